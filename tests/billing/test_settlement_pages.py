"""The owner's page of what this site owes, and the keeper's commands (R32)."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.billing.house import house
from app.billing.ledger import book_order
from app.billing.models import LedgerEntry
from app.kernel.db import db, unit_of_work
from tests.billing.rows import write_order, write_payment
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("settling")


@pytest.fixture
def settling(monkeypatch: pytest.MonkeyPatch, app: Flask, noon: datetime) -> None:
    """Let the installation take everybody's money."""
    monkeypatch.setattr(house, "settles_owners", True)


@pytest.fixture
def sold(cast: Cast, noon: datetime) -> None:
    """Sell for 100 yuan in August and in September."""
    with unit_of_work():
        for number, moment in enumerate((noon - timedelta(days=30), noon)):
            order = write_order(cast, amount=10_000)
            write_payment(order, f"ch_{number}", fee=300, paid_at=moment)
            book_order(order)


def flask(app: Flask, *arguments: str) -> tuple[int, str]:
    """Run a command; returns its status and what it said."""
    result = app.test_cli_runner().invoke(args=["settlements", *arguments])
    db.session.rollback()
    return result.exit_code, result.output


def test_r32_the_owner_reads_the_statement_of_a_month(app: Flask, cast: Cast, sold: None) -> None:
    assert flask(app, "pay", "orbit", "50", "cny", "--reason", "九月", "--yes")[0] == 0
    client = cast.client("owner")
    page = client.get("/p/orbit/settlements?month=2026-09").get_data(as_text=True)
    for amount in ("¥97", "¥100", "-¥3", "-¥50", "¥144"):
        assert amount in page
    audit = client.get("/p/orbit/audit").get_data(as_text=True)
    assert "九月" in audit


def test_r32_the_file_says_the_same(cast: Cast, sold: None) -> None:
    answer = cast.client("owner").get("/p/orbit/settlements.csv?month=2026-09")
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
    assert rows[1] == ["CNY", "opened", "", "", "97"]
    assert rows[-1] == ["CNY", "closed", "", "", "194"]


def test_r32_a_month_without_anything_says_so(cast: Cast) -> None:
    page = cast.client("owner").get("/p/orbit/settlements").get_data(as_text=True)
    assert "这个月没有待结算的款项" in page


def test_off_until_wanted(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "settles_owners", False)
    with unit_of_work():
        order = write_order(cast, amount=10_000)
        write_payment(order)
        book_order(order)
    client = cast.client("owner")
    assert "/settlements" not in client.get("/p/orbit/ledger").get_data(as_text=True)
    assert "本站不做结算" in client.get("/p/orbit/settlements").get_data(as_text=True)
    accounts = set(db.session.scalars(select(LedgerEntry.account)))
    assert accounts == {"provider", "income"}
    status, told = flask(app, "owed")
    assert status == 1
    assert "PLANETARIUM_SETTLE_OWNERS" in told


def test_r32_the_keeper_lists_states_and_pays(app: Flask, cast: Cast, sold: None) -> None:
    status, told = flask(app, "owed")
    assert status == 0
    assert told.split() == ["orbit", "194", "CNY", "林悦"]
    status, told = flask(app, "statement", "orbit", "--month", "2026-08")
    assert status == 0
    assert [line.split()[:2] for line in told.splitlines()] == [
        ["opened", "0"],
        ["fee", "-3"],
        ["payment", "100"],
        ["closed", "97"],
    ]
    status, told = flask(app, "pay", "orbit", "194.01", "CNY", "--reason", "x", "--yes")
    assert status == 1
    assert "no more can be paid than is owed" in told
    assert flask(app, "pay", "orbit", "194", "CNY", "--reason", "x", "--yes")[0] == 0
    assert flask(app, "owed") == (0, "Nothing is owed to anybody.\n")
    total = db.session.scalar(select(func.sum(LedgerEntry.amount)))
    assert total == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("pay", "nowhere", "1", "CNY"), "no planet 'nowhere'"),
        (("pay", "orbit", "1", "XYZ"), "'XYZ' is no currency"),
        (("pay", "orbit", "viel", "CNY"), "'viel' is no amount of CNY"),
        (("statement", "orbit", "--month", "September"), "'September' is no month"),
    ],
)
def test_the_keeper_is_told_what_is_wrong(
    app: Flask, cast: Cast, arguments: tuple[str, ...], told: str
) -> None:
    more = ("--reason", "x", "--yes") if arguments[0] == "pay" else ()
    status, said = flask(app, *arguments, *more)
    assert status == 1
    assert told in said
