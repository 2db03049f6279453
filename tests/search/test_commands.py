"""The keeper's commands, with the engine that is meant for the database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from click.testing import Result
from flask import Flask

from app.cli import doctor, search
from app.outbox.delivery import deliver_due
from app.search.port import Broken, Engine, Entry
from tests.cast import Cast
from tests.discussion.threads import say
from tests.discussion.writing import post


@pytest.fixture
def engine(app: Flask) -> Iterator[Engine]:
    """Return the application's own engine, without an index; without one again afterwards."""
    folder = app.extensions["planetarium.settings"].index_dir
    shutil.rmtree(folder, ignore_errors=True)
    found: Engine = app.extensions["planetarium.search"]
    yield found
    shutil.rmtree(folder, ignore_errors=True)


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(search.command, arguments)


def test_without_an_index_each_command_says_so(app: Flask, engine: Engine) -> None:
    for command in ("stats", "verify"):
        result = run(app, command)
        assert result.exit_code == 1
        assert "there is no index" in result.output
    settings = app.extensions["planetarium.settings"]
    assert [one.level for one in doctor._search(settings)] == ["warn"]
    with pytest.raises(Broken):
        engine.cursor()


def test_an_index_is_made_compared_and_mended(app: Flask, engine: Engine, cast: Cast) -> None:
    refs = [post(cast, title=title) for title in "甲乙丙"]
    say(cast, "member", refs[0].public_id, "评论")
    result = run(app, "rebuild")
    assert "3 topics, 4 texts indexed" in result.output, result.output
    assert run(app, "verify").output == "3 topics compared\nno difference\n"
    deliver_due()
    assert "waiting     4, " in run(app, "stats").output
    run(app, "follow")
    assert "waiting     0, " in run(app, "stats").output
    settings = app.extensions["planetarium.settings"]
    assert [one.level for one in doctor._search(settings)] == ["ok"]
    engine.apply([Entry(refs[1].id, None)], cursor=engine.cursor())
    result = run(app, "verify")
    assert (result.exit_code, "1 missing: 2\n" in result.output) == (1, True), result.output
    assert "1 topics indexed anew" in run(app, "verify", "--repair").output
    assert run(app, "verify").exit_code == 0
