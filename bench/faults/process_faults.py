"""Processes that die or stand still."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

from bench.faults.fault import Fault, Inject, log
from bench.faults.people import LOST
from bench.faults.stage import Stage


def killed(name: str) -> Inject:
    """Kill -9, once."""

    @contextlib.contextmanager
    def inject(stage: Stage) -> Iterator[None]:
        stage.site.signal(name, signal.SIGKILL)
        yield

    return inject


FAULTS = (
    Fault(
        "web-killed",
        "process",
        "kill -9 of the web process",
        killed("web"),
        told=(log("web ended with status -9"),),
        reads=False,
        answers=False,
        writes=frozenset({LOST}),
    ),
)
