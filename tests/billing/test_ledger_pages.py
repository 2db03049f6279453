"""The ledger's page and file: sums equal the payments; income is for those who lead; shares."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.billing.actions.payouts import Payout, pay_out
from app.billing.actions.shares import add_share, end_share
from app.billing.ledger import book_order
from app.billing.models import IncomeShare, LedgerTransaction, Payment
from app.billing.queries.ledger import (
    Stretch,
    list_journal,
    list_owed,
    sum_accounts,
    sum_kinds,
)
from app.kernel.audit import AuditEntry
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Invalid, NotFound, Refused
from tests.billing.rows import write_order, write_payment, write_plan, write_refund
from tests.cast import Cast
from tests.memberships.people import row

SEPTEMBER = Stretch(datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC))


def trade(cast: Cast) -> None:
    """Write payments of two months in two currencies, with a fee, a refund and a share."""
    plan = write_plan(cast)
    with unit_of_work():
        add_share(
            cast.actor("owner"),
            member_id=row(cast, "guest").public_id,
            plan_id=plan.public_id,
            percent=20,
        )
    with unit_of_work():
        first = write_order(cast, plan_id=plan.id)
        payment = write_payment(first, "ch_1", fee=300)
        write_refund(payment, "re_1", 4_900)
        payment.refunded = 4_900
        book_order(first)
        yen = write_order(cast, amount=5_000, currency="JPY")
        write_payment(yen, "ch_2")
        book_order(yen)
        august = write_order(cast)
        write_payment(august, "ch_3", paid_at=datetime(2026, 8, 31, 15, 59, tzinfo=UTC))
        book_order(august)


def test_sums_equal_the_payments_and_come_to_nothing_together(noon: datetime, cast: Cast) -> None:
    trade(cast)
    owner = cast.actor("owner")
    kinds = {(t.name, t.currency): t.amount for t in sum_kinds(owner, SEPTEMBER)}
    assert kinds == {
        ("payment", "CNY"): 9_900,
        ("fee", "CNY"): -300,
        ("refund", "CNY"): -4_900,
        ("share", "CNY"): -1_000,
        ("payment", "JPY"): 5_000,
    }
    paid = db.session.scalar(
        sa.select(sa.func.sum(Payment.amount - Payment.refunded - Payment.fee)).where(
            Payment.currency == "CNY", Payment.paid_at >= SEPTEMBER.starts
        )
    )
    accounts = sum_accounts(owner, SEPTEMBER)
    assert [t.amount for t in accounts if (t.name, t.currency) == ("provider", "CNY")] == [paid]
    for currency in ("CNY", "JPY"):
        assert sum(t.amount for t in accounts if t.currency == currency) == 0


def test_the_file_says_the_same_as_the_page(noon: datetime, cast: Cast) -> None:
    trade(cast)
    client = cast.client("partner")
    answer = client.get("/p/orbit/ledger.csv?month=2026-09")
    assert "ledger-orbit-2026-09.csv" in answer.headers["Content-Disposition"]
    lines = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
    at_provider = [Decimal(n["amount"]) for n in lines
                   if (n["account"], n["currency"]) == ("provider", "CNY")]  # fmt: skip
    assert sum(at_provider) == Decimal("47.00")
    assert [n["amount"] for n in lines if n["currency"] == "JPY"] == ["5000", "-5000"]
    # People are called by their names, never by their rows.
    guest = cast.users["guest"]
    assert {n["account"] for n in lines if n["account"].startswith("payable")} == {"payable: 陈默"}
    assert not any(n["reference"].endswith(f":{guest}") for n in lines)
    page = client.get("/p/orbit/ledger?month=2026-09").get_data(as_text=True)
    assert "¥99.00" in page and "¥37.00" in page and "陈默" in page
    assert "¥99.00" in client.get("/p/orbit/ledger?month=2026-08").get_data(as_text=True)


def test_a_month_is_the_readers(noon: datetime, cast: Cast) -> None:
    """31 August 15:59 UTC is still August in Shanghai, a minute later it is September."""
    with unit_of_work():
        order = write_order(cast)
        write_payment(order, "ch_1", paid_at=datetime(2026, 8, 31, 16, 0, tzinfo=UTC))
        book_order(order)
    client = cast.client("owner")
    for month, found in (("2026-08", False), ("2026-09", True), ("nonsense", True)):
        page = client.get(f"/p/orbit/ledger?month={month}").get_data(as_text=True)
        assert ("¥99.00" in page) is found


def test_the_journal_is_paged(noon: datetime, cast: Cast) -> None:
    with unit_of_work():
        for number in range(60):
            order = write_order(cast)
            write_payment(order, f"ch_{number}")
            book_order(order)
    owner = cast.actor("owner")
    first, more = list_journal(owner, SEPTEMBER)
    rest, after = list_journal(owner, SEPTEMBER, skip=len(first))
    assert (len(first), more, len(rest), after) == (50, True, 10, False)
    ids = [lines[0].transaction for lines in (*first, *rest)]
    assert len(set(ids)) == db.session.query(LedgerTransaction).count() == 60


@pytest.mark.parametrize("persona", ["admin", "guest", "member", "stranger"])
def test_income_is_for_those_who_lead(cast: Cast, persona: str) -> None:
    actor = cast.actor(persona)
    for ask in (sum_kinds, sum_accounts, list_journal):
        with pytest.raises(Refused):
            ask(actor, SEPTEMBER)
    with pytest.raises(Refused), unit_of_work():
        add_share(actor, member_id=row(cast, "guest").public_id, plan_id="", percent=10)


def share(cast: Cast, persona: str, percent: int, plan: str = "") -> IncomeShare:
    with unit_of_work():
        member_id = row(cast, persona).public_id
        return add_share(cast.actor("owner"), member_id=member_id, plan_id=plan, percent=percent)


def test_shares_are_half_at_most_and_end(cast: Cast) -> None:
    plan = write_plan(cast).public_id
    share(cast, "guest", 30, plan)
    held = share(cast, "partner", 20, plan)
    for percent in (0, 1, -5):
        with pytest.raises(Invalid) as invalid:
            share(cast, "guest", percent, plan)
        assert invalid.value.field == "percent"
    share(cast, "guest", 50)
    for _ in range(2):
        with unit_of_work():
            end_share(cast.actor("owner"), share_id=held.public_id)
    share(cast, "admin", 20, plan)
    with pytest.raises(Invalid) as invalid:
        share(cast, "member", 1)
    assert invalid.value.field == "member"
    with pytest.raises(NotFound):
        share(cast, "guest", 1, "nosuchplan12")


def test_shares_are_made_and_ended_on_the_page(cast: Cast) -> None:
    client = cast.client("owner")
    form = {"member": row(cast, "guest").public_id, "plan": "", "percent": "10"}
    assert client.post("/p/orbit/shares", data={**form, "percent": "60"}).status_code == 422
    assert client.post("/p/orbit/shares", data=form).status_code == 303
    page = client.get("/p/orbit/ledger").get_data(as_text=True)
    assert "10%" in page
    address = page.split('/end"')[0].rsplit('"', 1)[1] + "/end"
    assert client.post(address).status_code == 303
    assert db.session.query(IncomeShare).one().ended_at is not None


def payout(cast: Cast, amount: int, token: str = "t" * 20, **changes: str) -> Payout:
    """Return a payout to the guest."""
    values = {"member_id": row(cast, "guest").public_id, "currency": "CNY", "reason": "by bank"}
    return Payout(amount=amount, token=token, **{**values, **changes})


def pay(cast: Cast, made: Payout, persona: str = "owner") -> bool:
    """Book it."""
    with unit_of_work():
        return pay_out(cast.actor(persona), payout=made)


def test_a_share_is_paid_out_once_and_never_more_than_is_owed(noon: datetime, cast: Cast) -> None:
    trade(cast)
    owner = cast.actor("owner")
    assert [(o.name, o.currency, o.amount) for o in list_owed(owner)] == [("陈默", "CNY", 1_000)]
    before = sum_kinds(owner, SEPTEMBER)
    assert pay(cast, payout(cast, 600))
    assert not pay(cast, payout(cast, 600))
    assert [o.amount for o in list_owed(owner)] == [400]
    for amount in (0, -1, 401):
        with pytest.raises(Invalid) as invalid:
            pay(cast, payout(cast, amount, "u" * 20))
        assert (invalid.value.field, invalid.value.code) == ("amount", "payout_most")
    for changes in ({"reason": " "}, {"currency": "JPY"}):
        with pytest.raises(Invalid):
            pay(cast, payout(cast, 100, "u" * 20, **changes))
    with pytest.raises(NotFound):
        pay(cast, payout(cast, 100, "u" * 20, member_id="nosuchmember"))
    assert pay(cast, payout(cast, 400, "u" * 20))
    assert list_owed(owner) == []
    # It brings nothing and costs nothing: the share did.
    assert sum_kinds(owner, SEPTEMBER) == before
    accounts = {(t.name, t.currency): t.amount for t in sum_accounts(owner, SEPTEMBER)}
    assert accounts["paid_out", "CNY"] == -1_000
    assert sum(amount for (_, currency), amount in accounts.items() if currency == "CNY") == 0
    said = db.session.query(AuditEntry).filter_by(action="share.payout").all()
    assert [entry.reason for entry in said] == ["by bank", "by bank"]


@pytest.mark.parametrize("persona", ["admin", "guest", "member"])
def test_only_who_leads_pays_out(noon: datetime, cast: Cast, persona: str) -> None:
    trade(cast)
    with pytest.raises(Refused):
        pay(cast, payout(cast, 100), persona)


def test_a_payout_is_booked_on_the_page(noon: datetime, cast: Cast) -> None:
    trade(cast)
    client = cast.client("owner")
    page = client.get("/p/orbit/ledger").get_data(as_text=True)
    token = page.split('name="token" value="')[1].split('"')[0]
    form = {"member": row(cast, "guest").public_id, "currency": "CNY", "token": token}
    assert client.post("/p/orbit/payouts", data={**form, "amount": "9"}).status_code == 422
    paid = {**form, "amount": "9", "reason": "by bank"}
    assert client.post("/p/orbit/payouts", data={**paid, "amount": "11"}).status_code == 422
    for _click in range(2):
        assert client.post("/p/orbit/payouts", data=paid).status_code == 303
    assert [o.amount for o in list_owed(cast.actor("owner"))] == [100]
    assert "分成已支付" in client.get("/p/orbit/ledger").text
