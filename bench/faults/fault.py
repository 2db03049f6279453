"""What a fault is: one entry of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bench.faults.stage import Stage

# Where an operator would look, or, for what a visitor does, what the visitor is answered.
Place = Literal["readyz", "mail", "healthz", "metrics", "doctor", "log", "answer"]
# What a comment may be answered besides 303: come back later; sign in; nothing, the connection is lost.
COME_BACK, SIGN_IN, NO_ANSWER = frozenset({503}), frozenset({401}), frozenset({0})
Kind = Literal[
    "process", "disk", "database", "clock", "mail", "provider", "history", "load", "settings"
]

Inject = Callable[["Stage"], AbstractContextManager[None]]


@dataclass(frozen=True)
class Told:
    """A place that must tell of the fault, and by which words (a regular expression, by lines)."""

    place: Place
    words: str

    def stands_in(self, text: str) -> bool:
        """Whether the place tells of it."""
        return re.search(self.words, text, re.MULTILINE) is not None


@dataclass(frozen=True)
class Fault:
    """`inject` holds the fault while its block is open; what leaving it does is what others mend: the mail
    server comes back, room is made. What happens once has a block that is left at once.

    `reads`: pages must be readable meanwhile. `writes`: what a comment may be answered meanwhile, besides
    303; 0 is a connection that is lost. `told`: by all of these, within two minutes. `mend`: the command that
    ends it, which doctor must name; "" for what ends without a hand. `wants`: what the machine has to allow.
    """

    name: str
    kind: Kind
    does: str
    inject: Inject
    told: tuple[Told, ...]
    reads: bool = True
    writes: frozenset[int] = frozenset()
    # Whether what is sent is answered in time; not by a site that has to start first.
    answers: bool = True
    mend: str = ""
    on: frozenset[str] = frozenset({"sqlite", "postgresql"})
    wants: Literal["", "mounts"] = ""
    # Whether the whole index is compared with the database afterwards.
    verifies: bool = False
    # Whether what is written meanwhile is lost with it, as by going back to a backup.
    forgets: bool = False
    # Seconds that it stays at least, if longer than asked for.
    stays: float = 0.0


def readyz(words: str) -> Told:
    """Told by readiness for visitors."""
    return Told("readyz", words)


def doctor(words: str) -> Told:
    """Told by a line of doctor that is not ok."""
    return Told("doctor", rf"^(warn|fail) .*{words}")


def metric(name: str, value: str = r"[1-9]") -> Told:
    """Told by a metric whose value begins so."""
    return Told("metrics", rf"^planetarium_{name} {value}")


def noted(words: str) -> Told:
    """Told by what somebody was answered, or a command said, who did the fault's deed."""
    return Told("answer", words)


def log(words: str) -> Told:
    """Told by a line that the log has got since."""
    return Told("log", words)
