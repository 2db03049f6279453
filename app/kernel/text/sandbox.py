"""The parent's side of the child process: start it, ask it, replace it when it dies.

One child per process, started at the first text, behind a lock. The web process itself never
loads the parser, so a text can take neither its memory nor its time.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from hashlib import blake2b
from pathlib import Path
from typing import Any

from app.kernel.text import wire

START_SECONDS = 20.0
"""For starting and importing; a loaded machine may need some."""
WALL_SECONDS = 60.0
"""For one answer. What bounds a text is the child's own second of CPU, whatever else the machine does: on
a busy one that second may take a minute. This limit only meets a child that does not run at all."""
IDLE_SECONDS = 5.0
"""How long a child that has a text may use no CPU and wait for none: then it hangs."""
LOOK_SECONDS = 0.5
QUEUE_SECONDS = 60.0
"""For the texts of other threads before this one."""
_REMEMBERED = 256
_BLAMELESS = (0, -signal.SIGKILL, -signal.SIGTERM)

_ROOT = Path(__file__).resolve().parents[3]
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "LD_LIBRARY_PATH")
"""What the child may see of our environment: no keys, no database address."""


class RenderFailed(Exception):
    """No HTML came back; the message is a short reason for the log."""


class _Gone(Exception):
    """The child left, or was ended from outside, through no fault of the text."""


class Sandbox:
    """A bounded renderer. Thread-safe; survives forks of its process and deaths of its child."""

    def __init__(
        self,
        *,
        command: tuple[str, ...] = (sys.executable, "-m", "app.kernel.text.child"),
        wall_seconds: float = WALL_SECONDS,
    ) -> None:
        self._command = command
        self._wall_seconds = wall_seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: socket.socket | None = None
        self._deadly: OrderedDict[bytes, None] = OrderedDict()

    @property
    def pid(self) -> int | None:
        """The child's process id, None while there is none."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def ask(self, request: dict[str, Any]) -> str:
        """The HTML for a request; RenderFailed when there is none in time."""
        mark = blake2b(repr(sorted(request.items())).encode(), digest_size=16).digest()
        if not self._lock.acquire(timeout=QUEUE_SECONDS):
            raise RenderFailed("queue")
        try:
            if mark in self._deadly:
                raise RenderFailed("known to be deadly")
            return self._ask(request, mark)
        finally:
            self._lock.release()

    def stop(self) -> None:
        """End the child; the next request starts another."""
        with self._lock:
            self._close(kill=True)

    def forget(self) -> None:
        """After a fork, in the new process: leave the child to the process that started it."""
        self._lock = threading.Lock()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None

    def _ask(self, request: dict[str, Any], mark: bytes) -> str:
        for _ in range(2):
            connection = self._connected()
            try:
                return self._exchange(connection, request, mark)
            except _Gone:
                continue
        raise RenderFailed("child ended twice")

    def _exchange(self, connection: socket.socket, request: dict[str, Any], mark: bytes) -> str:
        try:
            wire.send(connection, request)
            self._wait(connection)
            reply = wire.receive(connection)
        except TimeoutError:
            self._close(kill=True)
            raise RenderFailed("time") from None
        except (OSError, ValueError):
            status = self._close(kill=False)
            if status in _BLAMELESS:
                raise _Gone from None
            self._remember(mark)
            raise RenderFailed(f"child died: {status}") from None
        except BaseException:
            # Interrupted half-way: the next request would read this one's answer.
            self._close(kill=True)
            raise
        html = reply.get("html")
        if not isinstance(html, str):
            self._close(kill=False)
            raise RenderFailed(str(reply.get("error")))
        return html

    def _wait(self, connection: socket.socket) -> None:
        """Wait for the answer's first bytes; TimeoutError when the child hangs or never gets to run."""
        pid, idle = self._process.pid if self._process else 0, 0.0
        ends, last = time.monotonic() + self._wall_seconds, _ticks(pid)
        answers = select.poll()  # not select(): a server may have more than 1,024 files open
        answers.register(connection, select.POLLIN)
        while not answers.poll(1000 * min(LOOK_SECONDS, self._wall_seconds)):
            ticks, state = _ticks(pid), _state(pid)
            # R: it runs or would run, if it were its turn.
            idle = 0.0 if ticks != last or state == "R" else idle + LOOK_SECONDS
            last = ticks
            if time.monotonic() >= ends or idle >= IDLE_SECONDS:
                raise TimeoutError

    def _connected(self) -> socket.socket:
        """The connection to a living child, started if need be."""
        if self._connection is not None and self._process and self._process.poll() is None:
            return self._connection
        self._close(kill=True)
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603  our own module, no input in it
                    self._command,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    cwd=_ROOT,
                    env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                )
            self._connection = ours
            ours.settimeout(START_SECONDS)
            wire.receive(ours)
        except (OSError, ValueError) as error:
            ours.close()
            self._close(kill=True)
            raise RenderFailed(f"cannot start: {type(error).__name__}") from None
        ours.settimeout(self._wall_seconds)
        return ours

    def _close(self, *, kill: bool) -> int | None:
        """Let go of the child and reap it; its exit status, None if there was none."""
        connection, process = self._connection, self._process
        self._connection = self._process = None
        if connection is not None:
            connection.close()
        if process is None:
            return None
        if kill:
            process.kill()
        try:
            return process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _remember(self, mark: bytes) -> None:
        """Do not let the same text (a preview, a second try) kill the next child as well."""
        self._deadly[mark] = None
        if len(self._deadly) > _REMEMBERED:
            self._deadly.popitem(last=False)


def _stat(pid: int) -> list[str]:
    """Return what Linux says of a process, from its state on; nothing on other systems."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return []


def _ticks(pid: int) -> int:
    """Return the CPU time of a process, its own and the kernel's for it, in clock ticks."""
    fields = _stat(pid)
    return int(fields[11]) + int(fields[12]) if fields else 0


def _state(pid: int) -> str:
    fields = _stat(pid)
    return fields[0] if fields else "R"
