"""Too much of everything: comments, letters, slow clients, large bodies, wrong passwords."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlencode

from bench.crash_people import NO_ANSWER as BROKEN
from bench.faults.fault import Fault, metric, noted
from bench.faults.stage import Stage
from bench.visitor import Visitor
from tests.cast import PASSWORD

COMMENTS, LETTERS, SLOW_CLIENTS, TRIES = 60, 3000, 150, 130
HUGE = 100 * 1024 * 1024
# Another address of this machine, so that its limits are its own.
ELSEWHERE = "127.0.0.9"


@contextlib.contextmanager
def _many_comments(stage: Stage) -> Iterator[None]:
    flooder = Visitor(stage.site.port)
    flooder.sign_in("other@example.test", PASSWORD)
    page = flooder.get(stage.topic)
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    for number in range(COMMENTS):
        fields = {"csrf_token": token, "text": f"flood {number}"}
        stage.notes.append(f"flood: {flooder.post(f'{stage.topic}/comments', fields).status}")
    yield


@contextlib.contextmanager
def _many_letters(stage: Stage) -> Iterator[None]:
    stage.send_letters([f"bulk {n} {time.monotonic_ns()}" for n in range(LETTERS)])
    yield


@contextlib.contextmanager
def _slow_clients(stage: Stage) -> Iterator[None]:
    """Clients that send a byte of their request's head a second."""
    crowd: list[socket.socket] = []
    try:
        for _ in range(SLOW_CLIENTS):
            crowd.append(socket.create_connection(("127.0.0.1", stage.site.port), 5))
            crowd[-1].sendall(b"GET / HTTP/1.1\r\nHost: ")
        for _ in range(45):
            crowd = [one for one in crowd if _drips(one)]
            if not crowd:
                break
            time.sleep(1)
        stage.notes.append(f"slow clients that are left: {len(crowd)}")
        yield
    finally:
        for one in crowd:
            one.close()


def _drips(client: socket.socket) -> bool:
    """Send one byte more; False when the connection was ended."""
    try:
        client.settimeout(0.01)
        client.sendall(b"x")
        with contextlib.suppress(TimeoutError):
            return client.recv(100) == b"still"
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _huge(stage: Stage) -> Iterator[None]:
    somebody = Visitor(stage.site.port)
    somebody.sign_in("member@example.test", PASSWORD)
    for _ in range(3):
        try:
            answer = somebody.send_raw(
                f"{stage.topic}/comments",
                b"x" * HUGE,
                {"Content-Type": "application/x-www-form-urlencoded"},
            )
            stage.notes.append(f"huge: {answer.status}")
        except BROKEN as error:
            stage.notes.append(f"huge: lost {type(error).__name__}")
    yield


@contextlib.contextmanager
def _guesses(stage: Stage) -> Iterator[None]:
    """Somebody elsewhere tries passwords."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", stage.site.port, timeout=30, source_address=(ELSEWHERE, 0)
    )
    connection.request("GET", "/sign-in")
    page = connection.getresponse()
    cookie = (page.headers.get("Set-Cookie") or "").partition(";")[0]
    token = page.read().decode().partition('name="csrf_token" value="')[2].partition('"')[0]
    for number in range(TRIES):
        tried = {"csrf_token": token, "email": "guest@example.test", "password": f"guess {number}"}
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": cookie,
            "Referer": f"http://127.0.0.1:{stage.site.port}/sign-in",
        }
        connection.request("POST", "/sign-in", urlencode(tried), headers)
        answer = connection.getresponse()
        answer.read()
        stage.notes.append(f"guess: {answer.status}")
    yield
    connection.close()


FAULTS = (
    Fault(
        "many-comments",
        "load",
        f"one member sends {COMMENTS} comments as fast as they can",
        _many_comments,
        told=(noted("flood: 429"),),
    ),
    Fault(
        "many-letters",
        "load",
        f"{LETTERS} letters are written at once",
        _many_letters,
        told=(metric("outbox_pending", r"\d{3,}"),),
    ),
    Fault(
        "slow-clients",
        "load",
        f"{SLOW_CLIENTS} clients send a byte a second",
        _slow_clients,
        told=(noted("that are left: 0"),),
    ),
    Fault(
        "huge-bodies",
        "load",
        "comments of 100 MiB",
        _huge,
        told=(noted("huge: 413"),),
    ),
    Fault(
        "many-guesses",
        "load",
        f"{TRIES} passwords are tried from one address",
        _guesses,
        told=(noted("guess: 429"), metric("sign_ins_held_up", "[1-9]")),
    ),
)
