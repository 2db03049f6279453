"""All faults, by kind. Each says what it does, what must still work, how it is told and what ends it."""

from __future__ import annotations

from bench.faults import database_faults, mail_faults, process_faults
from bench.faults.fault import Fault

FAULTS: tuple[Fault, ...] = (
    *process_faults.FAULTS,
    *database_faults.FAULTS,
    *mail_faults.FAULTS,
)
