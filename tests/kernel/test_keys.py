"""Foreign keys: nobody writes a key over, and what may be deleted is found by an index."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts.models import User
from app.kernel.db import Base, db, unit_of_work
from tests.accounts.browser import Visitor
from tests.cast import Cast
from tests.guards import written_keys

ROOT = Path(__file__).resolve().parents[2]

# Rows of these are never deleted, and no key is ever written over: so neither engine ever asks who
# refers to one of them, and a column that does needs an index only where a page asks by it.
KEPT = {
    "users": "who leaves is deactivated",
    "planets": "a planet stays, closed",
    "topics": "a deleted topic stays as a marker, its address answers for ever",
    "comments": "as topics",
    "plans": "a retired plan stays: orders refer to its terms",
    "plan_versions": "as plans",
    "coupons": "an ended coupon stays: orders refer to it",
    "orders": "books are kept",
    "reminders": "kept, so that nobody is reminded twice",
    "invitations": "kept with what became of them",
}

# What is deleted where a variable names the table.
BY_VARIABLE: dict[str, set[str]] = {
    "app.accounts.actions.sessions": {"sign_ups", "account_tokens", "user_sessions"},
    # All rows at once, of a database that was never whole: nothing is left that refers to another.
    "app.kernel.emptying": set(),
    "app.insights.keeping": {"tally_parts", "tally_sums", "tally_changes"},
}


def lacking() -> dict[tuple[str, str], str]:
    """Return the foreign keys without an index that begins with them, and what they refer to."""
    found: dict[tuple[str, str], str] = {}
    for table in Base.metadata.sorted_tables:
        starts = {_first_columns(index) for index in table.indexes if _covers_all(index)}
        starts |= {
            tuple(column.name for column in constraint.columns)
            for constraint in table.constraints
            if isinstance(constraint, sa.PrimaryKeyConstraint | sa.UniqueConstraint)
        }
        for constraint in table.foreign_key_constraints:
            (name,) = (column.name for column in constraint.columns)
            if not any(start[:1] == (name,) for start in starts):
                found[table.name, name] = constraint.referred_table.name
    return found


def _first_columns(index: sa.Index) -> tuple[str, ...]:
    return tuple(getattr(column, "name", "") for column in index.expressions)


def _covers_all(index: sa.Index) -> bool:
    """Whether an index knows every row that refers to something: all rows, or all that are not NULL."""
    condition = index.dialect_options["sqlite"].get("where")
    first = index.expressions[0]
    return condition is None or str(condition) == f"{first} IS NOT NULL"


def deleting_calls() -> list[tuple[str, str]]:
    """Return (module, name) of every `delete(name)` in the application."""
    calls = []
    for path in sorted((ROOT / "app").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="delete"), args=[ast.Name(id=name)]):
                    calls.append((module, name))
    return calls


def test_every_foreign_key_has_an_index_or_a_reason() -> None:
    without = {key: parent for key, parent in lacking().items() if parent not in KEPT}
    assert without == {}


def test_nothing_deletes_what_is_said_to_be_kept() -> None:
    deleted: set[str] = set()
    for module, name in deleting_calls():
        row = getattr(importlib.import_module(module), name, None)
        if row is not None:
            deleted.add(getattr(row, "__table__", row).name)
        else:
            deleted |= BY_VARIABLE[module]
    assert len(deleted) > 15
    assert deleted & set(KEPT) == set()


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_deleting_looks_through_no_table(app: Flask) -> None:
    """As SQLite itself says it: what it reads to delete a row of a table that is not kept."""
    scans = []
    for table in Base.metadata.sorted_tables:
        if table.name in KEPT or "id" not in table.columns:
            continue
        plan = db.session.connection().exec_driver_sql(
            f"EXPLAIN QUERY PLAN DELETE FROM {table.name} WHERE id = 1"
        )
        scans += [f"{table.name}: {step.detail}" for step in plan if "SCAN" in step.detail]
    assert scans == []


def test_signing_in_writes_no_key(cast: Cast) -> None:
    """Every test refuses such a statement (tests/guards.py); here is the one that did so."""
    for _time in ("the cast's cheap hash is made anew", "nothing is left to write"):
        assert Visitor(cast.app).sign_in("member@example.test").status_code == 303


@pytest.mark.parametrize(
    ("statement", "keys"),
    [
        ("UPDATE users SET id=?, name=? WHERE users.id = ?", [("users", "id")]),
        ("UPDATE users SET name=?,\n id=? RETURNING id", [("users", "id")]),
        (
            "INSERT INTO users (id) VALUES (?) ON CONFLICT (id) DO UPDATE SET id = ?",
            [("users", "id")],
        ),
        ("UPDATE users SET name=(SELECT id FROM topics WHERE id=1) WHERE id=2", []),
        ("UPDATE rate_counters SET id=? WHERE id = ?", []),
    ],
)
def test_the_guard_knows_a_key_when_it_sees_one(
    statement: str, keys: list[tuple[str, str]]
) -> None:
    assert list(written_keys(statement)) == keys


def test_the_guard_looks_at_every_statement(app: Flask) -> None:
    with pytest.raises(AssertionError, match="writes a key"), unit_of_work() as session:
        session.execute(sa.update(User).values(id=User.id))
