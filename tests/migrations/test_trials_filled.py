"""0032 finds the free trials among entitlements that were granted before it."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade

from app.kernel.db import db

MOMENT = datetime(2026, 9, 1, 12, tzinfo=UTC)
# What stands in a column that must hold something and does not matter here.
_ANY: dict[type, Any] = {
    bool: False,
    int: 1,
    str: "",
    datetime: MOMENT,
    dict: {},
    float: 0.0,
}


class Rows:
    """Writes rows into the tables as they were, with something in each column that wants it."""

    def __init__(self) -> None:
        self.tables = sa.MetaData()
        self.tables.reflect(db.engine)

    def add(self, into: str, **values: Any) -> int:
        """Write a row and return its id."""
        table = self.tables.tables[into]
        for column in table.columns:
            if column.nullable or column.primary_key or column.name in values:
                continue
            if column.server_default is None:
                values[column.name] = self._any(column)
        with db.engine.begin() as connection:
            made = connection.execute(sa.insert(table).values(**values))
        assert made.inserted_primary_key is not None
        return int(made.inserted_primary_key[0])

    def _any(self, column: sa.Column[Any]) -> Any:
        if column.name in ("email", "public_id", "slug", "name_key", "provider_ref"):
            return secrets.token_hex(6)
        try:
            return _ANY.get(column.type.python_type, "")
        except NotImplementedError:
            return "{}"


def trials() -> dict[str, bool]:
    """Return which entitlements are trials, by their references."""
    with db.engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT source_ref, trial FROM entitlements"))
        return {ref: bool(trial) for ref, trial in rows}


def test_0032_tells_trials_from_what_was_paid_for(empty: Flask) -> None:
    upgrade(revision="0040")
    rows = Rows()
    founder = rows.add("users", email="founder@example.test", name="星主")
    planet = rows.add("planets", name="轨道", created_by=founder)
    held: dict[str, tuple[str, int, bool]] = {
        # reference: source, days of trial of the order, whether a payment stands behind it
        "tried": ("trial", 0, False),
        "began": ("invoice", 7, False),
        "charged": ("invoice", 7, True),
        "plain": ("invoice", 0, True),
        # A free first month by a coupon is no trial.
        "unpaid": ("invoice", 0, False),
        "given": ("staff", 7, False),
    }
    for number, (ref, (source, days, paid)) in enumerate(held.items(), start=1):
        user = rows.add("users", email=f"{ref}@example.test", name=ref)
        member = rows.add("memberships", planet_id=planet, user_id=user, number=number)
        plan = rows.add("plans", planet_id=planet)
        version = rows.add("plan_versions", plan_id=plan, created_by=user)
        order = rows.add(
            "orders",
            planet_id=planet,
            user_id=user,
            plan_id=plan,
            plan_version_id=version,
            trial_days=days,
        )
        rows.add("entitlements", membership_id=member, source=source, source_ref=ref)
        if paid:
            rows.add("payments", order_id=order, entitlement_ref=f"{source}:{ref}")
    upgrade(revision="0032")
    assert trials() == {
        "tried": True,
        "began": True,
        "charged": False,
        "plain": False,
        "unpaid": False,
        "given": False,
    }
    downgrade(revision="0040")
    upgrade(revision="0032")
    assert trials()["began"] is True
