"""Every page on a large installation: what it reads does not grow with what there is.

Asked are all GET rows of the permission grid, on twenty thousand topics with all that belongs to them. On
SQLite the engine's own instructions are counted, which are the same on a busy machine as on a quiet one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade

from app.discussion.models import Topic
from app.factory import create_app
from app.insights import keep_tallies
from app.kernel.db import db
from tests.cast import Cast
from tests.conftest import FreshClient, make_settings
from tests.growth.filling import SETTLED, fill
from tests.growth.watching import GRAIN, Sent, is_query, scanned, watched
from tests.policy.grid_rows import COLUMNS
from tests.policy.stage import furnish
from tests.policy.test_routes import GRID

# 13 topics of the scene, so often: 20,813 in all, 5,213 of them in the planet that is looked at.
TIMES = 1_600
MOST_STATEMENTS = 25
MOST_TOLD = 500
MOST_INSTRUCTIONS = 60_000
# A file of everything, asked for by hand.
WHOLE = "a download of all there is"
# What pages are allowed to read in thousands of instructions, and why it is more than others.
DEAR: dict[str, tuple[int, str]] = {
    "GET {p}/subscriptions/export": (900, WHOLE),
    "GET {p}": (200, "whose time is over walks past what came since, up to what is left to them"),
    "GET {p}/columns": (300, "a column is counted for each reader"),
    "GET {p}/columns/{series}": (300, "a column stands on one page, where it is put in order"),
}
# Pages that send more statements, as many for each reader and every size, and why.
MANY: dict[str, tuple[int, str]] = {
    "GET {p}/orders/{order}": (34, "an open order is asked about and booked before it is shown"),
}
# As whom each page is asked, if they get as far as the page.
READERS = ("owner", "member", "visitor", "expired", "stranger")


# Where those outside see a page of their own.
BOTH = ("GET {p}", "GET {p}/about", "GET {p}/buy", "GET {p}/people/{u_guest}")


@dataclass(frozen=True)
class Asked:
    """A page as one person got it."""

    row: str
    reader: str
    status: int
    sent: list[Sent]

    @property
    def instructions(self) -> int:
        """How many of SQLite's instructions all its statements took."""
        return sum(sent.steps for sent in self.sent) * GRAIN

    def __str__(self) -> str:
        return f"{self.row} as {self.reader}"


@pytest.fixture
def large(
    engine_name: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Cast, dict[str, str]]]:
    """The stage of the grid in a database of its own, many times over."""
    url = ""
    if engine_name == "postgresql":
        server = sa.make_url(request.getfixturevalue("postgres_url"))
        with sa.create_engine(server, isolation_level="AUTOCOMMIT").connect() as connection:
            connection.exec_driver_sql("DROP DATABASE IF EXISTS large")
            connection.exec_driver_sql("CREATE DATABASE large")
        url = server.set(database="large").render_as_string(hide_password=False)
    app = create_app(make_settings(tmp_path_factory.mktemp("large"), url))
    app.test_client_class = FreshClient
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context():
        upgrade()
        scene, names = furnish(app)
        fill(TIMES)
        keep_tallies()
        yield scene.cast, names
        db.session.remove()
        db.engine.dispose()


def ask(app: Flask, cast: Cast, names: dict[str, str]) -> Iterator[Asked]:
    """Get every page of the grid as those who may."""
    for row, letters in GRID.items():
        if not row.startswith("GET "):
            continue
        address = row.split(" ")[1].format(**names)
        far = dict(zip(COLUMNS, letters.replace(" ", ""), strict=True))
        inside = [reader for reader in READERS if far[reader] == "A"]
        for reader in inside if row in BOTH else inside[:3]:
            client = app.test_client()
            if reader != "visitor":
                with client.session_transaction() as session:
                    session["_user_id"] = f"session-secret-of-{reader}-{cast.planet_id}"
            with watched() as watch:
                answer = client.get(address)
            yield Asked(row, reader, answer.status_code, watch.sent)


def trouble_with(asked: Asked) -> Iterator[str]:
    """Yield what is wrong with a page, but for its plans."""
    if asked.status >= 400:
        yield f"{asked} answered {asked.status}"
    most, _why = MANY.get(asked.row, (MOST_STATEMENTS, ""))
    if len(asked.sent) > most:
        yield f"{asked} sends {len(asked.sent)} statements"
    thousands, _why = DEAR.get(asked.row, (0, ""))
    if asked.instructions > max(MOST_INSTRUCTIONS, thousands * 1_000):
        dearest = max(asked.sent, key=lambda sent: sent.steps)
        yield (
            f"{asked} takes {asked.instructions:,} instructions, {dearest.steps * GRAIN:,} of them for "
            f"{dearest.statement[:MOST_TOLD]}"
        )


def test_no_page_grows_with_what_there_is(large: tuple[Cast, dict[str, str]]) -> None:
    cast, names = large
    assert db.session.query(Topic).count() > 20_000
    troubles: list[str] = []
    queries: dict[str, tuple[Asked, Sent]] = {}
    for asked in ask(cast.app, cast, names):
        troubles += trouble_with(asked)
        queries |= {sent.statement: (asked, sent) for sent in asked.sent if is_query(sent)}
    assert len(queries) > 150
    for asked, sent in queries.values():
        ends = scanned(sent) & set(sa.inspect(db.engine).get_table_names()) - set(SETTLED)
        if ends:
            troubles.append(f"{asked} reads all of {sorted(ends)} for {sent.statement[:MOST_TOLD]}")
    assert not troubles, "\n".join(troubles)
