"""The supervisor and its web processes, started for real on the sample application."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bench import load
from bench.sample_app import BIG
from bin.serving.supervisor import Child, ServingError, Supervisor, listen

ROOT = Path(__file__).resolve().parents[2]
APPLICATION = "bench.sample_app:create_app"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind((load.LOOPBACK, 0))
        return int(sock.getsockname()[1])


def start(port: int, *, app: str = APPLICATION, **environment: str) -> subprocess.Popen[str]:
    """Start `bin/serve` without a worker."""
    return subprocess.Popen(
        [sys.executable, "-m", "bin.serving", "--no-worker", "--app", app],
        cwd=ROOT,
        env=os.environ | {"PORT": str(port), "HOST": load.LOOPBACK} | environment,
        stderr=subprocess.PIPE,
        text=True,
    )


class Served:
    """A running supervisor."""

    def __init__(self, port: int, process: subprocess.Popen[str]) -> None:
        self.port = port
        self.process = process

    def web_process(self) -> int:
        """Return the id of the process that answers."""
        raw = load.request("/whoami", close=True)
        return int(json.loads(load.fetch(self.port, raw).body())["pid"])


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


def test_a_killed_web_process_is_replaced_and_no_connection_refused(served: Served) -> None:
    before = served.web_process()
    os.kill(before, signal.SIGKILL)
    assert served.web_process() != before


def test_a_request_in_hand_is_answered_after_sigterm(served: Served) -> None:
    answers: list[int] = []

    def ask() -> None:
        answers.append(load.fetch(served.port, load.request("/sleep/1.0")).status)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.4)
    served.process.send_signal(signal.SIGTERM)
    asking.join()
    assert served.process.wait(timeout=30) == 0
    assert answers == [200]


def test_children_end_when_the_supervisor_is_killed_outright() -> None:
    port = free_port()
    process = start(port)
    load.wait_until_up(port)
    web = psutil.Process(Served(port, process).web_process())
    process.kill()
    process.communicate()
    assert web.wait(timeout=30) is None or not web.is_running()


LAST_WORDS = """
import signal, sys, time
def end(*_):
    time.sleep(float(sys.argv[2]))
    with open(sys.argv[1], "a") as file:
        file.write(sys.argv[3])
    sys.exit()
signal.signal(signal.SIGTERM, end)
time.sleep(60)
"""


def test_the_worker_is_stopped_when_web_has_ended(tmp_path: Path) -> None:
    """What is written last is still put away: the worker makes SQLite's last check-point."""
    told = tmp_path / "told"
    supervisor = Supervisor(
        [
            Child(name, (sys.executable, "-c", LAST_WORDS, str(told), seconds, name[0]))
            for name, seconds in (("site", "0.5"), ("worker", "0"))
        ]
    )
    for child in supervisor.children:
        supervisor._start(child)
    time.sleep(1.0)
    supervisor._stop_all()
    assert told.read_text() == "sw"


def test_slow_bodies_hold_no_thread(served: Served) -> None:
    head = b"POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nbody="
    slow = [socket.create_connection((load.LOOPBACK, served.port)) for _ in range(20)]
    for sock in slow:
        sock.sendall(head)
    assert load.fetch(served.port, load.request("/page")).status == 200
    for sock in slow:
        sock.close()


def test_slow_readers_hold_no_thread_and_get_every_byte(served: Served) -> None:
    slow = []
    for path in ("/big", "/file", "/big"):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect((load.LOOPBACK, served.port))
        sock.sendall(load.request(path, close=True))
        slow.append(sock)
    assert load.fetch(served.port, load.request("/page")).status == 200
    received = 0
    while data := slow[2].recv(65536):
        received += len(data)
    assert received > len(BIG)
    for sock in slow:
        sock.close()


def test_streamed_answers_arrive_whole_to_many_at_once(served: Served) -> None:
    bodies: list[int] = []

    def ask() -> None:
        found = load.fetch(served.port, load.request("/stream", close=True), timeout=60)
        bodies.append(found.body().count(b"x"))

    asking = [threading.Thread(target=ask) for _ in range(8)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert bodies == [2_000_000] * 8


def test_the_application_sees_forwarded_headers_and_no_server_name(served: Served) -> None:
    raw = load.request("/whoami", headers={"X-Forwarded-For": "203.0.113.7"}, close=True)
    found = load.fetch(served.port, raw)
    assert json.loads(found.body())["forwarded"] == "203.0.113.7"
    assert b"\r\nServer:" not in bytes(found.buffer)


def test_several_web_processes_share_the_port() -> None:
    port = free_port()
    process = start(port, WEB_PROCESSES="2", WEB_THREADS="1")
    load.wait_until_up(port)
    children = psutil.Process(process.pid).children()
    process.terminate()
    _, errors = process.communicate(timeout=30)
    assert (len(children), process.returncode, errors) == (2, 0, "")


def test_a_port_in_use_names_the_variable(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind((load.LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServingError, match=f"Port {port} is in use.*PORT={port + 1}"):
            listen(load.LOOPBACK, port)


def test_an_unknown_host_is_said() -> None:
    with pytest.raises(ServingError, match=r"HOST=203\.0\.113\.7"):
        listen("203.0.113.7", 0)


def test_a_wrong_number_is_said() -> None:
    process = start(free_port(), WEB_THREADS="many")
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert errors == "WEB_THREADS=many is not a number from 1 to 256.\n"


def test_an_application_that_cannot_start_ends_all() -> None:
    process = start(free_port(), app="bench.sample_app:no_such_factory")
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "web ended at once" in errors
