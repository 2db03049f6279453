"""What the server does with bodies and heads that nobody should send, for real on the sample application."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import psutil
import pytest
from waitress.adjustments import Adjustments

from bench import load
from bin.serving import channel as channels
from bin.serving.parser import MIB, SMALL_BODY, GuardedParser, ParkingLot
from tests.serving.test_serving import Served, free_port, start

FORM = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\nxyz\r\n--b--\r\n'
)


@pytest.fixture
def served() -> Iterator[Served]:
    """A supervisor with one web process of two threads."""
    port = free_port()
    process = start(port, WEB_THREADS="2")
    load.wait_until_up(port)
    yield Served(port, process)
    process.terminate()
    process.wait(timeout=30)
    assert process.stderr
    process.stderr.close()


def send(served: Served, raw: bytes, *, timeout: float = 20.0) -> bytes:
    """Send bytes and return what is answered until the connection closes or `timeout` passes."""
    with socket.create_connection((load.LOOPBACK, served.port), timeout=timeout) as sock:
        try:
            sock.sendall(raw)
            return b"".join(iter(lambda: sock.recv(65536), b""))
        except (ConnectionError, TimeoutError) as error:
            return repr(error).encode()


def parser(**adjust: object) -> GuardedParser:
    """Return a parser with a parking lot of its own."""
    adjustments = Adjustments(**adjust)
    adjustments.parking = ParkingLot(4 * MIB)
    return GuardedParser(adjustments)


@pytest.mark.parametrize(
    "hosts",
    [
        "Host: a\r\nHost: b\r\n", "Host: a\r\nHost: a\r\n", "Host: a, b\r\n", "Host: a/b\r\n",
        "Host: a b\r\n", "Host: user@a\r\n", "Host: a\\b\r\n", "",
    ],
)  # fmt: skip
def test_two_hosts_or_none_are_refused(served: Served, hosts: str) -> None:
    answer = send(served, f"GET / HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("host", ["a", "a.example:8000", "127.0.0.1:80", "[::1]:8000", "[::1]"])
def test_one_host_of_any_shape_is_taken(served: Served, host: str) -> None:
    answer = send(served, f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_body_that_is_announced_and_empty_hangs_nobody(served: Served, method: str) -> None:
    raw = f"{method} / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    began = time.monotonic()
    assert b" 100 " not in send(served, raw.encode())
    assert time.monotonic() - began < 5


def test_a_large_body_of_nobody_reaches_no_disk(served: Served) -> None:
    web = psutil.Process(served.web_process())
    before = web.io_counters().write_bytes
    size = 24 * MIB
    head = (
        f"POST /upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n"
    )
    answer = send(served, head.encode() + b"x" * size)
    # Whoever sends is heard to the end, and the application answers without the body.
    assert answer.startswith(b"HTTP/1.1 ")
    assert answer.endswith(b"\r\n0")
    assert web.io_counters().write_bytes - before < MIB
    assert send(
        served, head.replace("Host", "Cookie: signed=in\r\nHost").encode() + b"x" * size
    ).endswith(f"\r\n{size}".encode())


def test_chunks_are_counted_like_a_length(served: Served) -> None:
    head = (
        b"POST /upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
    )
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    body = chunk * 40 + b"0\r\n\r\n"
    assert send(served, head + b"\r\n" + body).endswith(b"\r\n0")
    signed = send(served, head + b"Cookie: signed=in\r\n\r\n" + body)
    assert signed.endswith(str(40 * 65536).encode())


def test_who_asks_first_is_told_before_a_byte_is_sent(served: Served) -> None:
    head = "POST /upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n"
    size = 4 * MIB
    refused = send(served, f"{head}Content-Length: {size}\r\n\r\n".encode())
    assert b"100 Continue" not in refused
    with socket.create_connection((load.LOOPBACK, served.port), timeout=20) as sock:
        sock.sendall(f"{head}Cookie: signed=in\r\nContent-Length: {size}\r\n\r\n".encode())
        assert sock.recv(65536).startswith(b"HTTP/1.1 100 Continue")
        sock.sendall(b"x" * size)
        assert b"".join(iter(lambda: sock.recv(65536), b"")).endswith(str(size).encode())


def test_a_message_of_the_server_s_own_cannot_be_sent(served: Served) -> None:
    request = parser()
    request.received(b"POST / HTTP/1.1\r\nHost: x\r\nPlanetarium-Body-Busy: 1\r\n\r\n")
    assert "PLANETARIUM_BODY_BUSY" not in request.headers


def test_uploads_that_wait_hold_no_thread_that_pages_need(served: Served) -> None:
    head = (
        "POST /picture HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(FORM)}\r\n\r\n"
    )
    answers: list[bytes] = []
    sending = [
        threading.Thread(target=lambda: answers.append(send(served, head.encode() + FORM)))
        for _ in range(6)
    ]
    for thread in sending:
        thread.start()
    time.sleep(0.5)
    began = time.monotonic()
    for _ in range(4):
        assert load.fetch(served.port, load.request("/page")).status == 200
    assert time.monotonic() - began < 1.5
    for thread in sending:
        thread.join()
    assert [answer[-1:] for answer in answers] == [b"3"] * 6


def test_all_that_is_parked_has_an_end_and_is_given_back() -> None:
    first, second = parser(), parser()
    second.adj = first.adj
    lot = first.adj.parking
    for request in (first, second):
        request.received(
            f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {3 * MIB}\r\n\r\n".encode()
        )
        request.decide(8 * MIB)
    first.received(b"x" * (3 * MIB))
    assert (first.refused, lot.held) == (False, 3 * MIB)
    second.received(b"x" * (2 * MIB))
    assert second.refused
    assert second.headers["PLANETARIUM_BODY_BUSY"] == "1"
    assert lot.held == 3 * MIB
    second.close()
    first.close()
    assert lot.held == 0


def test_a_form_with_a_file_is_told_from_one_without() -> None:
    def carries(body: bytes, kind: str = "multipart/form-data; boundary=b") -> bool:
        request = parser()
        head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        request.received(head.encode())
        request.received(body)
        return request.carries_file()

    assert carries(FORM)
    assert not carries(FORM.replace(b"a.jpg", b""))
    assert not carries(FORM, "application/x-www-form-urlencoded")
    assert not carries(b"")


def test_a_request_has_so_long_to_come(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        overdue = channels.PatientChannel.overdue
        asking, began = False, 100.0

        def __init__(self, raw: bytes) -> None:
            self.request: GuardedParser | None = parser()
            self.request.received(raw)

    head, body = Slow(b"GET / HT"), Slow(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
    large = Slow(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {16 * MIB}\r\n\r\n".encode())
    late = [
        one.overdue(100.0 + seconds)
        for one in (head, body, large)
        for seconds in (29, 59, 61, 1200)
    ]  # type: ignore[arg-type]
    assert late == [False, True, True, True, False, False, True, True, False, False, False, True]
    assert SMALL_BODY == MIB


def test_a_request_that_does_not_come_is_answered_and_ended(served: Served) -> None:
    assert served.web_process()
    head = b"POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
    request = parser()
    request.received(head)
    answered: list[object] = []

    class Server:
        def add_task(self, channel: object) -> None:
            answered.append(channel)

    late = channels.PatientChannel.__new__(channels.PatientChannel)
    late.requests_lock, late.requests, late.request = threading.Lock(), [], request
    late.server = Server()
    late.give_up()
    assert (answered, request.error.code, late.request) == ([late], 408, None)
