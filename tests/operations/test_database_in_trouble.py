"""The database's writer held by somebody else, no room on its disk, no database at all: pages are read all
the same where they can be, and what is sent is answered in time and lost by nobody."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts.models import UserSession
from app.billing.models import FunnelStep
from app.discussion.models import Comment
from app.factory import create_app
from app.kernel import clock, patience
from app.kernel.db import db, let_nobody_wait, unit_of_work, write_if_free
from app.kernel.errors import Unavailable
from tests.cast import Cast
from tests.conftest import FreshClient, make_settings
from tests.discussion.threads import post
from tests.media.samples import picture
from tests.troubles import disk_full, writer_held

BROWSER = "Mozilla/5.0 (X11; Linux x86_64)"
HOME = {"Referer": "http://localhost/p/orbit"}
# Long enough that no half-empty page of a database takes it.
TEXT = "写了很久的话。" * 130
AT_ONCE = 1.0


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait for long, and nobody know of whoever waited before."""
    monkeypatch.setattr(patience, "WRITING_SECONDS", 0.3)
    monkeypatch.setattr("app.kernel.db._line", patience.Line())


def _seconds(began: float) -> float:
    return time.monotonic() - began


@pytest.mark.usefixtures("hurried")
def test_a_page_waits_for_nothing_that_it_can_go_without(cast: Cast) -> None:
    """The landing page writes a step of the funnel, and a session is refreshed now and then."""
    member, visitor = cast.client("member"), cast.app.test_client()
    asked = [
        (visitor, f"/p/{cast.slug}/about"),
        (member, f"/p/{cast.slug}"),
        (member, "/search?q=星球"),
    ]
    for browser, path in asked:
        # Templates are compiled when they are first drawn.
        browser.get(path)
    with clock.fixed(clock.now() + timedelta(minutes=20)), writer_held():
        began = time.monotonic()
        pages = [who.get(path, headers={"User-Agent": BROWSER}) for who, path in asked]
        took = _seconds(began)
    assert [page.status_code for page in pages] == [200] * len(asked)
    assert took < AT_ONCE * len(pages)
    assert db.session.scalar(sa.select(sa.func.count(FunnelStep.id))) == 0
    with clock.fixed(clock.now() + timedelta(minutes=20)):
        moment = clock.now()
        visitor.get(f"/p/{cast.slug}/about", headers={"User-Agent": BROWSER})
        member.get(f"/p/{cast.slug}")
    assert db.session.scalar(sa.select(sa.func.count(FunnelStep.id))) == 1
    assert db.session.scalar(sa.select(UserSession.last_seen_at)) == moment


@pytest.mark.usefixtures("hurried")
def test_what_is_sent_while_the_writer_is_held_is_answered_and_kept(cast: Cast) -> None:
    topic = post(cast)
    address = f"/p/{cast.slug}/t/{topic}/comments"
    member = cast.client("member")
    with writer_held():
        began = time.monotonic()
        answer = member.post(address, data={"text": "一句话", "csrf_token": "x"}, headers=HOME)
        script = member.post(
            address, data={"text": "一句话"}, headers={"Accept": "application/json"}
        )
        took = _seconds(began)
    assert took < 2 * AT_ONCE
    for one in (answer, script):
        assert (one.status_code, one.headers.get("Retry-After")) == (503, "5")
    assert "一句话" in answer.text and "data-again" in answer.text
    assert answer.headers["X-Request-Id"] in answer.text
    assert script.json is not None
    assert script.json["number"] == script.headers["X-Request-Id"]
    sent_again = member.post(address, data={"text": "一句话", "csrf_token": "x"}, headers=HOME)
    assert sent_again.status_code == 303
    assert db.session.scalar(sa.select(sa.func.count(Comment.id))) == 1


@pytest.mark.usefixtures("hurried")
def test_a_full_disk_is_told_and_reading_goes_on(cast: Cast) -> None:
    topic = post(cast)
    member = cast.client("member")
    address = f"/p/{cast.slug}/t/{topic}/comments"
    # Its pace is counted before the disk is full: a table that is not the one in question.
    member.post(address, data={"text": "还有地方"}, headers=HOME)
    with disk_full("comments"):
        answer = member.post(address, data={"text": TEXT}, headers=HOME)
        assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "60"), answer.text
        assert TEXT in answer.text and "data-again" in answer.text
        assert member.get(f"/p/{cast.slug}").status_code == 200
    assert member.post(address, data={"text": TEXT}, headers=HOME).status_code == 303


def test_no_room_for_a_file_is_no_fault_of_the_page(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any, **_values: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("app.media.storage.DiskStorage.put", refuse)
    answer = cast.client("owner").post(
        f"/p/{cast.slug}/uploads", data={"file": (picture(), "x.png"), "kind": "image"}
    )
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "60"), answer.text


@pytest.fixture(params=["sqlite:///{}/no/such/folder/x.db", "postgresql://nobody@127.0.0.1:9/x"])
def away(request: pytest.FixtureRequest, tmp_path: Path) -> Flask:
    """An application whose database cannot be opened."""
    made = create_app(make_settings(tmp_path, request.param.format(tmp_path)))
    made.test_client_class = FreshClient
    made.config["WTF_CSRF_ENABLED"] = False
    return made


@pytest.mark.parametrize(
    "path", ["/", "/discover", "/p/orbit", "/p/orbit/about", "/sign-in", "/nowhere"]
)
def test_without_a_database_each_page_says_so(away: Flask, path: str) -> None:
    client = away.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = "somebody"
    began = time.monotonic()
    answer = client.get(path)
    assert _seconds(began) < 4 * AT_ONCE
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "15")
    assert answer.headers["X-Request-Id"] in answer.text
    assert "<h1>" in answer.text and "no/such/folder" not in answer.text


def test_without_a_database_what_was_typed_comes_back(away: Flask) -> None:
    answer = away.test_client().post("/p/orbit/t/x/comments", data={"text": "一句话"}, headers=HOME)
    assert answer.status_code == 503
    assert "一句话" in answer.text


def test_a_bug_stays_an_error(app: Flask) -> None:
    with pytest.raises(sa.exc.DBAPIError), unit_of_work() as session:
        session.execute(sa.text("SELECT nothing FROM users"))


@pytest.mark.usefixtures("hurried")
def test_what_can_be_gone_without_is_let_go(app: Flask) -> None:
    def write() -> None:
        db.session.execute(sa.text("UPDATE users SET name = name"))

    with writer_held():
        began = time.monotonic()
        assert not write_if_free(write)
        assert _seconds(began) < AT_ONCE
    assert write_if_free(write)


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_a_page_gives_up_a_table_that_is_locked(app: Flask, tmp_path: Path) -> None:
    web = create_app(make_settings(tmp_path, app.extensions["planetarium.settings"].database_url))
    with web.app_context():
        let_nobody_wait()
        with db.engine.connect() as connection:
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "2s"


def test_one_waits_for_another_process_and_no_crowd_behind() -> None:
    """Else a few who write keep all threads, and nobody reads."""
    line, took, ends = patience.Line(), [], threading.Event()

    def write() -> None:
        began = time.monotonic()
        patience.begin(patience.WRITING_SECONDS)
        try:
            with line.stand() as seconds:
                ends.wait(seconds)
                raise Unavailable("busy")
        except Unavailable:
            took.append(_seconds(began))

    crowd = [threading.Thread(target=write) for _ in range(6)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    took.sort()
    assert took[-1] < 4.6
    # They hold threads for no longer than a reader would wait anyhow.
    assert took[-2] < patience.LINE_SECONDS + 0.4
