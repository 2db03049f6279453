"""What came of the faults, as a table for people and for docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Sequence

from bench.faults.course import NEVER, Result

HEAD = (
    "| fault | pages p95 | not read | comments answered | slowest | told after | well after | verdict |",
    "|---|---|---|---|---|---|---|---|",
)


def table(results: Sequence[Result]) -> str:
    """Return a row for each fault."""
    return "\n".join((*HEAD, *(row(result) for result in results)))


def telling(results: Sequence[Result]) -> str:
    """Return the sum, and what is wrong with each that failed."""
    failed = [result for result in results if result.wrong]
    lines = [f"{len(results)} faults tried, {len(results) - len(failed)} passed."]
    lines += [f"FAILED {r.fault.name}: {why}" for r in failed for why in dict.fromkeys(r.wrong)]
    return "\n".join(lines)


def row(result: Result) -> str:
    """Return what came of one fault as a row of the table."""
    met = result.met
    answered = ", ".join(
        f"{status or 'none'}: {count}" for status, count in sorted(met.statuses.items())
    )
    well = _seconds(result.well_after) + (
        f", by `{result.fault.mend}`" if result.by_command else ""
    )
    cells = (
        result.fault.name,
        f"{met.read_p95:.2f} s",
        f"{met.unread} of {len(met.reads)}",
        answered,
        f"{met.slowest_write:.1f} s",
        _seconds(result.told_after),
        well,
        "failed" if result.wrong else "passed",
    )
    return f"| {' | '.join(cells)} |"


def _seconds(value: float) -> str:
    return "never" if value == NEVER else f"{value:.0f} s"
