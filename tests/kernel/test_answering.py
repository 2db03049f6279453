"""A PostgreSQL that stopped answering is told from one that is slow, and nobody waits for it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.kernel import answering, patience
from app.kernel.answering import Presence
from app.kernel.db import db
from app.kernel.troubles import find_trouble


@pytest.fixture
def presence(monkeypatch: pytest.MonkeyPatch) -> Presence:
    """What this process knows: nothing yet. First questions come soon."""
    answering.watch()
    made = Presence()
    monkeypatch.setattr(answering, "presence", made)
    monkeypatch.setattr(answering, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(answering, "PATIENT_LOOK_SECONDS", 0.2)
    monkeypatch.setattr(answering, "ANSWER_SECONDS", 0.3)
    return made


@pytest.fixture
def in_request() -> Iterator[None]:
    """Somebody waits for a page."""
    patience.begin(patience.READING_SECONDS)
    yield
    patience.end()


@pytest.fixture
def stopped() -> Iterator[int]:
    """The port of a server that takes callers and says nothing, as one that was stopped by a signal."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def test_a_silent_server_is_known_at_once_the_second_time(presence: Presence, stopped: int) -> None:
    assert not presence.ask("127.0.0.1", stopped)
    assert presence.is_warned
    began = time.monotonic()
    assert not presence.ask("127.0.0.1", stopped)
    assert time.monotonic() - began < answering.ANSWER_SECONDS


def test_a_refusal_is_an_answer(presence: Presence) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    assert presence.ask("127.0.0.1", port), "connecting tells why it does not work"


@pytest.mark.usefixtures("in_request")
def test_a_page_does_not_wait_to_reach_a_silent_server(presence: Presence, stopped: int) -> None:
    engine = sa.create_engine(f"postgresql+psycopg://x@127.0.0.1:{stopped}/x")
    began = time.monotonic()
    with pytest.raises(OperationalError) as caught:
        engine.connect()
    assert time.monotonic() - began < 1
    assert find_trouble(caught.value) == "away"


@pytest.mark.parametrize("engine_name", ["postgresql"])
@pytest.mark.usefixtures("in_request")
def test_a_slow_answer_is_waited_for(app: Flask, presence: Presence) -> None:
    slow = "SELECT pg_sleep(0.6), 7"
    assert db.session.execute(sa.text(slow)).one()[1] == 7
    assert not presence.is_warned


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_an_answer_that_never_comes_ends_the_connection(
    app: Flask, presence: Presence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "_answers", lambda *_args: False)
    began = time.monotonic()
    with pytest.raises(OperationalError) as caught:
        db.session.execute(sa.text("SELECT pg_sleep(20)"))
    assert time.monotonic() - began < 2
    assert find_trouble(caught.value) == "away"
    monkeypatch.undo()
    db.session.rollback()
    assert db.session.scalar(sa.text("SELECT 1")) == 1, "with a new connection"


def test_a_server_that_greets_is_there(presence: Presence) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def greet() -> None:
            caller, _address = server.accept()
            with caller:
                caller.recv(8)
                caller.sendall(b"N")

        thread = threading.Thread(target=greet)
        thread.start()
        assert presence.ask("127.0.0.1", server.getsockname()[1])
        thread.join()


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_connections_are_of_the_kind_that_watches(app: Flask) -> None:
    held = db.session.connection().connection.driver_connection
    assert isinstance(held, answering.Connection)
    assert isinstance(held, psycopg.Connection)
