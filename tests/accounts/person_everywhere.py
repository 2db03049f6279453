"""A person in every text column of every table: each with a word of its own, to be looked for afterwards."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from app.kernel.db import Base, UtcDateTime, db
from tests.cast import Cast

MOMENT = datetime(2026, 9, 1, 12, tzinfo=UTC)
# Columns of ours, by their names: references, hashes, codes that we chose. No text of anybody's fits.
CODES = frozenset(
    "public_id token_hash link_hash code_hash password_hash ref order_ref provider_ref subscription_ref"
    " invoice_ref dispute_ref entitlement_ref source_ref plan_ref event_ref object_ref dedupe_key"
    " storage_key thumbnail_key sha256 content_type owner_type subject_type purpose kind state status role"
    " gateway environment account currency mode term pricing duration zone theme grace joining"
    " who_may_post who_may_comment expired_access category accent handler name_of_worker step event"
    " outcome cause what basis basis_mark lane part generation reached terms ends end_wanted applied_print"
    " tail prefix seed dispute tab visitor action worker_beats.name worker_beats.version"
    " timed_jobs.name outbox_events.name search_generations.name users.avatar planets.avatar planets.cover"
    " series.cover planets.slug former_slugs.slug topics.slug tags.key likes.subject_type paid_questions.key"
    " search_blocks.block search_pages.columns planets.language planets.timezone"
    " refunds.token entitlements.source ledger_transactions.source coupons.code orders.coupon"
    " rate_counters.key mail_paces.domain mails.language code_batches.name".split()
)
# What makes a row one that the way out passes by.
FIXED: dict[str, Any] = {
    "orders.kind": "membership",
    "orders.state": "paid",
    "orders.mode": "pass",
    "subscriptions.status": "canceled",
    "outbox_deliveries.state": "done",
    "webhook_events.state": "done",
    "refunds.state": "succeeded",
    "memberships.role": "member",
    "attachments.storage_key": "abcdefghijkl-mnopqrstuvwx",
    "attachments.thumbnail_key": "",
    "audit_entries.subject_type": "membership",
}
# Where the person's own address stands.
ADDRESSES = ("users.email", "sign_ups.email", "refused_addresses.address")
_ANY: dict[type, Any] = {bool: False, date: MOMENT.date(), float: 0.0, bytes: b""}


class Everywhere:
    """Fills the database about one persona; `words` says which column holds which word."""

    def __init__(self, cast: Cast, persona: str) -> None:
        self.words: dict[str, str] = {}
        self._cast, self._persona, self._user = cast, persona, cast.users[persona]
        self._ids: dict[str, Any] = {}

    def fill(self) -> None:
        """Write a row into each table, or the words into the row that the cast has there already."""
        with db.engine.connect().execution_options(writes=True) as connection, connection.begin():
            for table in Base.metadata.sorted_tables:
                self._fill(connection, table)

    def left(self) -> set[str]:
        """Return the columns whose words stand anywhere in the database now."""
        db.session.rollback()
        text = "\n".join(
            str(tuple(row))
            for table in Base.metadata.sorted_tables
            for row in db.session.execute(sa.select(table))
        )
        return {column for column, word in self.words.items() if word in text}

    def _fill(self, connection: sa.Connection, table: sa.Table) -> None:
        present = self._present(connection, table)
        if present is not None:
            self._ids[table.name] = present
            texts = {c.name: self._word(c) for c in table.columns if self._is_text(c)}
            if texts:
                mine = next(iter(table.primary_key)) == present
                connection.execute(sa.update(table).where(mine).values(texts))
            return
        values = {c.name: self._value(c) for c in table.columns if not self._is_own_id(c)}
        made = connection.execute(sa.insert(table).values(values))
        self._ids[table.name] = made.inserted_primary_key[0] if made.inserted_primary_key else None

    def _present(self, connection: sa.Connection, table: sa.Table) -> Any:
        if table.name == "users":
            return self._user
        if table.name == "planets":
            return self._cast.planet_id
        if table.name == "memberships":
            mine = sa.and_(table.c.user_id == self._user, table.c.planet_id == self._cast.planet_id)
        elif table.name in ("entitlements", "user_sessions"):
            links = table.c.get("user_id"), table.c.get("membership_id")
            mine = (
                links[0] == self._user
                if links[0] is not None
                else links[1] == self._ids["memberships"]
            )
        else:
            return None
        return connection.scalar(sa.select(next(iter(table.primary_key))).where(mine).limit(1))

    def _is_own_id(self, column: sa.Column[Any]) -> bool:
        return bool(
            column.primary_key
            and not column.foreign_keys
            and column.type.python_type is int
            and len(column.table.primary_key) == 1
        )

    def _value(self, column: sa.Column[Any]) -> Any:
        name = f"{column.table.name}.{column.name}"
        if name in FIXED:
            return FIXED[name]
        if name == "audit_entries.subject_id":
            return self._cast.actor(self._persona).membership_id
        for key in column.foreign_keys:
            target = key.column.table.name
            return self._user if target == "users" else self._ids.get(target)
        if self._is_text(column):
            return self._word(column)
        if column.nullable:
            return None
        if isinstance(column.type, UtcDateTime):
            return MOMENT
        kind = column.type.python_type
        if kind is str:
            return f"c{len(self._ids)}"[: getattr(column.type, "length", None) or 9]
        return {} if kind is dict else _ANY.get(kind, 1)

    def _is_text(self, column: sa.Column[Any]) -> bool:
        names = {column.name, f"{column.table.name}.{column.name}"}
        if names & CODES or names & set(FIXED) or column.foreign_keys:
            return False
        return isinstance(column.type, sa.String | sa.JSON)

    def _word(self, column: sa.Column[Any]) -> Any:
        name = f"{column.table.name}.{column.name}"
        if name in ADDRESSES:
            name = ADDRESSES[0]
        word = self.words.setdefault(name, f"q{len(self.words):03}z")
        if not isinstance(column.type, sa.JSON):
            return word
        if name == "orders.wish":
            return {"email": word}
        default = column.default.arg if column.default is not None else dict
        is_list = getattr(default, "__name__", "") == "list"
        return [word] if is_list else {"said": word}
