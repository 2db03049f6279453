"""The grid of plans, buying, orders, codes, subscriptions and money."""

from __future__ import annotations

GRID: dict[str, str] = {}

# What a request must carry to come as far as the policy.
FORMS: dict[str, dict[str, str]] = {}
