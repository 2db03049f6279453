"""The unit of work and the column types, on both engines."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.factory import create_app
from app.kernel.audit import AuditEntry, record
from app.kernel.db import db, sqlite_checkpoint_is_safe, unit_of_work
from tests.conftest import make_settings


def _write(action: str) -> None:
    record(action, actor_id=None, planet_id=None, subject=("site", None))


def test_unit_of_work_keeps_all_or_nothing(app: Flask) -> None:
    with unit_of_work():
        _write("kept")
    with pytest.raises(RuntimeError, match="on purpose"), unit_of_work():
        _write("lost")
        db.session.flush()
        raise RuntimeError("on purpose")
    assert db.session.scalars(sa.select(AuditEntry.action)).all() == ["kept"]


def test_units_of_work_do_not_nest(app: Flask) -> None:
    with pytest.raises(RuntimeError, match="nest"), unit_of_work(), unit_of_work():
        pass
    with unit_of_work():
        _write("works again")


def test_times_come_back_aware_and_in_utc(app: Flask) -> None:
    shanghai = timezone(timedelta(hours=8))
    with unit_of_work() as session:
        session.add(
            AuditEntry(
                at=datetime(2026, 9, 16, 20, 0, 0, 123456, tzinfo=shanghai),
                action="x",
                subject_type="site",
            )
        )
    db.session.remove()
    found = db.session.scalars(sa.select(AuditEntry.at)).one()
    assert found.isoformat() == "2026-09-16T12:00:00.123456+00:00"


def test_naive_times_are_refused(app: Flask) -> None:
    with pytest.raises(sa.exc.StatementError, match="naive"):
        db.session.execute(
            sa.select(AuditEntry).where(AuditEntry.at == datetime(2026, 9, 16))  # noqa: DTZ001
        )
    db.session.rollback()


@pytest.mark.parametrize(
    ("version", "safe"),
    [((3, 40, 1), False), ((3, 50, 7), True), ((3, 51, 2), False), ((3, 51, 3), True)],
)
def test_versions_with_the_wal_reset_bug_are_known(
    version: tuple[int, int, int], safe: bool
) -> None:
    assert sqlite_checkpoint_is_safe(version) is safe


def test_sqlite_is_set_up_to_lose_nothing(tmp_path: Path) -> None:
    # An application of its own: the one of other tests waits for no disk.
    with create_app(make_settings(tmp_path)).app_context(), db.engine.connect() as connection:
        read = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert read == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 2000,
    }
