"""What the numbers are called, and how each is counted. The same definitions stand in docs/billing.md."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext, lazy_pgettext

from app.billing.actions.funnel import STEPS

# (name in CSV, words on the page) by table.
HEADS: dict[str, tuple[tuple[str, Any], ...]] = {
    "standing": (
        ("standing", lazy_gettext("Standing")),
        ("members", lazy_gettext("Members")),
        ("team", lazy_gettext("Team and guests")),
    ),
    "ends": (
        ("days", lazy_gettext("Within days")),
        ("ends", lazy_gettext("Memberships that end")),
        ("renewing", lazy_gettext("Of them renew by themselves")),
    ),
    "income": (
        ("month", lazy_gettext("Month")),
        ("sold", lazy_gettext("Sold")),
        ("currency", lazy_gettext("Currency")),
        ("paid", lazy_pgettext("money", "Paid")),
        ("refunded", lazy_gettext("Refunded")),
        ("disputed", lazy_gettext("Disputed")),
        ("fees", lazy_gettext("Fees")),
        ("tax", lazy_gettext("Tax")),
        ("platform", lazy_gettext("Platform")),
        ("shares", lazy_gettext("Shares")),
        ("left", lazy_gettext("Left for you")),
    ),
    "turns": (
        ("month", lazy_gettext("Month")),
        ("new", lazy_pgettext("members", "New")),
        ("renewed_early", lazy_gettext("Renewed early")),
        ("renewed_in_grace", lazy_gettext("Renewed in grace")),
        ("came_back_late", lazy_gettext("Came back late")),
        ("lost", lazy_pgettext("members", "Lost")),
        ("open", lazy_pgettext("members", "Still open")),
    ),
    "cohorts": (
        ("joined_in", lazy_gettext("Joined in")),
        ("joined", lazy_pgettext("members", "Joined")),
        ("due", lazy_gettext("Due")),
        ("renewed_early", lazy_gettext("Renewed early")),
        ("renewed_in_grace", lazy_gettext("Renewed in grace")),
        ("came_back_late", lazy_gettext("Came back late")),
        ("lost", lazy_pgettext("members", "Lost")),
        ("open", lazy_pgettext("members", "Still open")),
        ("renewal_rate", lazy_gettext("Renewal rate")),
    ),
}
STEP_NAMES: dict[str, Any] = {
    "view": lazy_gettext("First page seen"),
    "sample": lazy_gettext("Sample read"),
    "click": lazy_gettext("Join clicked"),
    "signed_in": lazy_gettext("Signed in"),
    "checkout": lazy_gettext("Checkout opened"),
    "paid": lazy_pgettext("step", "Paid"),
    "read": lazy_gettext("Feed read"),
    "question": lazy_gettext("Question asked"),
}
HEADS["funnel"] = (
    ("source", lazy_gettext("Source")),
    *((step, STEP_NAMES[step]) for step in STEPS),
)
KIND_NAMES: dict[str, Any] = {
    "question": lazy_gettext("Paid questions"),
    "gift": lazy_gettext("Gifts"),
    "membership": lazy_gettext("Memberships"),
}
TITLES: dict[str, Any] = {
    "standing": lazy_gettext("Members by standing"),
    "ends": lazy_gettext("Ends ahead"),
    "income": lazy_gettext("Income by month and plan"),
    "turns": lazy_gettext("New, renewed, lost"),
    "cohorts": lazy_gettext("Renewal by month of joining"),
    "funnel": lazy_gettext("From the first look to the first question"),
}
DEFINITIONS: dict[str, tuple[Any, ...]] = {
    "standing": (
        lazy_gettext(
            "Everybody with a membership here at this moment, once. Active: access has not ended. In the "
            "days of grace: it has ended, and the planet's days of grace have not. Ended: those are "
            "over too. Waiting: asked to be let in."
        ),
        lazy_gettext(
            "Team and guests are owner, partners, admins and guests; all other tables leave them out."
        ),
    ),
    "ends": (
        lazy_gettext(
            "Active members whose access ends within so many days from this moment; each row contains "
            "the one above it. Subscriptions that renew by themselves are among them and counted "
            "apart. Who never ends is not here."
        ),
    ),
    "income": (
        lazy_gettext(
            "Every booking of the ledger counts once, in the month in which it happened. Paid: payments "
            "in full. Refunded: given back, refunds that failed taken off. Disputed: held or lost in "
            "disputes, won ones taken off. Fees: of the provider, also for disputes. Platform: the "
            "part of this installation. Shares: of guests."
        ),
        lazy_gettext(
            "Left for you = paid − refunded − disputed − fees − tax − platform − shares. A refund stands in "
            "the month in which it was made, not in that of its payment. Currencies are never added."
        ),
    ),
    "turns": (
        lazy_gettext(
            "New: whose first access began in the month. Renewed: bought, renewed by itself or was given "
            "more time that reaches beyond the end, before the end or at it (early), or within the days "
            "of the renewal price after it (in grace). Came back late: later than that."
        ),
        lazy_gettext(
            "Lost: access ended in the month and was not renewed within those days; or it was refunded "
            "in full, lost in a dispute, left or removed. Who comes back late was lost first and "
            "counts in both. Still open: ended, and those days are not over. Free trials are no "
            "membership yet and count nowhere here."
        ),
    ),
    "cohorts": (
        lazy_gettext(
            "Joined: the new ones of a month. Due: of them, those whose first term has ended or is "
            "renewed already. What became of the first term: each due member stands in one column, "
            "counted as in the table above."
        ),
        lazy_gettext(
            "Renewal rate = all who renewed, late ones too ÷ (all who renewed + lost). Who is still open "
            "is left out until the days are over."
        ),
    ),
    "funnel": (
        lazy_gettext(
            "Visitors whose first step lies in the months shown, and how many of them came to each step, "
            "each step once. First page seen: opened the planet's first page or its plans. Signed in: "
            "seen here with an account. Paid: bought membership for the first time. Source: the word "
            "behind “?from=” in the link by which they came first."
        ),
        lazy_gettext(
            "A visitor is a browser with a random mark kept for 30 days, no person: who changes browsers "
            "is two. Not counted: machines, staff, members, and browsers that ask not to be tracked. "
            "Steps are forgotten after 400 days."
        ),
    ),
}
# What to do while a table has nothing to show.
EMPTY: dict[str, Any] = {
    "ends": lazy_gettext("No membership ends in the next 90 days."),
    "income": lazy_gettext("Nothing was paid in these months. Payments appear here at once."),
    "turns": lazy_gettext("Nobody came and nobody left in these months."),
    "cohorts": lazy_gettext("Nobody joined in these months."),
    "funnel": lazy_gettext(
        "Nobody was counted yet. Share the link below: with your own word behind “?from=” you see "
        "which place brings whom."
    ),
}
