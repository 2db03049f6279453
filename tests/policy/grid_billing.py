"""The grid of plans, buying, orders, codes, subscriptions and money."""

from __future__ import annotations

from tests.policy.grid_rows import (
    LEADERS,
    LEADERS_ACT,
    NOBODY,
    OWNER,
    OWNER_ACT,
    SIGNED_IN,
    SIGNED_IN_ACT,
    STAFF,
    STAFF_ACT,
)

GRID: dict[str, str] = {
    # what is sold
    "GET {p}/plans": LEADERS,
    "GET {p}/plans/new": LEADERS,
    "POST {p}/plans/new": LEADERS_ACT,
    "GET {p}/plans/{plan}/edit": LEADERS,
    "POST {p}/plans/{plan}/edit": LEADERS_ACT,
    "POST {p}/plans/{plan}/sell": LEADERS_ACT,
    "POST {p}/plans/{plan}/retire": LEADERS_ACT,
    "POST {p}/plans/{plan}/move/up": LEADERS_ACT,
    "POST {p}/plans/{plan}/wait": "DDDD ADA ADAD DD A D",
    "POST {p}/plans/{plan}/wait/end": SIGNED_IN_ACT,
    "GET {p}/coupons": LEADERS,
    "POST {p}/coupons": LEADERS_ACT,
    "POST {p}/coupons/{coupon}/end": LEADERS_ACT,
    "POST {p}/coupons/{coupon}/show": LEADERS_ACT,
    "POST {p}/coupons/{coupon}/hide": LEADERS_ACT,
    "GET {p}/pause": OWNER,
    "POST {p}/pause": OWNER_ACT,
    "POST {p}/resume": OWNER_ACT,
    # buying: whoever pays nothing is taken to where he stands
    "GET {p}/buy": "AAAA AAA AAAD AA A S",
    "POST {p}/buy/{plan}": "DDDD ADA ADAD DD A D",
    "POST {p}/buy/{plan}/try": "DDDD ADA ADAD DD A D",
    # giving: also those whose own time never ends
    "GET {p}/gift": "AAAA AAA ADAD AA A S",
    "POST {p}/gift/{plan}": "AAAA AAA ADAD AA A D",
    # one's own orders, and nobody else's, staff's neither
    "GET {p}/purchases": SIGNED_IN,
    "GET {p}/orders/{order}": "HHHH AHH HHHH HH H S",
    "GET {p}/orders/{order}/refund": "HHHH AHH HHHH HH H S",
    "POST {p}/orders/{order}/refund": "HHHH AHH HHHH HH H D",
    "POST {p}/orders/{order}/subscription": "HHHH AHH HHHH HH H D",
    # the owner's numbers
    "GET {p}/numbers": LEADERS,
    "GET {p}/numbers/income.csv": LEADERS,
    # members by what they hold, for staff; a member's story and what is done about it
    "GET {p}/subscriptions": STAFF,
    "GET {p}/subscriptions/export": STAFF,
    "GET {p}/subscriptions/provider": STAFF,
    # no webhook has failed
    "POST {p}/subscriptions/provider": "HHHD DDD DDDD DD D D",
    "GET {p}/subscriptions/{m_member}": STAFF,
    "POST {p}/subscriptions/{m_member}/extend": STAFF_ACT,
    "POST {p}/subscriptions/{m_member}/end": STAFF_ACT,
    "POST {p}/subscriptions/{m_member}/plan": STAFF_ACT,
    "GET {p}/subscriptions/{m_member}/remove": STAFF,
    "POST {p}/subscriptions/{m_member}/remove": STAFF_ACT,
    "GET {p}/subscriptions/{m_member}/orders/{order}/refund": STAFF,
    # an order that is not paid has no payment to give back, and no receipt
    "POST {p}/subscriptions/{m_member}/orders/{order}/refund": "HHHD DDD DDDD DD D D",
    "POST {p}/subscriptions/{m_member}/orders/{order}/receipt": "HHHD DDD DDDD DD D D",
    # the demo provider's page: the buyer's, and staff's to play with
    "GET /demo-checkout/{checkout}": "AAAH AHH HHHH HH H S",
    "POST /demo-checkout/{checkout}/pay": "AAAH AHH HHHH HH H D",
    # Where nobody pays by Stripe there is no such page; where one does, its signature is the right.
    "POST /webhooks/stripe": NOBODY,
    # who bought a question may have asked it anonymously: nobody but the owner is shown that
    "GET /demo-checkout/{question_checkout}": "AHHH AHH HHHH HH H S",
    "POST /demo-checkout/{question_checkout}/fail": "AHHH AHH HHHH HH H D",
    # what questions to the guest cost: his to say, and theirs who set what is sold
    "GET {p}/members/{m_guest}/question-price": "AADA DDD DDDD DD D S",
    "POST {p}/members/{m_guest}/question-price": "AADA DDD DDDD DD D D",
    "GET {p}/members/{m_member}/question-price": "HHHH HHH HDDD HH D S",
}

# What a request must carry to come as far as the policy.
FORMS: dict[str, dict[str, str]] = {
    "POST {p}/orders/{order}/subscription": {"deed": "portal"},
    "POST {p}/orders/{order}/refund": {"token": "a-token-of-a-form-00"},
}
