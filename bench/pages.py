"""How dear are the pages? `bin/bench pages [--small] [--rounds N] [--seconds S] [--port P]`.

Serves bare Flask and the product, seeded at two sizes, by the same server in the same run, asks them
turn by turn as who opens them every day, lets people do what they do there (`bench/daily`), and
prints what docs/benchmarks.md records. A *unit* is the CPU time that bare Flask's server process
takes for one request; a page of 4 units reaches a quarter of bare Flask's requests per second when
nothing else is in the way.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import platform
import random
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

from flask import Flask
from sqlalchemy import select

from app.cli.seed_scale import Scale
from app.discussion.models import Topic
from app.factory import create_app
from app.kernel.db import db
from bench import daily, load, stage

LARGE = Scale()
MIDDLE = Scale(members=500, topics=6_400, comments=20_000)
SMALL = Scale(members=100, topics=640, comments=6_000)
RANDOM_TOPICS = 1_000
GROWTH_GOAL = 1.15


@dataclass
class Page:
    """A page to be measured: its addresses, the share of bare Flask it should reach, its figures."""

    name: str
    paths: list[str]
    goal: float | None
    port: int
    pid: int
    cookie: str = ""
    queries: int = 0
    runs: list[load.Measured] = field(default_factory=list)

    def requests(self) -> list[bytes]:
        """The requests that a signed-in browser sends."""
        headers = {"Cookie": self.cookie} if self.cookie else {}
        return [load.request(path, headers=headers) for path in self.paths]

    def median(self, figure: str) -> float:
        """The median of a figure over all rounds."""
        return statistics.median(float(getattr(run, figure)) for run in self.runs)

    def percentile(self, share: float) -> float:
        """The median over all rounds of a percentile of latency, in milliseconds."""
        return statistics.median(run.percentile(share) for run in self.runs)


def pages_of(made: stage.Stage, port: int, pid: int) -> list[Page]:
    """The product's pages as a member sees them, each with its number of queries."""
    app = create_app(made.settings)
    cookie = stage.signed_in(app, made.planted.member_email)
    with app.app_context():
        found = db.session.execute(select(Topic.public_id, Topic.slug).order_by(Topic.id)).all()
        db.session.remove()
    address = {
        public_id: f"/p/{made.planted.slug}/t/{public_id}" + (f"/{quote(slug)}" if slug else "")
        for public_id, slug in found
    }
    some = random.Random(1).choices(list(address.values()), k=RANDOM_TOPICS)
    wanted: list[tuple[str, list[str], float | None]] = [
        ("feed", [f"/p/{made.planted.slug}"], 0.25),
        ("topic, 20 comments", [address[made.planted.twenty_comments_topic]], 0.25),
        ("thread, 2,000 comments", [address[made.planted.long_thread_topic]], 0.2),
        (f"{RANDOM_TOPICS:,} topics at random", some, None),
    ]
    cookie = stage.browsed(port, wanted[0][1][0], cookie)
    pages = [Page(name, paths, goal, port, pid, cookie) for name, paths, goal in wanted]
    for name, paths, email in daily.opened(made):
        own = stage.browsed(port, paths[0], stage.signed_in(app, email))
        pages.append(Page(name, paths, None, port, pid, own))
    pages.append(Page("sign-in page", ["/sign-in"], None, port, pid))
    for page in pages:
        page.queries = count_queries(app, page)
    return pages


def count_queries(app: Flask, page: Page) -> int:
    """How many statements the page's first address sends to the database, opened a second time."""
    client = app.test_client()
    if page.cookie:
        client.set_cookie("planetarium", page.cookie.partition("=")[2])
    with contextlib.redirect_stderr(io.StringIO()):
        client.get(page.paths[0])
        with stage.counted() as statements:
            answer = client.get(page.paths[0])
    if answer.status_code != 200:
        raise RuntimeError(f"GET {page.paths[0]} answered {answer.status_code}")
    return len(statements)


def measure(pages: list[Page], *, rounds: int, seconds: float, connections: int) -> None:
    """Load the pages turn by turn, so that noise meets all alike; the first turn warms up."""
    for number in range(rounds + 1):
        for page in pages:
            got = load.measure(
                page.port,
                page.requests(),
                pids=[page.pid],
                seconds=seconds,
                connections=connections,
            )
            if set(got.statuses) - {200} or got.errors:
                raise RuntimeError(f"{page.name}: {dict(got.statuses)}, {got.errors} errors")
            if number:
                page.runs.append(got)


def report(title: str, pages: list[Page], bare: Page) -> None:
    """Print one table: requests per second and CPU as ratios to bare Flask, latencies, queries."""
    print(f"\n{title}")
    print(
        f"  {'page':<24}{'req/s':>7}{'ratio':>7}{'CPU ms':>8}{'units':>7}{'1/units':>8}{'p50':>7}"
        f"{'p95':>7}{'p99':>7}{'KB':>6}{'queries':>8}  goal"
    )
    for page in pages:
        units = page.median("cpu_ms_per_request") / bare.median("cpu_ms_per_request")
        size = statistics.median(run.received / max(1, run.requests) for run in page.runs) / 1024
        goal = ""
        if page.goal:
            goal = f"{page.goal:.2f} " + ("reached" if 1 / units >= page.goal else "missed")
        print(
            f"  {page.name:<24}{page.median('rps'):>7.0f}{page.median('rps') / bare.median('rps'):>7.3f}"
            f"{page.median('cpu_ms_per_request'):>8.2f}{units:>7.2f}{1 / units:>8.3f}"
            f"{page.percentile(0.5):>7.1f}{page.percentile(0.95):>7.1f}{page.percentile(0.99):>7.1f}"
            f"{size:>6.0f}{page.queries:>8}  {goal}",
            flush=True,
        )


def report_growth(less: list[Page], more: list[Page], times: float) -> None:
    """Print how much dearer each page is with more data, and whether its queries are as many."""
    print(f"\n{times:.0f} times the topics: CPU per request (goal: at most {GROWTH_GOAL} times)")
    for before, after in zip(less, more, strict=True):
        growth = after.median("cpu_ms_per_request") / before.median("cpu_ms_per_request")
        verdict = "reached" if growth <= GROWTH_GOAL else "missed"
        same = "as many" if before.queries == after.queries else "NOT as many"
        print(f"  {before.name:<24}{growth:>6.2f} times, {verdict}; {same} queries")


@contextlib.contextmanager
def product(scale: Scale, port: int) -> Iterator[tuple[list[Page], list[daily.Deed]]]:
    """The product, seeded at a scale and served; gives its pages, and what people do there."""
    print(
        f"{scale.topics:,} topics, {scale.members:,} members, {scale.comments:,} comments",
        flush=True,
    )
    made = stage.seeded(scale)
    daily.furnish(made)
    with stage.serving(stage.PRODUCT, port, made.environment) as pid:
        yield pages_of(made, port, pid), daily.deeds(made, port)
        print(f"\nmemory at {scale.topics:,} topics: {load.server_memory_mb([pid]):.0f} MB")


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="bin/bench pages", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the data, half the time")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of load, each page, each round")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--port", type=int, default=8500, help="and the two after it")
    options = parser.parse_args()
    scales = (SMALL, MIDDLE) if options.small else (MIDDLE, LARGE)
    rounds = max(1, options.rounds // 2) if options.small else options.rounds
    with contextlib.ExitStack() as stack:
        bare_pid = stack.enter_context(stage.serving(stage.BARE, options.port, {}))
        bare = Page("bare Flask", ["/"], None, options.port, bare_pid)
        (less, few), (more, many) = (
            stack.enter_context(product(scale, options.port + n))
            for n, scale in enumerate(scales, start=1)
        )
        measure(
            [bare, *less, *more],
            rounds=rounds,
            seconds=options.seconds,
            connections=options.connections,
        )
        print(
            f"\nPython {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
            f"median of {rounds} rounds of {options.seconds:g} s, {options.connections} connections"
        )
        for scale, found in zip(scales, (less, more), strict=True):
            report(f"{scale.topics:,} topics, as a member", [bare, *found], bare)
        report_growth(less, more, scales[1].topics / scales[0].topics)
        for deeds, pages in ((few, less), (many, more)):
            daily.measure(deeds, pages[0].pid, rounds=rounds)
        print(f"\ndeeds, each by {daily.PEOPLE} people one after another: CPU at both sizes")
        print(*daily.growth(few, many, GROWTH_GOAL), sep="\n")


if __name__ == "__main__":
    main()
