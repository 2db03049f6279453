"""Faults of every kind: `bin/bench faults [--list] [--only NAME …] [--seconds S] [--postgresql]`.

Each is tried on a served site while people read and write: whether pages are readable and words kept
meanwhile, whether it is told within two minutes, and gone within five without a hand or by the one command
that doctor names. Ends with status 1 when one of them is not.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.faults.catalogue import FAULTS
from bench.faults.course import Result, try_fault
from bench.faults.fault import Fault
from bench.faults.report import row, table, telling
from bench.faults.stage import Stage, set_up
from bench.faults.telling import Lookout, find_unwell

FIRST_WELL_SECONDS = 120.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="bin/bench faults", description=__doc__)
    parser.add_argument("--list", action="store_true", help="name them, try none")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="may be repeated"
    )
    parser.add_argument("--seconds", type=float, default=6.0, help="that each stays at least")
    parser.add_argument("--postgresql", action="store_true", help="instead of SQLite")
    parser.add_argument("--explain", action="store_true", help="say what is not well yet")
    options = parser.parse_args(arguments)
    # Ended from outside, it takes its servers along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    name = "postgresql" if options.postgresql else "sqlite"
    wanted = [fault for fault in FAULTS if fault.name in options.only or not options.only]
    if unknown := set(options.only) - {fault.name for fault in FAULTS}:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    if options.list:
        for fault in wanted:
            print(f"{fault.kind:<10} {fault.name:<24} {fault.does} ({', '.join(sorted(fault.on))})")
        return 0
    results = run(
        [fault for fault in wanted if name in fault.on],
        options.postgresql,
        options.seconds,
        explain=print if options.explain else None,
    )
    print(table(results))
    print(telling(results))
    return 1 if any(result.wrong for result in results) else 0


def run(
    faults: Sequence[Fault],
    postgresql: bool,
    seconds: float,
    say: Callable[[str], None] = print,
    explain: Callable[[str], None] | None = None,
) -> list[Result]:
    """Try these faults one after the other on one site; returns what came of each."""
    results: list[Result] = []
    with (
        tempfile.TemporaryDirectory(
            prefix="planetarium-faults-", ignore_cleanup_errors=True
        ) as name,
        set_up(Path(name), postgresql=postgresql) as stage,
    ):
        lookout = Lookout(stage)
        lookout.explain = explain or lookout.explain
        stage.people_begin()
        try:
            _begin(lookout)
            for fault in faults:
                if fault.wants == "mounts" and not stage.mounted:
                    say(f"{fault.name}: not tried, this machine lets us mount nothing")
                    continue
                results.append(_one(fault, lookout, seconds, say))
        finally:
            stage.people_go()
        if results:
            say(_last_look(stage, results))
    return results


def _begin(lookout: Lookout) -> None:
    ends = time.monotonic() + FIRST_WELL_SECONDS
    lookout.learn()
    while why := find_unwell(lookout):
        lookout.explain(f"at first: {why}")
        assert time.monotonic() < ends, why
        lookout.learn()


def _one(fault: Fault, lookout: Lookout, seconds: float, say: Callable[[str], None]) -> Result:
    began = time.monotonic()
    result = try_fault(fault, lookout, seconds)
    took = time.monotonic() - began
    say(f"{row(result)}\n  {'; '.join(dict.fromkeys(result.wrong)) or 'passed'} ({took:.0f} s)")
    return result


def _last_look(stage: Stage, results: list[Result]) -> str:
    """Compare index and database once more, after everything; noted with the last fault."""
    said = stage.site.run("search", "verify")
    if said.status:
        results[-1].wrong.append(f"search verify at the end: {said.text[-200:]}")
    return f"search verify: {said.text.strip().splitlines()[-1]}"


if __name__ == "__main__":
    sys.exit(main())
