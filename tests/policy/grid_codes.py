"""The grid of codes, complimentary access, transfers and the ledger."""

from __future__ import annotations

from tests.policy.grid_rows import LEADERS, LEADERS_ACT, STAFF, STAFF_ACT

GRID: dict[str, str] = {
    # codes and complimentary access
    "GET {p}/codes": STAFF,
    "POST {p}/codes": STAFF_ACT,
    "POST {p}/codes/{batch}/download": STAFF_ACT,
    "POST {p}/codes/{batch}/revoke": STAFF_ACT,
    "POST {p}/codes/revoke": STAFF_ACT,
    "GET {p}/comps": STAFF,
    "POST {p}/comps": STAFF_ACT,
    "POST {p}/comps/{comp}/revoke": STAFF_ACT,
    "POST {p}/offers/{offer}/revoke": STAFF_ACT,
    # transfers by hand
    "GET {p}/transfers": STAFF,
    "POST {p}/transfers/note": LEADERS_ACT,
    "POST {p}/transfers/{transfer}": STAFF_ACT,
    "POST {p}/orders/{transfer}/transfer": "HHHH HHH HHHH HH A D",
    # the ledger, and shares of it
    "GET {p}/ledger": LEADERS,
    "GET {p}/ledger.csv": LEADERS,
    "GET {p}/settlements": LEADERS,
    "GET {p}/settlements.csv": LEADERS,
    "POST {p}/shares": LEADERS_ACT,
    "POST {p}/payouts": LEADERS_ACT,
    "POST {p}/shares/{share}/end": LEADERS_ACT,
    # Whoever has no end has nothing to add; who was removed stays so. All others may, let in or not.
    "GET {p}/redeem": "DDDD ADA AAAD DD A S",
    "POST {p}/redeem": "DDDD ADA AAAD DD A D",
    # The offer is the stranger's alone.
    "POST {p}/redeem/{offer}": "DDDD HDH HHHD DD A D",
}

# What a request must carry to come as far as the policy.
FORMS: dict[str, dict[str, str]] = {
    "POST {p}/orders/{transfer}/transfer": {"memo": "01"},
}
