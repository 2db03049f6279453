"""Ready selects: the same rows as through the session, at the right moment, on the right connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts.models import User
from app.discussion.models import Draft
from app.kernel.db import db, unit_of_work
from app.kernel.reading import Ready
from app.memberships.models import Membership
from bench.stage import counted
from tests.cast import Cast

_PERSON = Ready(
    sa.select(User.id, User.name, User.site_admin, User.created_at, User.deactivated_at).where(
        User.name == sa.bindparam("name"), User.theme == "auto"
    )
)
_JOINED_SINCE = Ready(
    sa.select(Membership.user_id, sa.exists().where(User.id == Membership.user_id))
    .where(Membership.joined_at >= sa.bindparam("moment", type_=Membership.joined_at.type))
    .order_by(Membership.id)
)


@contextmanager
def counted_connections() -> Iterator[list[object]]:
    made: list[object] = []

    def note(connection: object, _record: object) -> None:
        made.append(connection)

    sa.event.listen(db.engine, "connect", note)
    yield made
    sa.event.remove(db.engine, "connect", note)


def test_rows_are_those_of_the_session(cast: Cast) -> None:
    through_session = db.session.execute(
        sa.select(User.id, User.name, User.site_admin, User.created_at, User.deactivated_at).where(
            User.id == cast.users["owner"]
        )
    ).one()
    row = _PERSON.first(name="林悦")
    assert row is not None
    assert tuple(row) == tuple(through_session)
    assert row[2] is True
    assert row[3].tzinfo is UTC


def test_parameters_are_converted_as_their_columns_are(cast: Cast) -> None:
    moment = datetime.now(UTC) - timedelta(days=365)
    rows = _JOINED_SINCE.rows(moment=moment)
    assert cast.users["owner"] in {row[0] for row in rows}
    assert all(row[1] is True for row in rows)
    assert _JOINED_SINCE.rows(moment=datetime.now(UTC)) == []


def test_json_is_read(cast: Cast) -> None:
    with unit_of_work() as session:
        session.add(
            Draft(
                planet_id=cast.planet_id,
                user_id=cast.users["owner"],
                purpose="post",
                fields={"title": "题"},
                created_at=datetime.now(UTC),
                updated_at=datetime.now(UTC),
            )
        )
    assert Ready(sa.select(Draft.fields)).first() == [{"title": "题"}]


def test_nothing_found_is_none_and_empty(cast: Cast) -> None:
    assert _PERSON.first(name="nobody") is None
    assert _PERSON.rows(name="nobody") == []


def test_a_unit_of_work_reads_what_it_wrote(cast: Cast) -> None:
    with unit_of_work() as session:
        session.get_one(User, cast.users["owner"]).name = "新名"
        assert _PERSON.first(name="新名") is not None
        assert _PERSON.first(name="林悦") is None
    assert _PERSON.first(name="新名") is not None


def test_what_others_commit_is_seen_at_once(cast: Cast) -> None:
    assert _PERSON.first(name="林悦") is not None
    with db.engine.connect().execution_options(writes=True) as other, other.begin():
        other.execute(sa.update(User).where(User.name == "林悦").values(name="别名"))
    assert _PERSON.first(name="林悦") is None
    assert _PERSON.first(name="别名") is not None


def test_an_error_is_sqlalchemys_and_the_next_read_works(cast: Cast) -> None:
    wrong = Ready(sa.select(sa.literal_column("no_such_column")).select_from(User.__table__))
    with pytest.raises(sa.exc.DBAPIError):
        wrong.rows()
    assert _PERSON.first(name="林悦") is not None


def test_a_thread_keeps_one_connection_and_none_of_the_pools(app: Flask, cast: Cast) -> None:
    db.session.remove()
    _PERSON.rows(name="x")
    before = db.engine.pool.checkedout()
    with counted_connections() as made:
        for _ in range(3):
            cast.client("member").get(f"/p/{cast.slug}")
    assert len(made) <= 1  # the session's, where the request needed one
    assert db.engine.pool.checkedout() == before


def test_lists_of_any_length(cast: Cast) -> None:
    some = Ready(
        sa.select(User.name)
        .where(User.id.in_(sa.bindparam("ids", expanding=True)), User.theme == sa.bindparam("t"))
        .where(User.language.in_(["", "en"]))
        .order_by(User.id)
    )
    ids = [cast.users["owner"], cast.users["partner"]]
    assert [row[0] for row in some.rows(ids=ids, t="auto")] == ["林悦", "赵衡"]
    assert [row[0] for row in some.rows(ids=ids[:1], t="auto")] == ["林悦"]
    assert some.rows(ids=[], t="auto") == []
    assert some.rows(ids=ids, t="dark") == []


def test_lists_are_converted_as_their_columns_are(cast: Cast) -> None:
    moments = [row[0] for row in db.session.execute(sa.select(Membership.read_through_at))]
    some = Ready(
        sa.select(sa.func.count()).where(
            Membership.read_through_at.in_(sa.bindparam("moments", expanding=True))
        )
    )
    assert some.first(moments=moments) == [len(moments)]


def test_statements_are_counted(cast: Cast) -> None:
    with counted() as statements:
        _PERSON.first(name="x")
    assert len(statements) == 1
