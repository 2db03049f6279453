"""Where a fault is looked for, as alarms and operators look; and whether all is well again."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa

from bench import load
from bench.crash_people import NO_ANSWER
from bench.faults.fault import Told
from bench.faults.people import LOST
from bench.faults.stage import TOKEN, Stage
from bench.visitor import Visitor
from tests.cast import PASSWORD

POLL_SECONDS = 1.0
# Each costs two seconds of a processor.
DOCTOR_SECONDS = 12.0
PATHS = {"readyz": "/readyz", "mail": "/readyz?role=mail", "healthz": "/healthz"}
# Sizes, counts and times differ from one look to the next.
_FIGURES = re.compile(r"[0-9]+")


@dataclass
class Lookout:
    """What the places say. `since`: how much was logged before the fault; `usual`: what doctor says of this
    site when it is well."""

    stage: Stage
    since: int = 0
    began: float = 0.0
    usual: frozenset[str] = frozenset()
    # Hears why a site is not well yet.
    explain: Callable[[str], None] = lambda _why: None
    _doctor_at: float = float("-inf")
    _doctor: str = field(default="")

    def begin(self) -> None:
        """A fault begins: what was said before does not count."""
        self.since, self.began = self.stage.site.log_size(), time.monotonic()
        self._doctor_at, self._doctor = float("-inf"), ""
        self.stage.notes.clear()

    def learn(self) -> None:
        """Note what doctor says while all is well."""
        self.usual = frozenset(_by_key(self.examine()))

    def sees(self, told: Told) -> bool:
        """Whether the place tells of the fault at this moment."""
        return told.stands_in(self.read(told.place))

    def read(self, place: str) -> str:
        """Return what stands there now; "" when the place is out of reach."""
        if place == "log":
            return self.stage.site.logged(self.since)
        if place == "answer":
            met = self.stage.diary.between(self.began, time.monotonic())
            lines = [f"{one.status} kept={one.kept}" for one in met.written]
            return "\n".join([*lines, *self.stage.notes])
        if place == "metrics":
            return self._metrics()
        if place == "doctor":
            return self._new_complaints()
        return _asked(self.stage.site.port, PATHS[place])

    def examine(self) -> str:
        """Run doctor; it costs a second or two."""
        self._doctor = self.stage.site.run("doctor").text
        self._doctor_at = time.monotonic()
        return self._doctor

    def _new_complaints(self) -> str:
        if time.monotonic() - self._doctor_at > DOCTOR_SECONDS:
            self.examine()
        return "\n".join(
            line for key, line in _by_key(self._doctor).items() if key not in self.usual
        )

    def _metrics(self) -> str:
        raw = load.request("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        try:
            got = load.fetch(self.stage.site.port, raw)
        except OSError:
            return ""
        return bytes(got.buffer[got.head_end :]).decode("utf-8", "replace")


def find_unwell(lookout: Lookout) -> str:
    """Return what is not well yet, "" when all is: a comment is taken and found, a letter arrives, nothing
    fails in the outbox, readiness and doctor have nothing to say."""
    stage = lookout.stage
    for place in ("healthz", "readyz", "mail"):
        if not _asked(stage.site.port, PATHS[place]).startswith("200"):
            return f"{place}: {_asked(stage.site.port, PATHS[place])[:200]}"
    try:
        return _find_deaf(stage) or _find_unsent(stage) or _find_said(lookout)
    except Exception as error:
        # Whatever it is: nothing that is well does so.
        return f"{type(error).__name__}: {error}"[:200]


def _find_deaf(stage: Stage) -> str:
    """Whether somebody who comes now can sign in, write, and find what was written."""
    mark = f"well{secrets.token_hex(6)}"
    assert stage.writer is not None
    stage.come_back()
    written = stage.writer.write(mark)
    if written.status != 303:
        return f"a comment was answered {written.status}"
    other = Visitor(stage.site.port)
    other.sign_in("member@example.test", PASSWORD)
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        page = other.get(f"/p/{stage.cast.slug}/search?q={mark}")
        if page.status == 200 and stage.topic.rpartition("/")[2] in page.text:
            return ""
        time.sleep(0.5)
    return "a fresh comment is not found"


def _find_unsent(stage: Stage) -> str:
    subject = f"letter {secrets.token_hex(6)}"
    stage.send_letters([subject])
    ends = time.monotonic() + 15
    while subject not in stage.office.subjects:
        if time.monotonic() > ends:
            return "a fresh letter does not arrive"
        time.sleep(0.5)
    failing = sa.text(
        "SELECT count(*) FROM outbox_deliveries WHERE state <> 'done' AND last_error <> ''"
    )
    with stage.rows() as rows:
        count = rows.scalar(failing)
    return f"{count} letters fail or are dead" if count else ""


def _find_said(lookout: Lookout) -> str:
    text = lookout.examine()
    fresh = [line for key, line in _by_key(text).items() if key not in lookout.usual]
    return fresh[0] if fresh else ""


def _by_key(doctor: str) -> dict[str, str]:
    """Return the lines that warn or fail, with the mend below each, by their words without figures."""
    found: dict[str, str] = {}
    lines = doctor.splitlines()
    for number, line in enumerate(lines):
        if line.startswith(("warn", "fail")):
            mend = lines[number + 1] if number + 1 < len(lines) else ""
            full = f"{line} {mend.strip()}" if mend.startswith("      ->") else line
            found[_FIGURES.sub("0", line)] = full
    if not lines or "Failures:" not in lines[-1]:
        # It fell over: its last words are what it tells.
        found["fell"] = "fail  doctor ended without a verdict: " + " ".join(lines[-3:])
    return found


def _asked(port: int, path: str) -> str:
    """Return status and body; `0` when nobody answers."""
    try:
        answer = Visitor(port).get(path)
    except NO_ANSWER as error:
        return f"{LOST} {type(error).__name__}"
    return f"{answer.status} {answer.text}"
