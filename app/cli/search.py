"""`flask search`: looks after the index. All of it while the site runs."""

from __future__ import annotations

import time
from collections.abc import Callable

import click
from flask import current_app
from flask.cli import with_appcontext

from app.search.changes import count_waiting
from app.search.indexer import Indexer
from app.search.port import Broken, Engine
from app.search.rebuilding import Busy, Progress
from app.search.rebuilding import rebuild as make_anew
from app.search.verifying import mend
from app.search.verifying import verify as compare
from app.search.writing import Lock

TELL_EVERY_SECONDS = 2.0
POLL_SECONDS = 0.2
PATIENCE_SECONDS = 600.0


@click.group("search")
def command() -> None:
    """Look after the search index; searching and indexing go on meanwhile."""


@command.command("rebuild")
@with_appcontext
def rebuild() -> None:
    """Make the index anew beside the one in use, then put it in its place. Broken off, it goes on."""
    began = time.monotonic()
    try:
        make_anew(_engine(), _lock("rebuild"), tell=_teller())
    except Busy:
        raise click.ClickException(
            "the index is being made anew already (by the worker?)"
        ) from None
    stats = _engine().stats()
    click.echo(
        f"{stats.topics} topics, {stats.passages} texts indexed in {time.monotonic() - began:.0f} s"
    )


@command.command("verify")
@click.option("--repair", is_flag=True, help="Have what differs indexed anew, and wait for it.")
@with_appcontext
def verify(repair: bool) -> None:
    """Compare the index with the database. Ends with status 1 when they differ."""
    engine = _engine()
    try:
        found = compare(engine)
    except Broken as error:
        raise click.ClickException(f"{_AWAY}: {error}") from None
    click.echo(f"{found.checked} topics compared")
    for name, ids in (("missing", found.missing), ("extra", found.extra), ("stale", found.stale)):
        if ids:
            some = ", ".join(str(one) for one in sorted(ids)[:10])
            click.echo(f"{len(ids)} {name}: {some}{' …' if len(ids) > 10 else ''}")
    if not found.topic_ids:
        click.echo("no difference")
        return
    if not repair:
        raise SystemExit(1)
    _wait_for(mend(found))
    click.echo(f"{len(found.topic_ids)} topics indexed anew")


@command.command("stats")
@with_appcontext
def stats() -> None:
    """Tell how much is indexed and how much waits."""
    try:
        held = _engine().stats()
    except Broken as error:
        raise click.ClickException(f"{_AWAY}: {error}") from None
    waiting = count_waiting(held.cursor)
    click.echo(f"engine      {held.engine}, generation {held.generation}")
    click.echo(f"topics      {held.topics}")
    click.echo(f"texts       {held.passages}")
    click.echo(f"size        {held.size_bytes / 1024 / 1024:.1f} MiB")
    click.echo(f"cursor      {held.cursor}")
    click.echo(f"waiting     {waiting.count}, the oldest for {waiting.seconds:.0f} s")


@command.command("follow")
@with_appcontext
def follow() -> None:
    """Let the index follow what waits, without a worker."""
    indexer = Indexer(_engine(), _lock("writer"), _lock("rebuild"))
    try:
        while indexer.step(lambda: False):
            pass
    finally:
        indexer.close()


_AWAY = "there is no index to read; the worker makes one by itself, as does flask search rebuild"


def _engine() -> Engine:
    engine: Engine = current_app.extensions["planetarium.search"]
    return engine


def _lock(name: str) -> Lock:
    lock: Lock = current_app.extensions["planetarium.search_locks"](name)
    return lock


def _teller() -> Callable[[Progress], None]:
    """Return what tells the progress, a line every other second."""
    told_at = time.monotonic()

    def tell(progress: Progress) -> None:
        nonlocal told_at
        if time.monotonic() - told_at < TELL_EVERY_SECONDS:
            return
        told_at = time.monotonic()
        share = 100 * progress.done // max(progress.total, 1)
        minutes, seconds = divmod(int(progress.seconds_left), 60)
        click.echo(
            f"{progress.done} of {progress.total} topics ({share} %), {minutes}:{seconds:02} left"
        )

    return tell


def _wait_for(change: int) -> None:
    """Wait until the index has followed a change; where no worker writes, follow here."""
    engine, until = _engine(), time.monotonic() + PATIENCE_SECONDS
    indexer = Indexer(engine, _lock("writer"), _lock("rebuild"))
    try:
        while engine.cursor() < change:
            if not indexer.step(lambda: False):
                time.sleep(POLL_SECONDS)
            if time.monotonic() > until:
                raise click.ClickException("the worker does not get there; see its log")
    finally:
        indexer.close()
