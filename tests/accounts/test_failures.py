"""Failed sign-ins are counted by the hour, for operators, and name nobody."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.accounts import limits
from app.accounts.failures import Failures, count_failures, purge_failures
from app.accounts.models import FailedSignIns
from app.blueprints import operations
from app.cli import doctor
from app.kernel import clock
from app.kernel.db import db
from tests.cast import Cast


def rows() -> list[tuple[datetime, int, int]]:
    db.session.rollback()
    columns = (FailedSignIns.hour, FailedSignIns.wrong, FailedSignIns.held_up)
    return [tuple(row) for row in db.session.execute(sa.select(*columns).order_by(columns[0]))]


def try_password(cast: Cast, email: str, password: str = "not this one") -> int:
    data = {"email": email, "password": password}
    return cast.client("visitor").post("/sign-in", data=data).status_code


def test_failures_are_counted_by_the_hour(
    cast: Cast, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SIGN_INS_PER_PAIR", 2)
    hour = noon.replace(minute=0, second=0, microsecond=0)
    with clock.fixed(hour + timedelta(minutes=50)):
        assert try_password(cast, "nobody@example.test") == 422
        assert try_password(cast, "member@example.test") == 422
        # What is no address was not tried.
        assert try_password(cast, "no address") == 422
    with clock.fixed(hour + timedelta(minutes=70)):
        assert [try_password(cast, "member@example.test") for _ in range(3)] == [422, 422, 429]
        assert rows() == [(hour, 2, 0), (hour + timedelta(hours=1), 2, 1)]
        assert count_failures() == Failures(wrong=4, held_up=1)
        held = {each.name: each.value for each in operations._readings()}
        assert (held["sign_ins_failed"], held["sign_ins_held_up"]) == (4, 1)
        told = [
            found.told for found in doctor._sign_ins(cast.app.extensions["planetarium.settings"])
        ]
        assert told == ["failed sign-ins in 24 hours: 4 wrong, 1 held up by limits"]
    with clock.fixed(hour + timedelta(days=2)):
        assert count_failures() == Failures(0, 0)


def test_counts_are_kept_for_90_days(cast: Cast, noon: datetime) -> None:
    try_password(cast, "member@example.test")
    with clock.fixed(noon + timedelta(days=89)):
        purge_failures()
        assert len(rows()) == 1
    with clock.fixed(noon + timedelta(days=91)):
        purge_failures()
        assert rows() == []


def test_doctor_warns_of_many(cast: Cast, noon: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SIGN_INS_PER_PAIR", 0)
    monkeypatch.setattr(doctor, "MANY_HELD_UP", 2)
    settings = cast.app.extensions["planetarium.settings"]
    levels = []
    for _time in range(2):
        try_password(cast, "member@example.test")
        levels += [found.level for found in doctor._sign_ins(settings)]
    assert levels == ["ok", "warn"]
