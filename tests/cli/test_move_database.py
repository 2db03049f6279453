"""`flask move-database`: everything from one engine to the other and back, nothing lost, doubled or mixed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from app.accounts.models import User
from app.billing.models import LedgerEntry
from app.cli.moving import copying, rows
from app.discussion.models import Comment
from app.factory import create_app, create_web
from app.kernel import schema
from app.kernel.db import Base, db, unit_of_work
from app.outbox.actions import beat
from app.outbox.models import OutboxEvent
from app.planets.models import Planet
from app.search.changes import head
from app.search.history import History
from app.search.models import SearchChange
from tests.cast import Cast, assemble
from tests.conftest import NOON, make_settings
from tests.discussion.threads import post, say, the_comment
from tests.policy.asked_and_paid import ASKERS, play
from tests.policy.stage import furnish
from tests.troubles import writer_held

Places = Callable[[str], str]


@pytest.fixture
def places(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Places]:
    """Return a function that makes an empty database of an engine, and returns its address."""
    server = sa.make_url(request.getfixturevalue("postgres_url"))
    maker = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    made: list[str] = []

    def make(engine: str) -> str:
        if engine == "sqlite":
            made.append("")
            return f"sqlite:///{tmp_path / f'moved{len(made)}.db'}"
        made.append(f"moved{len(made)}")
        with maker.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {made[-1]} WITH (FORCE)")
            connection.exec_driver_sql(f"CREATE DATABASE {made[-1]}")
        return server.set(database=made[-1]).render_as_string(hide_password=False)

    yield make
    with maker.connect() as connection:
        for name in filter(None, made):
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    maker.dispose()


@pytest.fixture
def target(places: Places, engine_name: str) -> str:
    """An empty database of the other engine."""
    return places(other(engine_name))


def other(engine: str) -> str:
    return "postgresql" if engine == "sqlite" else "sqlite"


def move(app: Flask, url: str, *options: str, **given: str) -> Result:
    return app.test_cli_runner().invoke(args=["move-database", url, *options], **given)  # type: ignore[arg-type]


def digests() -> dict[str, tuple[int, str]]:
    """What stands in each table of the present application's database."""
    with db.engine.connect() as connection:
        return {table.name: rows.digest(connection, table) for table in rows.list_tables()}


def plant_scene(app: Flask) -> None:
    furnish(app)


def plant_paid(app: Flask) -> None:
    play(assemble(app), ASKERS[0])


@pytest.mark.parametrize("plant", [plant_scene, plant_paid])
def test_there_and_back_is_the_same(
    app: Flask,
    noon: object,
    plant: Callable[[Flask], None],
    places: Places,
    engine_name: str,
    tmp_path: Path,
) -> None:
    plant(app)
    before = digests()
    assert sum(count for count, _ in before.values()) > 100
    there, back = places(other(engine_name)), places(engine_name)
    moved = move(app, there, "--yes")
    assert moved.exit_code == 0, moved.output
    assert "Moved: every table has the same rows" in moved.output
    assert digests() == before
    second = create_app(make_settings(tmp_path / "second", there))
    with second.app_context():
        assert digests() == before
        _refuse_to_change_the_ledger()
        again = move(second, back, "--yes")
        assert again.exit_code == 0, again.output
        db.engine.dispose()
    third = create_app(make_settings(tmp_path / "third", back))
    with third.app_context():
        assert digests() == before
        db.engine.dispose()


def _refuse_to_change_the_ledger() -> None:
    with db.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError):
        connection.execute(sa.update(LedgerEntry).values(amount=0))
        if not connection.scalar(sa.select(sa.func.count()).select_from(LedgerEntry)):
            raise sa.exc.DBAPIError("", None, Exception("there is nothing to refuse"))


def test_what_engines_hold_differently_arrives_whole(
    app: Flask, cast: Cast, noon: object, target: str, tmp_path: Path
) -> None:
    words = "𠮷野家 🪐 e\u0301 'quoted' \\ %s :x \r\n"
    data = {"词": words, "none": None, "nul": "\0", "deep": [1, 2.5, True, {"z": 1, "a": 10**17}]}
    topic = post(cast)
    first, second = (the_comment(say(cast, "member", topic)).id for _ in range(2))
    with unit_of_work() as session:
        session.add(OutboxEvent(name="test.happened", payload=data, created_at=NOON))
        planet = session.get_one(Planet, cast.planet_id)
        planet.intro = words
        # No row of ours refers to a later one; a database that somebody mended might.
        session.get_one(Comment, first).quote_id = second
    if db.engine.dialect.name == "sqlite":
        with unit_of_work() as session:
            session.get_one(Planet, cast.planet_id).intro = f"a\0b{words}"
    before = digests()
    assert move(app, target, "--yes").exit_code == 0
    with create_app(make_settings(tmp_path / "moved", target)).app_context():
        assert digests() == before
        event = db.session.query(OutboxEvent).filter_by(name="test.happened").one()
        assert event.payload == data
        assert db.session.get_one(Planet, cast.planet_id).intro.endswith(words)
        assert db.session.get_one(Comment, first).quote_id == second
        db.engine.dispose()


def test_ids_go_on_where_they_were(
    app: Flask, cast: Cast, noon: object, target: str, tmp_path: Path
) -> None:
    post(cast)
    with unit_of_work() as session:
        session.add(gone := SearchChange(topic_id=1, part="topic", row_id=1, at=NOON))
        session.flush()
        last = gone.id
        session.delete(gone)
    assert move(app, target, "--yes").exit_code == 0
    with create_app(make_settings(tmp_path / "moved", target)).app_context():
        with unit_of_work() as session:
            session.add(new := SearchChange(topic_id=1, part="topic", row_id=1, at=NOON))
            session.flush()
            assert new.id == last + 1
            session.add(event := OutboxEvent(name="test.happened", payload={}, created_at=NOON))
            session.flush()
            assert event.id > 0
        post(cast)
        db.engine.dispose()


def test_an_index_in_files_is_believed_further(
    app: Flask, cast: Cast, noon: object, target: str, tmp_path: Path
) -> None:
    with unit_of_work() as session:
        session.add(SearchChange(topic_id=1, part="topic", row_id=1, at=NOON))
    history = History(tmp_path / "index")
    history.note(cursor := head())
    assert move(app, target, "--yes").exit_code == 0
    with create_app(make_settings(tmp_path / "moved", target)).app_context():
        history.check(cursor)
        db.engine.dispose()


@pytest.fixture
def stopping(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that lets somebody press Ctrl-C before the nth batch is written."""
    write = copying._write
    monkeypatch.setattr(rows, "BATCH", 2)

    def stop(at: int) -> None:
        left = iter(range(at))

        def broken(*arguments: object) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt
            write(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(copying, "_write", broken)

    return stop


def test_broken_off_it_goes_on(
    app: Flask,
    cast: Cast,
    noon: object,
    target: str,
    stopping: Callable[[int], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    topic = post(cast)
    for _ in range(5):
        say(cast, "member", topic)
    before = digests()
    for batches in (0, 3, 5):
        stopping(batches)
        broken = move(app, target, "--yes")
        assert broken.exit_code == 1
        assert "Broken off. Run it again: it goes on." in broken.output
    half = make_settings(tmp_path / "moved", target)
    monkeypatch.setattr("app.factory.load_settings", lambda: half)
    with pytest.raises(SystemExit, match="a move into this database was broken off"):
        create_web()
    with create_app(half).app_context():
        assert "broken off" in (schema.find_trouble("any") or "")
        db.engine.dispose()
    stopping(10**6)
    ended = move(app, target, input="move\n")
    assert ended.exit_code == 0, ended.output
    assert "it goes on after" in ended.output
    with create_app(half).app_context():
        assert schema.find_unfinished() is None
        assert digests() == before
        db.engine.dispose()


def test_what_was_broken_off_is_gone_on_with_only_when_nothing_was_written_since(
    app: Flask,
    cast: Cast,
    noon: object,
    target: str,
    stopping: Callable[[int], None],
    tmp_path: Path,
) -> None:
    stopping(20)
    assert move(app, target, "--yes").exit_code == 1
    post(cast)
    stopping(10**6)
    assert "begin anew: --anew" in move(app, target, "--yes").output
    before = digests()
    assert move(app, target, "--yes", "--anew").exit_code == 0
    with create_app(make_settings(tmp_path / "moved", target)).app_context():
        assert digests() == before
        db.engine.dispose()


def test_what_differs_is_told(
    app: Flask, cast: Cast, noon: object, target: str, stopping: Callable[[int], None]
) -> None:
    """Words that were edited since change no count: the checksums see them."""
    stopping(6)
    assert move(app, target, "--yes").exit_code == 1
    with unit_of_work() as session:
        session.get_one(User, cast.users["owner"]).name = "改过"
    stopping(10**6)
    told = move(app, target, "--yes")
    assert told.exit_code == 1
    assert "What arrived differs: users (" in told.output


def test_a_target_with_rows_is_left_alone(
    app: Flask, cast: Cast, noon: object, target: str, tmp_path: Path
) -> None:
    assert move(app, target, "--yes").exit_code == 0
    for options in (("--yes",), ("--yes", "--anew")):
        refused = move(app, target, *options)
        assert refused.exit_code == 1
        assert "a Planetarium with rows of its own" in refused.output
    engine = sa.create_engine(target)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE tulips (id INTEGER)")
        connection.exec_driver_sql("DROP TABLE alembic_version")
    engine.dispose()
    assert "tables of something else" in move(app, target, "--yes").output
    assert cast.planet_id


def test_nobody_else_is_at_work(app: Flask, cast: Cast, noon: object, target: str) -> None:
    with writer_held():
        assert "Somebody is writing" in move(app, target, "--yes").output
    beat("w1", "1")
    assert "A worker was heard" in move(app, target, "--yes").output
    assert set(sa.inspect(sa.create_engine(target)).get_table_names()) == set()


def test_whoever_lets_go_within_seconds_is_waited_for(
    app: Flask, cast: Cast, noon: object, target: str
) -> None:
    """PostgreSQL sweeps its tables when it likes, and gives way to who waits."""
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with app.app_context(), writer_held():
            held.set()
            let_go.wait(1.5)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(hold)
        assert held.wait(5)
        moved = move(app, target, "--yes")
    assert moved.exit_code == 0, moved.output


def test_a_look_changes_nothing(app: Flask, cast: Cast, noon: object, target: str) -> None:
    looked = move(app, target, input="no\n")
    assert "Nothing was changed" in looked.output
    assert f"Rows: {sum(n for n, _ in digests().values())} in" in looked.output
    assert sa.inspect(sa.create_engine(target)).get_table_names() == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://x/y", "must start with postgresql://"),
        ("sqlite:///moved.db", "whole path"),
        ("sqlite:///", "whole path"),
        ("sqlite:////nowhere/at/all.db", "make its folder"),
    ],
)
def test_an_address_that_is_none(app: Flask, url: str, words: str) -> None:
    assert words in move(app, url, "--yes").output


def test_its_own_database_is_no_target(app: Flask) -> None:
    url = db.engine.url.render_as_string(hide_password=False)
    assert "the database that is in use" in move(app, url, "--yes").output


def test_each_column_is_of_a_known_kind() -> None:
    """A new kind of column has to be thought of: is it read as the same on both engines?"""
    known = (
        *(sa.BigInteger, sa.Integer, sa.String, sa.Text, sa.Boolean, sa.JSON, sa.Date),
        *(sa.LargeBinary, type(Base.metadata.tables["users"].c.created_at.type)),
    )
    columns = [column for table in rows.list_tables() for column in table.columns]
    assert [str(column) for column in columns if not isinstance(column.type, known)] == []
