"""All faults, by kind. Each says what it does, what must still work, how it is told and what ends it."""

from __future__ import annotations

from bench.faults import (
    clock_faults,
    database_faults,
    disk_faults,
    history_faults,
    load_faults,
    mail_faults,
    process_faults,
    provider_faults,
    settings_faults,
)
from bench.faults.fault import Fault

FAULTS: tuple[Fault, ...] = (
    *process_faults.FAULTS,
    *disk_faults.FAULTS,
    *database_faults.FAULTS,
    *clock_faults.FAULTS,
    *mail_faults.FAULTS,
    *provider_faults.FAULTS,
    *history_faults.FAULTS,
    *load_faults.FAULTS,
    *settings_faults.FAULTS,
)
