"""A large installation out of a small one: every row of every growing table, many times over.

The copies are made by the database itself, one statement a table, so that twenty thousand topics with
all that belongs to them take seconds. A copy's id is its original's plus a multiple of STRIDE, and so are
the ids by which copies refer to copies: comments to their topic, answers to their question. A table
that is empty gets a row first, so that a table which comes later is filled without a word here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import sqlalchemy as sa

from app.kernel import clock
from app.kernel.db import Base, UtcDateTime, db, unit_of_work

# Wider than any id of the originals.
STRIDE = 1_000
# One copy of so many stands in the originals' planet, the others in a planet of their own.
OURS = 4
# Copies that show one original person's name, of 50: the owner has written most of the archive, and
# has had some of everything else.
MUCH, SOME = 25, 1

# Tables that do not grow with people, texts or time, and why: the others are filled.
SETTLED = {
    "installation": "one row",
    "timed_jobs": "a row a job",
    "worker_beats": "a row a worker",
    "provider_cursors": "a row an account at a provider",
    "search_generations": "two rows",
    "plans": "what one planet sells: typed by hand",
    "plan_versions": "as plans",
    "price_steps": "as plans",
    "rules_pages": "typed by hand",
    "series": "typed by hand",
    "former_slugs": "a planet's former addresses",
    "planet_pauses": "typed by hand",
    "income_shares": "agreed by hand",
}
# What is derived from the others and made anew once they are filled.
DERIVED = ("tallies", "tally_parts", "tally_sums", "tally_changes")
# Whose name stands on many copies.
AUTHORS = {"author_id", "addressee_id", "asker_id"}
# Numbers that refer to rows of several tables.
LOOSE_REFERENCES = {"subject_id", "owner_id", "row_id", "target_id"}
# Copies of a member are members of their own; so is what hangs on a person and a planet together.
OWN_PEOPLE = {"memberships", "seat_wishes", "customers"}
# What copies hold instead of their original's value: what is rare by its nature is in none of them.
COPIES_HOLD: dict[tuple[str, str], Any] = {
    ("topics", "pinned_at"): None,
    ("topics", "public_sample_at"): None,
    ("comments", "stuck_at"): None,
    ("memberships", "role"): "member",
    ("memberships", "takes_questions"): False,
    ("memberships", "requested_at"): None,
    ("planets", "listed"): True,
    ("users", "site_admin"): False,
}


# What the first row of an empty table must hold for a page to show it.
ORIGINALS_HOLD: dict[tuple[str, str], Any] = {
    ("funnel_steps", "step"): "view",
}


def growing() -> list[sa.Table]:
    """Return the tables that grow, parents first."""
    left_out = {*SETTLED, *DERIVED}
    return [table for table in Base.metadata.sorted_tables if table.name not in left_out]


def fill(times: int) -> None:
    """Copy every row of every growing table `times` times, in the database of this context."""
    with unit_of_work() as session:
        if db.engine.dialect.name == "postgresql":
            # Copies refer to copies: to have each reference looked up would take three times as long.
            session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        for table in growing():
            if session.scalar(sa.select(sa.func.count()).select_from(table)) == 0:
                session.execute(table.insert().values(_anything(table)))
        for table in growing():
            session.execute(_copies(table, times))
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")


def _anything(table: sa.Table) -> dict[str, Any]:
    """Return a row that the table takes: its own defaults, the first row of each parent."""
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.default is not None or (column.primary_key and column.autoincrement is True):
            continue
        if column.foreign_keys:
            (key,) = column.foreign_keys
            row[column.name] = sa.select(sa.func.min(key.column)).scalar_subquery()
        elif not column.nullable and not _counts_itself(column):
            row[column.name] = _value(column)
    return row


def _counts_itself(column: sa.Column[Any]) -> bool:
    return column is column.table.autoincrement_column


def _value(column: sa.Column[Any]) -> Any:
    kind = column.type
    if isinstance(kind, UtcDateTime):
        return clock.now()
    if isinstance(kind, sa.JSON):
        return {}
    if (column.table.name, column.name) in ORIGINALS_HOLD:
        return ORIGINALS_HOLD[column.table.name, column.name]
    if column.name == "currency":
        return "CNY"
    by_type: dict[type[Any], Any] = {
        bool: False,
        bytes: b"",
        date: clock.now().date(),
        float: 1.0,
        int: 1,
        str: column.name[: getattr(kind, "length", None) or 40],
    }
    return by_type[kind.python_type]


def _copies(table: sa.Table, times: int) -> sa.Insert:
    """Return the statement that copies every row of a table."""
    numbers = sa.select(sa.literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(sa.select(numbers.c.n + 1).where(numbers.c.n < times))
    n = numbers.c.n
    names = unique_names(table)
    values = [
        sa.literal(COPIES_HOLD[table.name, column.name], column.type)
        if (table.name, column.name) in COPIES_HOLD
        else _copy(column, n, times, named=column.name in names)
        for column in table.columns
    ]
    source = sa.select(*values).select_from(table.join(numbers, sa.true()))
    return table.insert().from_select([column.name for column in table.columns], source)


def _copy(column: sa.Column[Any], n: Any, times: int, *, named: bool) -> Any:
    """Return a copy's value of a column: copy number `n`."""
    if column.foreign_keys:
        (key,) = column.foreign_keys
        return column + _step(column, key.column.table.name, n, times) * STRIDE
    if isinstance(column.type, UtcDateTime):
        return _earlier(column, n)
    if isinstance(column.type, sa.String) and named:
        room = (_width(column) or 100) - 6
        return sa.func.substr(column, 1, room).concat(sa.cast(100_000 + n, sa.String(6)))
    whole = isinstance(column.type, sa.Integer | sa.BigInteger)
    if whole and (named or column.primary_key or column.name in LOOSE_REFERENCES):
        return column + n * STRIDE
    return column


def _step(column: sa.Column[Any], parent: str, n: Any, times: int) -> Any:
    """Return which copy of its parent a copy refers to: 0 for the original."""
    if parent in SETTLED or parent == "tags":
        return 0
    if parent == "planets":
        return sa.case((n <= times // OURS, 0), else_=n)
    if parent == "users" and column.table.name not in OWN_PEOPLE:
        kept = MUCH if column.name in AUTHORS else SOME
        return sa.case((n % 50 < kept, 0), else_=n)
    return n


def unique_names(table: sa.Table) -> set[str]:
    """Return the columns that must differ in a copy, for no reference makes their key a different one."""
    keys: Iterable[Iterable[sa.Column[Any]]] = [
        *(
            constraint.columns
            for constraint in table.constraints
            if isinstance(constraint, sa.UniqueConstraint | sa.PrimaryKeyConstraint)
        ),
        *(index.columns for index in table.indexes if index.unique),
    ]
    found: set[str] = set()
    for key in keys:
        columns = list(key)
        if any(_differs(column) for column in columns):
            continue
        texts = [column for column in columns if isinstance(column.type, sa.String)]
        widest = max(texts, key=_width, default=None)
        found.add((widest if widest is not None else columns[-1]).name)
    return found


def _width(column: sa.Column[Any]) -> int:
    return getattr(column.type, "length", None) or 0


def _differs(column: sa.Column[Any]) -> bool:
    """Whether a copy always differs in this column."""
    if column.name in LOOSE_REFERENCES:
        return True
    for key in column.foreign_keys:
        parent = key.column.table.name
        if parent == "users":
            return column.table.name in OWN_PEOPLE
        return parent not in SETTLED and parent not in ("planets", "tags")
    return column.primary_key and isinstance(column.type, sa.Integer | sa.BigInteger)


def _earlier(column: sa.Column[Any], n: Any) -> Any:
    """Return a moment as many hours earlier as the copy's number."""
    if db.engine.dialect.name == "postgresql":
        return column - sa.func.make_interval(0, 0, 0, 0, n)
    moment = sa.func.strftime(
        "%Y-%m-%dT%H:%M:%f000Z", column, sa.literal("-").concat(n).concat(" hours")
    )
    return sa.type_coerce(moment, sa.String())
