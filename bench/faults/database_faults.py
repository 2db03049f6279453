"""Databases that are held, away or full."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from bench.faults.fault import Fault, Told
from bench.faults.stage import Stage

COME_BACK = frozenset({503})


@contextlib.contextmanager
def _held(stage: Stage) -> Iterator[None]:
    with stage.database.held():
        yield


FAULTS = (
    Fault(
        "writer-held",
        "database",
        "another program holds what every writer needs for 20 s",
        _held,
        told=(Told("answer", "503 kept=True"),),
        writes=COME_BACK,
        stays=20,
    ),
)
