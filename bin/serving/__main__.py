"""`python -m bin.serving`, which `bin/serve` calls: settings from the environment, then supervise."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bin.serving.supervisor import Child, ServingError, Supervisor, listen

WORKER = ("-m", "flask", "--app", "app.factory", "worker")


def number(name: str, default: int, highest: int) -> int:
    """The whole number from the environment. ServingError when it is none from 1 to `highest`."""
    text = os.environ.get(name, "").strip() or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= highest:
        raise ServingError(f"{name}={text} is not a number from 1 to {highest}.")
    return int(text)


def children(application: str, socket_number: int, *, with_worker: bool) -> list[Child]:
    """What is to run: the web processes on the inherited socket, and the worker."""
    count, threads = number("WEB_PROCESSES", 1, 64), number("WEB_THREADS", 4, 256)
    web = (sys.executable, "-m", "bin.serving.web", application, str(socket_number), str(threads))
    found = [
        Child("web" if count == 1 else f"web {n}", web, (socket_number,))
        for n in range(1, count + 1)
    ]
    return [*found, Child("worker", (sys.executable, *WORKER))] if with_worker else found


@contextmanager
def common_numbers() -> Iterator[None]:
    """A folder in which all processes count, so that /metrics tells the same whoever is asked, and
    counters do not fall when one web process is started again. Gone with the supervisor."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="planetarium-numbers-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="bin/serve",
        description="Serves web and worker, and starts again what crashes. Settings from the "
        "environment: HOST (127.0.0.1), PORT (8000), WEB_PROCESSES (1), WEB_THREADS (4).",
    )
    parser.add_argument("--app", default="app.factory:create_web", help="module:factory")
    parser.add_argument("--check", action="store_true", help="only try the settings and the port")
    parser.add_argument("--no-worker", action="store_true", help="web only")
    options = parser.parse_args(arguments)
    try:
        host, port = os.environ.get("HOST") or "127.0.0.1", number("PORT", 8000, 65535)
        sock = listen(host, port)
        wanted = children(options.app, sock.fileno(), with_worker=not options.no_worker)
    except ServingError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0 if options.check else Supervisor(wanted).run()


if __name__ == "__main__":
    sys.exit(main())
