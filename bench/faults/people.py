"""Who reads and writes all the time while faults come and go, and what they were answered."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from bench.crash_people import NO_ANSWER
from bench.load import percentile
from bench.visitor import Visitor
from tests.cast import PASSWORD

# One network may send 300 texts in five minutes.
READ_PAUSE, WRITE_PAUSE = 0.15, 1.5
LOST, SIGNED_OUT = 0, 401


@dataclass(frozen=True)
class Read:
    """A page that was asked for: when, how it was answered (`LOST`: not at all), and in how many seconds."""

    at: float
    status: int
    seconds: float


@dataclass(frozen=True)
class Written:
    """A comment that was sent. `kept`: its words stood in the answer. `mark`: its words."""

    at: float
    status: int
    seconds: float
    mark: str
    kept: bool


@dataclass
class Diary:
    """What all of them met with since the beginning. Appended to by threads; read afterwards."""

    reads: list[Read] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def between(self, began: float, ended: float) -> Met:
        """Return what was met with by those who began within this time."""
        reads = [read for read in self.reads if began <= read.at < ended]
        written = [one for one in self.written if began <= one.at < ended]
        return Met(reads, written)


@dataclass(frozen=True)
class Met:
    """What readers and writers met with during a time."""

    reads: list[Read]
    written: list[Written]

    @property
    def read_p95(self) -> float:
        """Seconds that 95 of a hundred pages took at most, answered or not."""
        return percentile([read.seconds for read in self.reads], 0.95)

    @property
    def unread(self) -> int:
        """How many pages could not be read."""
        return sum(read.status != 200 for read in self.reads)

    @property
    def slowest_write(self) -> float:
        """Seconds that the slowest answer to a comment took."""
        return max((one.seconds for one in self.written), default=0.0)

    @property
    def statuses(self) -> Counter[int]:
        """How comments were answered."""
        return Counter(one.status for one in self.written)


class Reader(threading.Thread):
    """Asks for pages, one after the other. `email` is "" for a visitor without an account."""

    def __init__(self, port: int, diary: Diary, paths: tuple[str, ...], email: str = "") -> None:
        super().__init__(daemon=True, name=f"reader {email}")
        self._diary, self._paths = diary, paths
        self.visitor = Visitor(port)
        self._email = email
        self._lock = threading.Lock()
        if email:
            self.visitor.sign_in(email, PASSWORD)
        self.stopped = threading.Event()

    def come_back(self) -> None:
        """Sign in again when the site knows this browser no more."""
        with self._lock:
            if self._email and any(self.visitor.get(one).status != 200 for one in self._paths):
                self.visitor.sign_in(self._email, PASSWORD)

    def run(self) -> None:
        """Read until stopped."""
        while True:
            for path in self._paths:
                if self.stopped.wait(READ_PAUSE):
                    return
                self._read(path)

    def _read(self, path: str) -> None:
        began = time.monotonic()
        try:
            with self._lock:
                status = self.visitor.get(path).status
        except NO_ANSWER:
            status = LOST
        self._diary.reads.append(Read(began, status, time.monotonic() - began))


class Writer(threading.Thread):
    """Comments on a topic again and again, as staff, whose pace has no limit."""

    def __init__(self, port: int, diary: Diary, topic: str, email: str) -> None:
        super().__init__(daemon=True, name="writer")
        self._diary, self._topic = diary, topic
        self.visitor = Visitor(port)
        self.visitor.sign_in(email, PASSWORD)
        self._email = email
        self._fields: dict[str, str] = {}
        self._lock = threading.Lock()
        self.stopped = threading.Event()

    def run(self) -> None:
        """Write until stopped."""
        while not self.stopped.wait(WRITE_PAUSE):
            self.write(f"told{secrets.token_hex(6)}")

    def write(self, mark: str) -> Written:
        """Send one comment; the form was opened before, as by somebody who has just typed."""
        with self._lock:
            return self._write(mark)

    def come_back(self) -> None:
        """Sign in again when the site knows this browser no more."""
        with self._lock:
            if self.visitor.get(self._topic).status != 200:
                self.visitor.sign_in(self._email, PASSWORD)
                self.open_form()

    def open_form(self) -> None:
        """Open the page with the form. Called while all is well."""
        page = self.visitor.get(self._topic)
        assert page.status == 200, page.status
        token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
        self._fields = {"csrf_token": token}

    def _write(self, mark: str) -> Written:
        began = time.monotonic()
        try:
            fields = {**self._fields, "text": mark}
            answer = self.visitor.post(f"{self._topic}/comments", fields)
            status, kept = answer.status, mark in answer.text
            if status in (302, 303) and "/sign-in" in answer.location:
                status = SIGNED_OUT
        except NO_ANSWER:
            status, kept = LOST, False
        made = Written(began, status, time.monotonic() - began, mark, kept)
        self._diary.written.append(made)
        return made
