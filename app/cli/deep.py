"""`flask doctor --deep`: reads everything an installation holds, and says what is damaged.

It changes nothing and may run while the site does; on a large one it takes minutes and the disk's whole pace.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, and_, func, select, text
from sqlalchemy.exc import DBAPIError

from app.billing.models import LedgerEntry
from app.cli.findings import Finding
from app.cli.media import MEND as MEDIA_MEND
from app.cli.media import describe
from app.kernel.db import Base, db
from app.media.checking import find_faults
from app.media.storage import Storage
from app.search.port import Broken, Engine
from app.search.verifying import verify

BACK = "keep the damaged files, and put the newest sound backup back: docs/operations/backup.md"
_SHOWN = 5
_LONGEST_TOLD = 200
# Which indexes and tables PostgreSQL's own extension for that looks through.
_INDEXES = text(
    "SELECT c.relname, bt_index_check(c.oid, true) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
    "JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'btree' AND c.relname = :name"
)
_NAMES_OF_INDEXES = text(
    "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() ORDER BY indexname"
)


def examine_database() -> Iterator[Finding]:
    """Read the database itself, whatever its tables are."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            yield from _sqlite(connection)
        else:
            yield from _postgresql(connection)


def examine_rest(storage: Storage, engine: Engine) -> Iterator[Finding]:
    """Read what the database means, uploads and index. Its tables must be at head."""
    yield from _references()
    yield from _ledger()
    yield from _media(storage)
    yield from _search(engine)


def _sqlite(connection: Connection) -> Iterator[Finding]:
    try:
        found = [row[0] for row in connection.exec_driver_sql(f"PRAGMA integrity_check({_SHOWN})")]
    except DBAPIError as error:
        found = [_words(error)]
    if found == ["ok"]:
        yield Finding("ok", "every page of the database was read: sound")
    for words in [] if found == ["ok"] else found:
        yield Finding("fail", f"the database is damaged: {words}", BACK)


def _postgresql(connection: Connection) -> Iterator[Finding]:
    """Read every row as text, which unpacks all of it; with amcheck look through indexes too."""
    names = list(Base.metadata.tables)
    rows = 0
    for name in names:
        read = text(f'SELECT count(*), sum(length(t::text)) FROM "{name}" t')  # noqa: S608 - ours
        try:
            with connection.begin_nested():
                rows += connection.execute(read).one()[0]
        except DBAPIError as error:
            yield Finding("fail", f"{name} cannot be read: {_words(error)}", BACK)
    yield Finding("ok", f"{rows:,} rows of {len(names)} tables were read")
    if not connection.scalar(text("SELECT 1 FROM pg_extension WHERE extname = 'amcheck'")):
        told = "indexes were not looked through: the extension amcheck is not there"
        yield Finding("ok", f"{told} (as superuser: CREATE EXTENSION amcheck)")
        return
    yield from _indexes(connection)


def _indexes(connection: Connection) -> Iterator[Finding]:
    names = list(connection.scalars(_NAMES_OF_INDEXES))
    for name in names:
        try:
            with connection.begin_nested():
                connection.execute(_INDEXES, {"name": name}).all()
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", "") == "42501":
                mend = (
                    "as superuser: GRANT EXECUTE ON FUNCTION bt_index_check(regclass, boolean) TO …"
                )
                yield Finding("warn", "indexes were not looked through: no right to", mend)
                return
            yield Finding("fail", f"{name} is damaged: {_words(error)}", f"REINDEX INDEX {name}")
    yield Finding("ok", f"{len(names)} indexes were looked through")


def _references() -> Iterator[Finding]:
    """Every foreign key leads to a row."""
    broken = 0
    with db.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for key in table.foreign_key_constraints:
                there = key.referred_table.alias("there")
                pairs = [(each.parent, there.c[each.column.name]) for each in key.elements]
                lost = select(func.count()).select_from(
                    table.outerjoin(there, and_(*(a == b for a, b in pairs)))
                )
                lost = lost.where(*(a.is_not(None) for a, _ in pairs), pairs[0][1].is_(None))
                if count := connection.scalar(lost):
                    broken += 1
                    names = ", ".join(a.name for a, _ in pairs)
                    told = f"{count} rows of {table.name} refer by {names} to no row"
                    yield Finding("fail", f"{told} of {key.referred_table.name}", BACK)
    if not broken:
        yield Finding("ok", "every reference leads to a row")


def _ledger() -> Iterator[Finding]:
    """Each booking sums to zero in each currency."""
    total = func.sum(LedgerEntry.amount)
    uneven = (
        select(LedgerEntry.transaction_id, LedgerEntry.currency, total)
        .group_by(LedgerEntry.transaction_id, LedgerEntry.currency)
        .having(total != 0)
        .order_by(LedgerEntry.transaction_id)
    )
    found = db.session.execute(uneven).all()
    entries = db.session.scalar(select(func.count()).select_from(LedgerEntry))
    db.session.rollback()
    for booking, currency, off in found[:_SHOWN]:
        yield Finding("fail", f"booking {booking} is off by {off} (minor units) {currency}", BACK)
    if not found:
        yield Finding("ok", f"the ledger's {entries:,} entries sum to zero, booking by booking")


def _media(storage: Storage) -> Iterator[Finding]:
    looked = 0

    def count(so_far: int) -> None:
        nonlocal looked
        looked = so_far

    faults = list(find_faults(storage, deep=True, tell=count))
    db.session.rollback()
    for fault in faults[:_SHOWN]:
        yield Finding("fail", f"upload {describe(fault)}", MEDIA_MEND)
    if len(faults) > _SHOWN:
        yield Finding(
            "fail", f"{len(faults)} uploads in all", "flask media verify --deep names them"
        )
    if not faults:
        yield Finding("ok", f"{looked:,} uploads were read, all as they were sent")


def _search(engine: Engine) -> Iterator[Finding]:
    try:
        found = verify(engine)
    except Broken as error:
        mend = "the worker makes it anew by itself; without one: flask search rebuild"
        yield Finding("fail", f"there is no search index to read: {error}", mend)
        return
    db.session.rollback()
    if found.topic_ids:
        told = (
            f"search: {len(found.topic_ids)} of {found.checked} topics are not indexed as they are"
        )
        yield Finding("fail", told, "flask search verify --repair")
    else:
        yield Finding("ok", f"search: {found.checked:,} topics are indexed as they are")


def _words(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0][:_LONGEST_TOLD]
