"""How fast is searching? `bin/bench search [--small] [--queries N] [--yardsticks] [--commits N]`; on real
texts `bin/bench search --texts DIR [--many N] [--commits N]`; by growth `bin/bench search --growth`.

Indexes the seeded planet (and one of a tenth), its topics dealt out to forty planets; a process of its own
then answers queries of each kind and tells CPU time and memory. With `--yardsticks` the same queries
go through Whoosh as its manual begins and through SQLite's FTS5 with our units. CPU time, not wall time,
is compared: the machine may be busy. See `search_texts` for the folder of real texts and `search_zipf` for
the texts of which there are 30,000 and then 300,000.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from app.cli.seed_scale import Scale
from app.search import port
from app.search.port import Entry, Part, Passage, TopicFacts
from app.search.whoosh_engine import WhooshEngine
from bench import search_reader, search_stage, search_texts, search_zipf, stage
from bench.naive import NaiveWhoosh
from bench.pages import LARGE, MIDDLE
from bench.search_fts import Fts

GOAL_MS, GOAL_SHARE, GOAL_DOCUMENTS, GOAL_MB = 100.0, 0.2, 400.0, 200.0


@dataclass
class Clock:
    """CPU seconds of this process and its ended children, and wall seconds."""

    cpu: float = 0.0
    wall: float = 0.0

    def __enter__(self) -> Clock:
        self._started = _cpu(), time.monotonic()
        return self

    def __exit__(self, *_error: object) -> None:
        self.cpu += _cpu() - self._started[0]
        self.wall += time.monotonic() - self._started[1]


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def build(batches: Iterator[list[Entry]], folder: Path, texts: int = 0) -> None:
    """Index entries; print how fast, and how large the index is (`texts`: beside so many bytes of texts)."""
    reading, indexing, many = Clock(), Clock(), 0
    engine = WhooshEngine(folder)
    rebuild = engine.begin_rebuild(cursor=1)
    while True:
        with reading:
            entries = next(batches, None)
        if entries is None:
            break
        many += sum(len(entry.passages) for entry in entries)
        with indexing:
            rebuild.add(entries, upto=entries[-1].topic_id)
    with indexing:
        rebuild.finish()
        engine.tidy()
    size = engine.stats().size_bytes
    cpu = reading.cpu + indexing.cpu
    times = f" ({size / texts:.2f} times the texts, {texts / 1e6:.0f} MB)" if texts else ""
    print(
        f"build: {many} documents, {many / (reading.wall + indexing.wall):.0f}/s wall, "
        f"{many / cpu:.0f} per CPU second ({2 * many / cpu:.0f}/s on two cores; of it reading rows "
        f"{reading.cpu:.0f} s, indexing {indexing.cpu:.0f} s), {size / 1e6:.0f} MB{times}",
        flush=True,
    )


def ask(folder: Path, count: int, *queries: str) -> dict[str, Any]:
    """Ask all queries in a process of its own; return its figures. `queries`: see `search_reader`."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.search_reader", str(folder), str(count), *queries],
        check=True,
        capture_output=True,
        text=True,
        cwd=stage.ROOT,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def percentiles(times: list[float]) -> tuple[float, float, float]:
    """Return the 50th, 95th and 99th percentile."""
    ordered = sorted(times)
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95, 0.99)]
    return at[0], at[1], at[2]


def timed(
    search: Callable[[search_stage.Asked], object], asked: list[search_stage.Asked]
) -> list[float]:
    """Return the CPU milliseconds of each query."""
    times = []
    for one in asked:
        started = time.process_time()
        search(one)
        times.append((time.process_time() - started) * 1000)
    return times


def yardsticks(made: stage.Stage, folder: Path, count: int) -> dict[str, dict[str, list[float]]]:
    """Build the yardsticks and ask them the same."""
    naive, fts = NaiveWhoosh(folder / "naive"), Fts(folder / "fts.db")
    clocks = {"naive Whoosh": Clock(), "FTS5": Clock()}
    many = 0
    with naive.writing() as writer:
        for entries in search_stage.batches(made):
            many += sum(len(entry.passages) for entry in entries)
            with clocks["naive Whoosh"]:
                naive.add(writer, entries)
            with clocks["FTS5"]:
                fts.add(entries)
        clocks["naive Whoosh"].__enter__()
    clocks["naive Whoosh"].__exit__()
    for name, clock in clocks.items():
        print(f"{name}: {many / clock.cpu:.0f} documents per CPU second", flush=True)
    queries = search_stage.queries(count)
    return {
        name: {kind: timed(ask_one, asked) for kind, asked in queries.items()}
        for name, ask_one in (("naive Whoosh", naive.ask), ("FTS5", fts.ask))
    }


def report(figures: dict[str, Any], beside: dict[str, dict[str, list[float]]]) -> None:
    """Print the table of a size."""
    print(f"\n| CPU ms | p50 | p95 | p99 | found | {' | '.join(f'{n}, p95' for n in beside)} |")
    print("|---" * (5 + len(beside)) + "|")
    for kind, times in figures["times"].items():
        p50, p95, p99 = percentiles(times)
        others = "".join(f" {percentiles(rows[kind])[1]:.1f} |" for rows in beside.values())
        found = figures["found"][kind]
        print(f"| {kind} | {p50:.1f} | {p95:.1f} | {p99:.1f} | {found} |{others}")
    print(
        f"\nsearching process: {figures['rss_mb']:.0f} MB, before searching "
        f"{figures['idle_mb']:.0f}; first search {figures['first_ms']:.0f} ms CPU",
        flush=True,
    )


def fresh(folder: Path) -> None:
    """Print how soon another engine finds what one writes."""
    writer, reader = WhooshEngine(folder), WhooshEngine(folder)
    waits = []
    for number in range(20):
        word = f"新词{number}"
        request = port.Request(port.Text(word), search_stage.everywhere(), datetime.now(UTC))
        reader.search(request)
        started = time.monotonic()
        writer.apply([_new(10_000_000 + number, word)], cursor=10 + number)
        while not reader.search(request).total:
            time.sleep(0.01)
        waits.append(time.monotonic() - started)
    p50, p95, _p99 = percentiles(waits)
    print(
        f"freshness: found {p50 * 1000:.0f} ms after it was handed over, p95 {p95 * 1000:.0f} ms",
        flush=True,
    )


def _new(number: int, text: str) -> Entry:
    facts = TopicFacts(number, 1, "post", 1, 1, None, datetime(2026, 1, 1, tzinfo=UTC))
    return Entry(number, facts, (Passage(Part.TOPIC, number, number, 1, 1, text, text),))


def small_commits(
    batches: Iterator[list[Entry]], folder: Path, commits: int, asked: list[search_stage.Asked]
) -> None:
    """Commit entries one by one; print what it costs, and what a reader's first search after each costs
    beside the same once more."""
    source = [entry for entries in batches for entry in entries]
    writer, reader = WhooshEngine(folder), WhooshEngine(folder)
    times, first, again, tidied = [], [], [], Clock()
    for number in range(commits):
        entry, request = source[number * 7 % len(source)], asked[number % len(asked)].request
        times.append(_milliseconds(partial(writer.apply, [entry], cursor=1_000 + number)))
        if number % 500 == 499:
            with tidied:
                writer.tidy()
        if number % 10 == 0:
            reader.search(request)
            time.sleep(0.31)  # by then a reader looks for a newer commit
            first.append(_milliseconds(partial(reader.search, request)))
            again.append(_milliseconds(partial(reader.search, request)))
    p50, p95, p99 = percentiles(times)
    last = percentiles(times[-len(times) // 10 :])
    print(
        f"{commits} small commits: p50 {p50:.0f}, p95 {p95:.0f}, p99 {p99:.0f} ms CPU; of the last tenth "
        f"p95 {last[1]:.0f} ms; tidying {tidied.cpu:.1f} s; first search after a commit p50 "
        f"{percentiles(first)[0]:.1f}, p95 {percentiles(first)[1]:.1f} ms, the same again "
        f"{percentiles(again)[0]:.1f}, {percentiles(again)[1]:.1f} ms",
        flush=True,
    )


def _milliseconds(do: Callable[[], object]) -> float:
    """Return the CPU milliseconds that something takes."""
    started = time.process_time()
    do()
    return (time.process_time() - started) * 1000


def real(folder: Path, texts: Path, many: int, options: argparse.Namespace) -> None:
    """Measure on real texts, mixed to so many (0: as they are)."""
    corpus = search_texts.read(texts, many)
    print(
        f"\n## {corpus.documents} texts of {texts.name}, {corpus.size / 1e6:.1f} MB\n", flush=True
    )
    build(corpus.batches(), folder, corpus.size)
    report(ask(folder, options.queries, str(texts), str(many)), {})
    if options.commits:
        words = search_texts.queries(corpus, options.queries)["three words"]
        small_commits(corpus.batches(), folder, options.commits, words)
        report(ask(folder, options.queries, str(texts), str(many)), {})


def growth(options: argparse.Namespace) -> None:
    """Measure few and many texts of the same words."""
    middles: list[dict[str, float]] = []
    for many in (search_zipf.FEW, search_zipf.MANY):
        with tempfile.TemporaryDirectory(prefix="planetarium-search-") as place:
            folder = Path(place) / "index"
            corpus = search_zipf.make(many)
            print(f"\n## {many} texts of {search_zipf.WORDS} words\n", flush=True)
            build(corpus.batches(), folder, corpus.size)
            del corpus
            figures = ask(folder, options.queries, search_reader.ZIPF, str(many))
            report(figures, {})
            middles.append({kind: percentiles(row)[0] for kind, row in figures["times"].items()})
    few, more = middles
    print("\n" + ", ".join(f"{kind} {more[kind] / few[kind]:.1f}" for kind in few))
    print(f"all kinds, p50: {sum(more.values()) / sum(few.values()):.2f} times", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench search", description=__doc__)
    parser.add_argument("--small", action="store_true", help="the tenth alone")
    parser.add_argument("--queries", type=int, default=100, help="of each kind")
    parser.add_argument(
        "--yardsticks", action="store_true", help="naive Whoosh and FTS5 as well (slow)"
    )
    parser.add_argument("--commits", type=int, default=0, help="small commits afterwards")
    parser.add_argument("--texts", type=Path, help="a folder of */docs.jsonl: real texts")
    parser.add_argument("--many", type=int, default=30_000, help="mix them to so many")
    parser.add_argument("--growth", action="store_true", help="30,000 and 300,000 made texts")
    options = parser.parse_args()
    if options.growth:
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        growth(options)
        return
    if options.texts:
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        for many in (0, options.many):
            with tempfile.TemporaryDirectory(prefix="planetarium-search-") as place:
                real(Path(place) / "index", options.texts, many, options)
        return
    scales: list[Scale] = [MIDDLE] if options.small else [MIDDLE, LARGE]
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for scale in scales:
        made = stage.seeded(scale)
        folder = Path(tempfile.mkdtemp(prefix="planetarium-search-"))
        try:
            print(f"\n## {scale.topics} topics, {scale.comments} comments\n")
            build(search_stage.batches(made), folder / "index")
            beside = yardsticks(made, folder, options.queries) if options.yardsticks else {}
            report(ask(folder / "index", options.queries), beside)
            fresh(folder / "index")
            if options.commits:
                words = search_stage.queries(options.queries)["three words"]
                small_commits(search_stage.batches(made), folder / "index", options.commits, words)
                report(ask(folder / "index", options.queries), {})
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
