"""Members as a file for a spreadsheet: heads in the reader's language, each day as YYYY-MM-DD in the
reader's zone, money with a column for each currency."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from flask_babel import gettext

from app.billing.money import as_typed
from app.billing.queries.paid_by import PaidBy, list_currencies_paid, read_paid_by
from app.billing.queries.subscribers import Subscriber
from app.blueprints.billing.story_words import source_name
from app.blueprints.billing.words import method_name
from app.blueprints.memberships.door import ROLE_NAMES, STANDING_NAMES, last_day, reader_zone
from app.policy import Action, Actor, can

AT_ONCE = 1_000


def lines_of(
    actor: Actor, rows: Iterable[Subscriber], plans: dict[str, str]
) -> Iterator[list[object]]:
    """Yield the heads and a line for each member; columns of orders and money for who sees income."""
    sees_money = bool(can(actor, Action.INCOME_READ))
    currencies = list_currencies_paid(actor) if sees_money else []
    yield [*_heads(), *(_money_heads(currencies) if sees_money else [])]
    waiting = iter(rows)
    while page := list(islice(waiting, AT_ONCE)):
        paid = read_paid_by(actor, [row.user_id for row in page]) if sees_money else {}
        for row in page:
            money = _money(paid.get(row.user_id, PaidBy()), currencies) if sees_money else []
            yield [*_line(row, plans), *money]


def _heads() -> list[object]:
    return [
        gettext("Number"),
        gettext("Name"),
        gettext("Role"),
        gettext("Standing"),
        gettext("Plan"),
        gettext("Origin"),
        gettext("Joined"),
        gettext("Last day"),
    ]


def _line(row: Subscriber, plans: dict[str, str]) -> list[object]:
    return [
        row.number,
        row.name,
        ROLE_NAMES[row.role],
        STANDING_NAMES[row.standing],
        plans.get(row.plan_ref, ""),
        source_name(row.source) if row.source else "",
        _day(row.joined_at),
        last_day(row.expires_at),
    ]


def _money_heads(currencies: list[str]) -> list[object]:
    return [
        gettext("Orders"),
        gettext("Last order"),
        gettext("Last payment"),
        gettext("Paid by"),
        *(gettext("Paid (%(currency)s)", currency=each) for each in currencies),
        *(gettext("Given back (%(currency)s)", currency=each) for each in currencies),
    ]


def _money(money: PaidBy, currencies: list[str]) -> list[object]:
    return [
        len(money.orders),
        money.last_order,
        _day(money.last_paid_at),
        method_name(money.method),
        *(as_typed(money.paid.get(each, 0), each) for each in currencies),
        *(as_typed(money.refunded.get(each, 0), each) for each in currencies),
    ]


def _day(moment: datetime | None) -> str:
    return moment.astimezone(reader_zone()).date().isoformat() if moment else ""
