"""The ledger for those who may see income: sums and journal of a month, a file, shares."""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Iterable
from typing import Any

from flask import Response, flash, request, url_for
from flask_babel import gettext, lazy_gettext, lazy_pgettext

from app.billing.actions.payouts import Payout, pay_out
from app.billing.actions.shares import SHARED_WITH, add_share, end_share
from app.billing.money import as_typed, get_currency, parse_amount
from app.billing.queries.codes import list_plan_choices
from app.billing.queries.ledger import (
    PAGE,
    PAYABLE,
    JournalLine,
    Total,
    iter_journal,
    list_journal,
    list_owed,
    list_sharers,
    list_shares,
    sum_accounts,
    sum_kinds,
)
from app.blueprints.billing.code_words import told
from app.blueprints.billing.door import bp
from app.blueprints.billing.months import months_until_now, read_month, stretch_of
from app.blueprints.billing.sheets import plain
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.language import month_words
from app.blueprints.memberships.door import Page, answer
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.memberships.actions.exporting import note_export
from app.policy import Action, Actor, can

KINDS: dict[str, Any] = {
    "payment": lazy_pgettext("ledger", "Payment"),
    "fee": lazy_gettext("Fee of the provider"),
    "refund": lazy_gettext("Refund"),
    "refund_failed": lazy_gettext("Refund that failed"),
    "adjustment": lazy_gettext("Refund made at the provider"),
    "dispute": lazy_gettext("Dispute opened"),
    "dispute_won": lazy_gettext("Dispute won"),
    "dispute_lost": lazy_gettext("Dispute lost"),
    "dispute_fee": lazy_gettext("Fee of a dispute"),
    "tax": lazy_gettext("Tax"),
    "platform_fee": lazy_gettext("Fee of this site"),
    "share": lazy_gettext("Share"),
    "payout": lazy_gettext("Share paid out"),
    "settlement": lazy_gettext("Paid to the owner"),
    "owed": lazy_gettext("Owed to the owner, said later"),
}
ACCOUNTS: dict[str, Any] = {
    "provider": lazy_gettext("At the payment provider"),
    "bank": lazy_gettext("By transfer"),
    "income": lazy_gettext("Income"),
    "fees": lazy_gettext("Fees"),
    "tax": lazy_gettext("Tax collected"),
    "platform": lazy_gettext("Owed to this site"),
    "disputes": lazy_gettext("Held by disputes"),
    "paid_out": lazy_gettext("Paid out to people"),
    "owed": lazy_gettext("Owed to the owner by this site"),
    "earned": lazy_gettext("Earned by the owner"),
    "site": lazy_gettext("Paid by this site"),
}
COLUMNS = ("date", "booked", "transaction", "kind", "reference", "order", "account", "currency",
           "amount")  # fmt: skip


@bp.get("/p/<slug>/ledger")
@declares(Action.INCOME_READ)
def ledger(slug: str) -> Page:
    """Show what a month brought in, and every booking of it."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.INCOME_READ))
    return _page(slug, actor, errors={})


@bp.get("/p/<slug>/ledger.csv")
@declares(Action.INCOME_READ)
def ledger_file(slug: str) -> Page:
    """Answer with every entry of a month as a CSV file; its sums are those of the page."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.INCOME_READ))
    month = read_month(actor)
    answer = Response(_csv(iter_journal(actor, stretch_of(month))), mimetype="text/csv")
    with unit_of_work():
        note_export(actor, "export.ledger", month=f"{month:%Y-%m}")
    name = f"ledger-{slug}-{month:%Y-%m}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@bp.post("/p/<slug>/shares")
@declares(Action.PLANS_EDIT)
def share_income(slug: str) -> Page:
    """Owe somebody a part of what a plan, or his questions, bring in from now on."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANS_EDIT))
    try:
        with unit_of_work():
            add_share(
                actor,
                member_id=request.form.get("member", ""),
                plan_id=request.form.get("plan", ""),
                percent=request.form.get("percent", 0, type=int),
            )
    except Invalid as error:
        return _page(slug, actor, errors=told(error))
    flash(gettext("It counts for what is paid from now on."), "ok")
    return see_other("billing.ledger", slug=slug)


@bp.post("/p/<slug>/shares/<public_id>/end")
@declares(Action.PLANS_EDIT)
def unshare_income(slug: str, public_id: str) -> Page:
    """Owe no more of it from now on."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANS_EDIT))
    with unit_of_work():
        end_share(actor, share_id=public_id)
    flash(gettext("Ended. What was booked stays owed."), "ok")
    return see_other("billing.ledger", slug=slug)


@bp.post("/p/<slug>/payouts")
@declares(Action.PLANS_EDIT)
def pay_share(slug: str) -> Page:
    """Book that somebody was paid what is owed to him."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANS_EDIT))
    form = request.form
    try:
        currency = get_currency(form.get("currency", "")).code
        payout = Payout(
            member_id=form.get("member", ""),
            amount=parse_amount(form.get("amount", ""), currency, field="amount"),
            currency=currency,
            reason=form.get("reason", ""),
            token=form.get("token", ""),
        )
        with unit_of_work():
            pay_out(actor, payout=payout)
    except Invalid as error:
        return _page(slug, actor, errors=told(error))
    flash(gettext("Booked as paid out."), "ok")
    return see_other("billing.ledger", slug=slug)


def _page(slug: str, actor: Actor, *, errors: dict[str, str]) -> Page:
    month = read_month(actor)
    stretch = stretch_of(month)
    skip = max(request.args.get("skip", 0, type=int), 0)
    found, more = list_journal(actor, stretch, skip=skip)
    here = f"{month:%Y-%m}"
    return answer(
        "billing/ledger.html",
        errors,
        month=here,
        months=[(m, month_words(m)) for m in dict.fromkeys([here, *months_until_now(actor)])],
        kinds=_in_words(sum_kinds(actor, stretch), KINDS),
        left=_left(sum_kinds(actor, stretch)),
        accounts=_in_words(sum_accounts(actor, stretch), ACCOUNTS),
        journal=[_shape(lines) for lines in found],
        newer=url_for("billing.ledger", slug=slug, month=here) if skip else None,
        older=url_for("billing.ledger", slug=slug, month=here, skip=skip + PAGE) if more else None,
        shares=list_shares(actor),
        owed=[(o, as_typed(o.amount, o.currency)) for o in list_owed(actor)],
        # The form's one-time key: sent twice, it is booked once.
        token=secrets.token_urlsafe(18),
        sharers=[(p.public_id, p.name) for p in list_sharers(actor, SHARED_WITH)],
        plans=[
            ("", gettext("Questions put to this person")),
            *((plan.public_id, plan.name) for plan in list_plan_choices(actor)),
        ],
        typed=request.form,
    )


def _in_words(totals: Iterable[Total], words: dict[str, Any]) -> list[tuple[Any, str, int]]:
    """Return totals named, by currency and in the order of the words; people's accounts last."""
    order = {name: place for place, name in enumerate(words)}
    placed = sorted(totals, key=lambda t: (t.currency, order.get(t.name, len(order)), t.name))
    return [(words.get(t.name, _owed(t.name)), t.currency, t.amount) for t in placed]


def _left(totals: Iterable[Total]) -> list[tuple[str, int]]:
    sums: dict[str, int] = {}
    for total in totals:
        sums[total.currency] = sums.get(total.currency, 0) + total.amount
    return list(sums.items())


def _owed(account: str) -> str:
    if account.startswith(PAYABLE):
        return str(gettext("Owed to %(name)s", name=account.removeprefix(PAYABLE).strip()))
    return account


def _shape(lines: list[JournalLine]) -> dict[str, Any]:
    first = lines[0]
    return {
        "at": first.at,
        "kind": KINDS.get(first.kind, first.kind),
        "order": first.order,
        "reference": first.reference,
        "lines": [(ACCOUNTS.get(n.account, _owed(n.account)), n.amount, n.currency) for n in lines],
    }


def _csv(lines: Iterable[JournalLine]) -> str:
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    numbers: dict[int, int] = {}
    for line in lines:
        number = numbers.setdefault(line.transaction, len(numbers) + 1)
        rows.writerow(
            [
                line.at.isoformat(),
                line.booked_at.isoformat(),
                number,
                line.kind,
                plain(line.reference),
                line.order,
                plain(line.account),
                line.currency,
                as_typed(line.amount, line.currency),
            ]
        )
    return out.getvalue()
