"""The trail is only added to; a reason alone can be blanked, and that is written down too."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.kernel.audit import BLANKED, AuditEntry, blank_reason, record
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Invalid, NotFound

E = AuditEntry.__table__
TRAIL = sa.select(AuditEntry.action, AuditEntry.reason, AuditEntry.data).order_by(AuditEntry.id)


def written() -> str:
    with unit_of_work() as session:
        record("member.remove", actor_id=None, planet_id=None, subject=("membership", 7),
               reason="何平 在群里骂人", amount=3)  # fmt: skip
        session.flush()
        return str(session.scalars(sa.select(AuditEntry.public_id)).one())


def refused(statement: Any) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="only added to"), unit_of_work() as session:
        session.execute(statement)


@pytest.mark.parametrize(
    "values",
    [
        {"reason": "什么也没发生"},
        {"reason": ""},
        {"action": "member.return"},
        {"data": {"amount": 4}},
        {"subject_id": 8},
        {"reason": BLANKED, "subject_id": None},
        {"reason": BLANKED, "data": {}},
        {"reason": BLANKED, "id": 99},
    ],
)
def test_a_row_is_not_changed(app: Flask, values: dict[str, Any]) -> None:
    written()
    # `tests/guards.py` refuses to write a key over before the database could.
    key = sa.text("UPDATE audit_entries SET id = 99, reason = '[blanked]'")
    refused(key if "id" in values else sa.update(E).values(**values))
    assert db.session.execute(TRAIL).all() == [("member.remove", "何平 在群里骂人", {"amount": 3})]


def test_a_row_is_not_deleted(app: Flask) -> None:
    written()
    refused(sa.delete(E))
    assert len(db.session.execute(TRAIL).all()) == 1


def test_a_reason_is_blanked_and_the_trail_says_so(app: Flask) -> None:
    entry = written()
    with unit_of_work():
        blank_reason(entry, actor_id=None, planet_id=None, why="§ 17 DSGVO")
    assert db.session.execute(TRAIL).all() == [
        ("member.remove", BLANKED, {"amount": 3}),
        ("audit.blank", "§ 17 DSGVO", {"of": "member.remove"}),
    ]
    first, second = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id))
    assert (second.subject_type, second.subject_id) == ("audit_entry", first.id)


def test_only_a_reason_of_this_trail_is_blanked(app: Flask) -> None:
    entry = written()
    with pytest.raises(Invalid, match="required"), unit_of_work():
        blank_reason(entry, actor_id=None, planet_id=None, why="  ")
    with unit_of_work():
        blank_reason(entry, actor_id=None, planet_id=None, why="律师函")
    for gone in (entry, "zzzzzzzzzzzz"):
        with pytest.raises(NotFound), unit_of_work():
            blank_reason(gone, actor_id=None, planet_id=None, why="律师函")
    with unit_of_work():
        record("x", actor_id=None, planet_id=None, subject=("site", None))
    empty = str(db.session.scalar(sa.select(AuditEntry.public_id).where(AuditEntry.reason == "")))
    with pytest.raises(NotFound), unit_of_work():
        blank_reason(empty, actor_id=None, planet_id=None, why="律师函")
