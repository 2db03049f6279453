"""Which WSGI server? `bin/bench server [NAME ...] [--seconds S] [--slow N] [--port P]`.

Serves `bench/sample_app.py` by each server that is installed, one process and four threads unless
the name says otherwise, and prints what docs/adr/0001-wsgi-server.md compares: CPU time per
request, answers given to good clients beside slow ones, memory, stopping, recovery, big uploads,
and how odd requests are read.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench import load

ROOT = Path(__file__).resolve().parent.parent
APP = "bench.sample_app:app"
THREADS = 4
CONNECTIONS = 16
MANY = 256
IDLE = (200, 900)


@dataclass(frozen=True)
class Candidate:
    """How one server is started."""

    name: str
    module: str
    arguments: Callable[[int], list[str]]


def _granian(threads: int) -> Callable[[int], list[str]]:
    return lambda port: [
        *("-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws", "--no-log"),
        *("--workers", "1", "--blocking-threads", str(threads), "--respawn-failed-workers"),
        *("--host", load.LOOPBACK, "--port", str(port), APP),
    ]


def _gunicorn(*options: str) -> Callable[[int], list[str]]:
    return lambda port: [
        *("-m", "gunicorn", "--no-control-socket", "--log-level", "error", *options),
        *("--bind", f"{load.LOOPBACK}:{port}", APP),
    ]


def _waitress(port: int) -> list[str]:
    return [
        *("-m", "waitress", "--host", load.LOOPBACK, "--port", str(port)),
        *("--threads", str(THREADS), "--connection-limit", "2000", "--channel-timeout", "30"),
        *("--asyncore-use-poll", "--backlog", "2048", APP),
    ]


def _cheroot(port: int) -> list[str]:
    return ["-m", "cheroot", "--bind", f"{load.LOOPBACK}:{port}", "--threads", str(THREADS), APP]


def _pyruvate(port: int) -> list[str]:
    code = "import sys, pyruvate; from bench.sample_app import app; "
    return ["-c", code + f"pyruvate.serve(app, '{load.LOOPBACK}:{port}', {THREADS})"]


def _ours(port: int) -> list[str]:
    return ["-m", "bin.serving", "--no-worker", "--app", "bench.sample_app:create_app"]


CANDIDATES = [
    Candidate("bin/serve", "waitress", _ours),
    Candidate("waitress", "waitress", _waitress),
    Candidate("granian", "granian", _granian(THREADS)),
    Candidate("granian-256", "granian", _granian(MANY)),
    Candidate(
        "gthread", "gunicorn", _gunicorn("-w", "1", "-k", "gthread", "--threads", str(THREADS))
    ),
    Candidate("sync-2", "gunicorn", _gunicorn("-w", "2", "-k", "sync")),
    Candidate("cheroot", "cheroot", _cheroot),
    Candidate("pyruvate", "pyruvate", _pyruvate),
]


@contextlib.contextmanager
def served(candidate: Candidate, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The server of `candidate`, up; killed with its children on leaving."""
    env = os.environ | {"PYTHONPATH": str(ROOT), "BENCH_SECRET": "s"}
    env |= {"HOST": load.LOOPBACK, "PORT": str(port), "WEB_THREADS": str(THREADS)}
    process = subprocess.Popen(
        [sys.executable, *candidate.arguments(port)],
        env=env,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        load.wait_until_up(port)
        yield process
    finally:
        for relative in load.family([process.pid]):
            with contextlib.suppress(psutil.NoSuchProcess):
                relative.kill()
        process.wait()


def throughput(port: int, pid: int, path: str, seconds: float) -> load.Measured:
    """Load `path` after half a second of warming up."""
    raw = [load.request(path)]
    load.measure(port, raw, pids=[pid], seconds=0.5)
    return load.measure(port, raw, pids=[pid], seconds=seconds, connections=CONNECTIONS)


def beside_idle(port: int, pid: int, count: int, seconds: float) -> str:
    """CPU per bare request while `count` browsers keep a connection open and say nothing."""
    with contextlib.ExitStack() as stack:
        try:
            for _ in range(count):
                address = (load.LOOPBACK, port)
                sock = stack.enter_context(socket.create_connection(address, timeout=2))
                sock.sendall(load.request("/"))
                sock.recv(4096)
            got = load.measure(port, [load.request("/")], pids=[pid], seconds=seconds)
        except OSError as error:
            return f"fails: {type(error).__name__}"
    return f"{got.cpu_ms_per_request:.3f} CPU ms, p95 {got.percentile(0.95):.1f} ms"


@dataclass
class Good:
    """How good clients fared."""

    asked: int = 0
    latencies: list[float] | None = None

    def note(self, milliseconds: float) -> None:
        self.latencies = [*(self.latencies or []), milliseconds]

    def __str__(self) -> str:
        done = self.latencies or []
        return f"{len(done)}/{self.asked} answered, p95 {load.percentile(done, 0.95):.0f} ms"


def good_clients(port: int, seconds: float, good: Good) -> None:
    """Four visitors who read and post, each time on a new connection, waiting 5 s at most."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    wishes = [
        load.request("/page", close=True),
        load.request("/form", method="POST", headers=form, body=b"body=hello", close=True),
    ]
    ends = time.monotonic() + seconds

    def visit() -> None:
        turn = 0
        while time.monotonic() < ends:
            good.asked += 1
            began = time.perf_counter()
            with contextlib.suppress(OSError):
                load.fetch(port, wishes[turn % 2], timeout=5)
                good.note((time.perf_counter() - began) * 1000)
            turn += 1
            time.sleep(0.05)

    visitors = [threading.Thread(target=visit) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()


def beside_slow(port: int, pid: int, mode: str, count: int, seconds: float) -> str:
    """Good clients beside `count` slow ones of `mode`, and the memory that was held."""
    command = [sys.executable, "-m", "bench.slow", mode, str(port), str(count), str(seconds + 3)]
    crowd = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert crowd.stdout
    crowd.stdout.readline()
    time.sleep(1.5)
    good = Good()
    good_clients(port, seconds, good)
    memory = load.server_memory_mb([pid])
    crowd.wait(timeout=60)
    return f"{good}, {memory:.0f} MB"


def upload(port: int, pid: int) -> str:
    """Post 50 MiB: peak growth of memory, and whether it all came through."""
    peak = before = load.server_memory_mb([pid])
    size = 50 * 2**20
    answer: list[str] = []

    def post() -> None:
        head = (
            f"POST /upload HTTP/1.1\r\nHost: x\r\nCookie: signed=in\r\nContent-Length: {size}\r\n\r\n"
        ).encode()
        try:
            found = load.fetch(port, head + bytes(size), timeout=30)
            answer.append(f"{found.status} {found.body()[:20].decode()}")
        except OSError as error:
            answer.append(type(error).__name__)

    sender = threading.Thread(target=post)
    began = time.perf_counter()
    sender.start()
    while sender.is_alive():
        peak = max(peak, load.server_memory_mb([pid]))
        time.sleep(0.01)
    return f"{answer[0]} in {time.perf_counter() - began:.2f} s, +{peak - before:.0f} MB"


def stopping(process: subprocess.Popen[bytes], port: int) -> str:
    """SIGTERM while a request of 1.5 s runs: was it answered, and how long until the end?"""
    answer: list[str] = []

    def ask() -> None:
        try:
            answer.append(str(load.fetch(port, load.request("/sleep/1.5"), timeout=5).status))
        except OSError as error:
            answer.append(type(error).__name__)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.4)
    began = time.perf_counter()
    process.send_signal(signal.SIGTERM)
    try:
        code = str(process.wait(timeout=20))
    except subprocess.TimeoutExpired:
        code = "still running"
    asking.join()
    return f"in flight: {answer[0]}; exit {code} after {time.perf_counter() - began:.1f} s"


def recovery(process: subprocess.Popen[bytes], port: int) -> str:
    """Kill -9 of the process that answers: seconds until the next answer."""
    victim = json.loads(load.fetch(port, load.request("/whoami", close=True)).body())["pid"]
    os.kill(victim, signal.SIGKILL)
    if victim == process.pid:
        return "one process: the supervisor has to start it again"
    time.sleep(0.05)
    try:
        return f"answers again after {load.wait_until_up(port, timeout=10) + 0.05:.2f} s"
    except TimeoutError:
        return "never came back"


def raw_answer(port: int, raw: bytes, *, wait: float = 2.0) -> str:
    """First line of whatever comes back to these bytes."""
    try:
        with socket.create_connection((load.LOOPBACK, port), timeout=wait) as sock:
            sock.sendall(raw)
            data = sock.recv(4096)
    except TimeoutError:
        return "silence"
    except OSError as error:
        return type(error).__name__
    return data.split(b"\r\n", 1)[0].decode("latin-1") or "closed"


ODD_REQUESTS = {
    "two lengths": b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
    b"Content-Length: 2\r\n\r\naa",
    "length and chunked": b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked body": b"POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\n0\r\n\r\n",
    "100-continue": b"POST /upload HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
    b"Content-Length: 3\r\n\r\n",
    "space before colon": b"GET / HTTP/1.1\r\nHost: x\r\nX-A : b\r\n\r\n",
    "bare LF in header": b"GET / HTTP/1.1\r\nHost: x\r\nX-A: b\nX-B: c\r\n\r\n",
    "HEAD": b"HEAD /page HTTP/1.1\r\nHost: x\r\n\r\n",
    "header of 300 kB": b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 300_000 + b"\r\n\r\n",
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


def whoami(port: int) -> str:
    """What the application sees of a client behind a proxy, and of the server's environment."""
    raw = load.request("/whoami", headers={"X-Forwarded-For": "203.0.113.7"}, close=True)
    seen = json.loads(load.fetch(port, raw).body())
    seen.pop("pid")
    return json.dumps(seen)


def compare(candidates: list[Candidate], port: int, seconds: float, rounds: int) -> None:
    """Cost of a bare answer and of a template, turn by turn so that noise meets all alike."""
    found: dict[tuple[str, str], list[load.Measured]] = {}
    for _ in range(rounds):
        for candidate in candidates:
            with served(candidate, port) as process:
                for path in ("/", "/page"):
                    got = throughput(port, process.pid, path, seconds)
                    found.setdefault((candidate.name, path), []).append(got)
    print(f"median of {rounds} rounds, {CONNECTIONS} connections, {THREADS} threads")
    for (name, path), runs in found.items():
        cost = statistics.median(run.cpu_ms_per_request for run in runs)
        rate = statistics.median(run.rps for run in runs)
        tail = statistics.median(run.percentile(0.95) for run in runs)
        errors = sum(run.errors for run in runs)
        print(
            f"  {name:<12} GET {path:<6} {cost:.3f} CPU ms, {rate:5.0f}/s, "
            f"p95 {tail:5.1f} ms, errors {errors}",
            flush=True,
        )


def examine(candidate: Candidate, port: int, seconds: float, slow: int) -> None:
    """Measure one candidate and print it, a line for each matter."""

    def say(what: str, found: str) -> None:
        print(f"  {what:<23} {found}", flush=True)

    print(f"\n{candidate.name}", flush=True)
    with served(candidate, port) as process:
        say("idle memory", f"{load.server_memory_mb([process.pid]):.0f} MB")
        for count in IDLE:
            say(f"GET / beside {count} idle", beside_idle(port, process.pid, count, seconds))
        say("50 MiB upload", upload(port, process.pid))
        say("seen by the app", whoami(port))
        for what, raw in ODD_REQUESTS.items():
            say(what, raw_answer(port, raw))
    for mode in ("headers", "body", "read", "file"):
        with served(candidate, port) as process:
            say(f"{slow} slow, {mode}", beside_slow(port, process.pid, mode, slow, seconds + 3))
    with served(candidate, port) as process:
        say("kill -9", recovery(process, port))
    with served(candidate, port) as process:
        say("SIGTERM", stopping(process, port))


def main() -> None:
    """Parse the command line and examine the chosen servers."""
    parser = argparse.ArgumentParser(prog="bin/bench server", description=__doc__)
    parser.add_argument("names", nargs="*", help=", ".join(c.name for c in CANDIDATES))
    parser.add_argument("--seconds", type=float, default=5.0, help="of load for each figure")
    parser.add_argument("--rounds", type=int, default=3, help="of the comparison of cost")
    parser.add_argument("--slow", type=int, default=200, help="slow clients")
    parser.add_argument("--port", type=int, default=8200)
    options = parser.parse_args()
    chosen = []
    for candidate in CANDIDATES:
        if options.names and candidate.name not in options.names:
            continue
        if importlib.util.find_spec(candidate.module) is None:
            print(f"{candidate.name}: not installed (pip install {candidate.module}), left out")
        else:
            chosen.append(candidate)
    compare(chosen, options.port, options.seconds, options.rounds)
    for candidate in chosen:
        examine(candidate, options.port, options.seconds, options.slow)


if __name__ == "__main__":
    main()
