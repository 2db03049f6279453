"""Keeps processes running: starts them, starts again what crashes, passes the stop on.

Single-threaded and asleep in `sigtimedwait` until a signal or a restart is due.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
WATCHED = (*STOP_SIGNALS, signal.SIGCHLD)
# Web processes take 8 at most, and the worker after them gives 7 to what is in hand.
STOP_SECONDS = 22.0
FIRST_DELAY, LONGEST_DELAY = 0.2, 30.0
# A process that lived this long had started well: its next restart is quick again.
HEALTHY_SECONDS = 20.0
BACKLOG = 2048
PR_SET_PDEATHSIG = 1


class ServingError(Exception):
    """Serving cannot start; the message says what to do."""


@dataclass
class Child:
    """A command to keep running, and how it fares."""

    name: str
    command: Sequence[str]
    sockets: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    delay: float = FIRST_DELAY
    due: float = 0.0
    proven: bool = field(default=False)


def listen(host: str, port: int) -> socket.socket:
    """The listening socket that web processes inherit. ServingError names the variable to change."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except socket.gaierror:
        raise ServingError(f"HOST={host} is no address of this machine.") from None
    except OSError as error:
        mends = {
            errno.EADDRINUSE: f"Port {port} is in use. Choose another, e.g. PORT={port + 1}.",
            errno.EACCES: f"Port {port} needs root. Choose one above 1023, e.g. PORT=8000.",
            errno.EADDRNOTAVAIL: f"HOST={host} is no address of this machine.",
        }
        known = mends.get(error.errno or 0)
        raise ServingError(known or f"Cannot listen on {host}:{port}: {error.strerror}.") from None
    return sock


class Supervisor:
    """Runs `children` until it is told to stop."""

    def __init__(self, children: Sequence[Child]) -> None:
        self.children = children
        self.status = 0
        self._libc = ctypes.CDLL(None, use_errno=True)

    def run(self) -> int:
        """Supervise until SIGTERM or SIGINT, then stop all. Returns the exit status."""
        signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
        for child in self.children:
            self._start(child)
        while True:
            caught = signal.sigtimedwait(WATCHED, self._until_next_start())
            if caught is not None and caught.si_signo in STOP_SIGNALS:
                break
            if self._given_up_on():
                self.status = 1
                break
            self._start_what_is_due()
        self._stop_all()
        return self.status

    def _start(self, child: Child) -> None:
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        # Arenas per thread would cost some 20 MB of a process that is mostly idle.
        environment.setdefault("MALLOC_ARENA_MAX", "2")
        child.process = subprocess.Popen(
            child.command,
            stdin=subprocess.DEVNULL,
            env=environment,
            pass_fds=child.sockets,
            process_group=0,
            preexec_fn=self._in_child,
        )
        child.started, child.due = time.monotonic(), 0.0

    def _in_child(self) -> None:
        """A child hears signals again, and ends when the supervisor is killed outright."""
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
        self._libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    def _given_up_on(self) -> bool:
        """Note who has ended. True when one failed at its very first start: no use to go on."""
        for child in self.children:
            if child.process is None or (code := child.process.poll()) is None:
                continue
            lived = time.monotonic() - child.started
            child.proven = child.proven or lived >= HEALTHY_SECONDS or code < 0
            child.process = None
            if not child.proven:
                say(f"{child.name} ended at once with status {code}; its reason stands above.")
                return True
            child.delay = FIRST_DELAY if lived >= HEALTHY_SECONDS else child.delay * 2
            child.delay = min(child.delay, LONGEST_DELAY)
            child.due = time.monotonic() + child.delay
            say(f"{child.name} ended with status {code}; starting again in {child.delay:.1f} s.")
        return False

    def _until_next_start(self) -> float:
        """Seconds to sleep at most; an hour when nothing is due."""
        dues = [child.due for child in self.children if child.due]
        return max(0.01, min(dues) - time.monotonic()) if dues else 3600.0

    def _start_what_is_due(self) -> None:
        for child in self.children:
            if child.due and child.due <= time.monotonic():
                self._start(child)

    def _stop_all(self) -> None:
        """Stop the last of the children when the others have ended: it puts away what they wrote."""
        ends = time.monotonic() + STOP_SECONDS
        self._stop(self.children[:-1], ends)
        self._stop(self.children[-1:], ends)

    def _stop(self, children: Sequence[Child], ends: float) -> None:
        running = [c.process for c in children if c.process and c.process.poll() is None]
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(timeout=max(0.0, ends - time.monotonic()))
            except subprocess.TimeoutExpired:
                say(f"process {process.pid} does not stop; killing it.")
                process.kill()
                process.wait()


def say(text: str) -> None:
    """One line to standard error."""
    sys.stderr.write(f"serve: {text}\n")
    sys.stderr.flush()
