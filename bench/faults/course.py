"""The course of one fault: all is well; it is there, is met with, is told; it ends, and all is well again."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import sqlalchemy as sa

from bench.faults.fault import Fault, Told
from bench.faults.people import LOST, Met
from bench.faults.stage import Stage
from bench.faults.telling import POLL_SECONDS, Lookout, find_unwell

TELL_SECONDS, WELL_SECONDS = 120.0, 300.0
# What pages may take while something is away, and what a comment may take to be answered: five seconds, and a
# second for a busy machine.
READ_GOAL, WRITE_GOAL = 2.0, 6.0
NEVER = float("inf")


@dataclass
class Result:
    """What came of one fault. Seconds; `NEVER` for what did not come. `wrong` is empty when it passed."""

    fault: Fault
    met: Met = field(default_factory=lambda: Met([], []))
    told_after: float = NEVER
    well_after: float = NEVER
    by_command: bool = False
    # What doctor said while the fault was there; only where a command is to end it.
    examined: str = ""
    wrong: list[str] = field(default_factory=list)


def try_fault(fault: Fault, lookout: Lookout, seconds: float) -> Result:
    """Run it to its end. The site is well before; `seconds` is how long it stays at least."""
    stage, result = lookout.stage, Result(fault)
    lookout.begin()
    began = time.monotonic()
    try:
        with fault.inject(stage):
            stays = max(seconds, fault.stays)
            result.told_after = _wait_for_words(fault, lookout, result)
            time.sleep(max(0.0, began + stays - time.monotonic()))
            result.examined = lookout.examine() if fault.mend else ""
    except Exception as error:
        # What others did not survive is a finding too, and the next fault is tried all the same.
        result.wrong.append(f"the deed itself: {type(error).__name__}: {error}"[:300])
    ended = time.monotonic()
    _wait_until_well(fault, lookout, result, ended)
    # Not earlier: whoever waited for an answer has it, or has given up.
    result.met = stage.diary.between(began, ended)
    _judge(fault, result)
    if not fault.forgets:
        result.wrong += find_lost(stage, began)
    return result


def _wait_for_words(fault: Fault, lookout: Lookout, result: Result) -> float:
    """Wait until each place has told; returns the seconds that took."""
    missing: list[Told] = list(fault.told)
    began = time.monotonic()
    while missing and time.monotonic() - began < TELL_SECONDS:
        missing = [told for told in missing if not lookout.sees(told)]
        if missing:
            time.sleep(POLL_SECONDS)
    for told in missing:
        heard = f"; was {lookout.stage.notes[-1]}" if told.place == "answer" else ""
        result.wrong.append(f"not told by {told.place}: {told.words}{heard[:200]}")
    return NEVER if missing else time.monotonic() - began


def _judge(fault: Fault, result: Result) -> None:
    """Compare what people met with, with what had to work."""
    met = result.met
    if fault.reads and met.unread:
        result.wrong.append(f"{met.unread} of {len(met.reads)} pages could not be read")
    if fault.reads and met.read_p95 > READ_GOAL:
        result.wrong.append(f"pages took {met.read_p95:.1f} s (p95)")
    allowed = {303} | fault.writes
    for status, count in met.statuses.items():
        if status not in allowed:
            result.wrong.append(f"{count} comments were answered {status or 'not at all'}")
    lost = [one for one in met.written if one.status == 503 and not one.kept]
    if lost:
        result.wrong.append(f"{len(lost)} comments were told to come back without their words")
    slow = [one.seconds for one in met.written if one.status != LOST and one.seconds > WRITE_GOAL]
    if slow and fault.answers:
        result.wrong.append(f"{len(slow)} comments waited up to {max(slow):.1f} s")


def _wait_until_well(fault: Fault, lookout: Lookout, result: Result, ended: float) -> None:
    if fault.mend:
        result.by_command = True
        result.wrong += _mend(fault, result, lookout)
    why = "not asked"
    while time.monotonic() - ended < WELL_SECONDS:
        why = find_unwell(lookout) or _find_index_wrong(fault, lookout.stage)
        lookout.explain(f"{fault.name}, {time.monotonic() - ended:.0f} s after: {why or 'well'}")
        if not why:
            result.well_after = time.monotonic() - ended
            return
        time.sleep(POLL_SECONDS)
    result.wrong.append(f"not well after {WELL_SECONDS:.0f} s: {why}")


def _find_index_wrong(fault: Fault, stage: Stage) -> str:
    """Whether an index that was damaged is what the database says, all of it."""
    if not fault.verifies:
        return ""
    said = stage.site.run("search", "verify")
    return f"search verify: {' '.join(said.text.split())[-150:]}" if said.status else ""


def _mend(fault: Fault, result: Result, lookout: Lookout) -> list[str]:
    """Run the command that ends it, if doctor has named it; returns what is wrong with that."""
    named = result.examined
    if f"flask {fault.mend}" not in named and f"app.factory {fault.mend}" not in named:
        return [f"doctor does not name: {fault.mend}"]
    said = lookout.stage.site.run(*fault.mend.split())
    return [f"{fault.mend} failed: {said.text[-200:]}"] if said.status else []


def find_lost(stage: Stage, since: float) -> list[str]:
    """Return what was promised to writers since a moment and is not so in the database."""
    written = [one for one in list(stage.diary.written) if one.at >= since]
    with stage.rows() as rows:
        held: dict[str, int] = {}
        for (source,) in rows.execute(sa.text("SELECT source FROM comments")):
            held[source] = held.get(source, 0) + 1
    wrong = []
    for one in written:
        count = held.get(one.mark, 0)
        if one.status == 303 and count != 1:
            wrong.append(f"an acknowledged comment is there {count} times")
        elif one.status == LOST and count > 1:
            wrong.append(f"a comment without an answer is there {count} times")
        elif one.status not in (303, LOST) and count:
            wrong.append(f"a comment answered {one.status} was kept all the same")
    return wrong
