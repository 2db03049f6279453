"""Clocks that are ahead or behind: the one that all parts of the site read is set, not the machine's."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from bench.faults.fault import SIGN_IN, Fault, Inject, doctor, metric, noted, readyz
from bench.faults.stage import Stage

HOUR, DAY = 3600, 86_400


def wrong_for(seconds: float, by: float) -> Inject:
    """Let the clock be wrong by so many seconds for a while, then right; what that left is the fault."""

    @contextlib.contextmanager
    def inject(stage: Stage) -> Iterator[None]:
        stage.site.clock_file.write_text(str(by))
        time.sleep(seconds)
        stage.send_letters([f"a letter of then {time.monotonic_ns()}"])
        stage.site.clock_file.write_text("0")
        stage.notes.append("the clock is right again")
        yield

    return inject


def wrong(by: float) -> Inject:
    """Let the clock be wrong until it is set."""

    @contextlib.contextmanager
    def inject(stage: Stage) -> Iterator[None]:
        stage.site.clock_file.write_text(str(by))
        try:
            yield
        finally:
            stage.site.clock_file.write_text("0")

    return inject


FAULTS = (
    Fault(
        "clock-was-ahead-400-days",
        "clock",
        "the clock was 400 days ahead for 20 s: sessions ended, timed work stands far away",
        wrong_for(20, 400 * DAY),
        told=(noted("right again"), readyz("clock")),
        reads=False,
        writes=SIGN_IN | {404},
    ),
    Fault(
        "clock-was-ahead-3-hours",
        "clock",
        "the clock was three hours ahead for 15 s",
        wrong_for(15, 3 * HOUR),
        told=(noted("right again"),),
    ),
    Fault(
        "clock-behind",
        "clock",
        "the clock is two hours behind",
        wrong(-2 * HOUR),
        told=(
            readyz("the clock says .* but timed work stands at"),
            metric("clock_ahead", "1"),
            doctor("the clock says"),
        ),
    ),
)
