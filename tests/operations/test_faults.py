"""`bin/bench faults`, made short: a few of them, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.faults.__main__ import run
from bench.faults.catalogue import FAULTS

BY_NAME = {fault.name: fault for fault in FAULTS}
QUICK = ("writer-held", "worker-killed")


def test_each_fault_has_a_name_of_its_own_and_is_told_somewhere() -> None:
    assert len(BY_NAME) == len(FAULTS)
    assert [fault.name for fault in FAULTS if not fault.told] == []


@pytest.mark.slow
@pytest.mark.parametrize("engine_name", ["sqlite", "postgresql"])
def test_faults_are_survived_told_and_gone(engine_name: str) -> None:
    said: list[str] = []
    quick = [replace(BY_NAME[name], stays=0.0) for name in QUICK]
    results = run(quick, engine_name == "postgresql", 1.0, said.append)
    assert [(result.fault.name, result.wrong) for result in results if result.wrong] == []
    assert len(results) == len(QUICK)
