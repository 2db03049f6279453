"""A process that only searches: `python -m bench.search_reader FOLDER COUNT [TEXTS MANY]` prints its figures
as JSON. TEXTS, MANY: the queries are made of real texts (see `search_texts`), not of the seeded planet's."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import psutil

import app.factory  # noqa: F401  # what every serving process holds
from app.search.whoosh_engine import WhooshEngine
from bench import search_stage, search_texts, search_zipf
from bench.search_stage import Asked

ZIPF = "zipf"  # instead of a folder


def answer(folder: str, asked: dict[str, list[Asked]]) -> None:
    idle = psutil.Process().memory_info().rss
    engine = WhooshEngine(Path(folder))
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


def _queries(count: int, *texts: str) -> dict[str, list[Asked]]:
    if not texts:
        return search_stage.queries(count)
    if texts[0] == ZIPF:
        return search_texts.queries(search_zipf.make(int(texts[1])), count)
    return search_texts.queries(search_texts.read(Path(texts[0]), int(texts[1])), count)


if __name__ == "__main__":
    answer(sys.argv[1], _queries(int(sys.argv[2]), *sys.argv[3:]))
