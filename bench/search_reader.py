"""A process that only searches: `python -m bench.search_reader FOLDER COUNT` prints its figures as JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import psutil

import app.factory  # noqa: F401  # what every serving process holds
from app.search.whoosh_engine import WhooshEngine
from bench import search_stage


def answer(folder: str, count: int) -> None:
    idle = psutil.Process().memory_info().rss
    engine = WhooshEngine(Path(folder))
    asked = search_stage.queries(count)
    started = time.process_time()
    engine.search(asked["three words"][0].request)
    first = (time.process_time() - started) * 1000
    times: dict[str, list[float]] = {}
    found: dict[str, int] = {}
    for kind, queries in asked.items():
        times[kind] = []
        totals = []
        for one in queries:
            started = time.process_time()
            totals.append(engine.search(one.request).total)
            times[kind].append((time.process_time() - started) * 1000)
        found[kind] = sorted(totals)[len(totals) // 2]
    memory = psutil.Process().memory_info()
    figures = {
        "times": times,
        "found": found,
        "first_ms": first,
        "idle_mb": idle / 1e6,
        "rss_mb": memory.rss / 1e6,
        "private_mb": (memory.rss - memory.shared) / 1e6,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    answer(sys.argv[1], int(sys.argv[2]))
