"""The grid of plans, buying, orders, codes, subscriptions and money."""

from __future__ import annotations

from tests.policy.grid_rows import SIGNED_IN

GRID: dict[str, str] = {
    # buying: whoever pays nothing is taken to where he stands
    "GET {p}/buy": "AAAA AAA AAAD AA A S",
    "POST {p}/buy/{plan}": "DDDD ADA ADAD DD A D",
    "POST {p}/buy/{plan}/try": "DDDD ADA ADAD DD A D",
    # one's own orders, and nobody else's, staff's neither
    "GET {p}/purchases": SIGNED_IN,
    "GET {p}/orders/{order}": "HHHH AHH HHHH HH H S",
    "POST {p}/orders/{order}/refund": "HHHH AHH HHHH HH H D",
    "POST {p}/orders/{order}/subscription": "HHHH AHH HHHH HH H D",
    # the demo provider's page: the buyer's, and staff's to play with
    "GET /demo-checkout/{checkout}": "AAAH AHH HHHH HH H S",
    "POST /demo-checkout/{checkout}/pay": "AAAH AHH HHHH HH H D",
}

# What a request must carry to come as far as the policy.
FORMS: dict[str, dict[str, str]] = {
    "POST {p}/orders/{order}/subscription": {"deed": "portal"},
    "POST {p}/orders/{order}/refund": {"token": "a-token-of-a-form-00"},
}
