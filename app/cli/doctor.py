"""`flask doctor`: looks at everything an installation stands on, and says what to do."""

from __future__ import annotations

import math
import os
import platform
import shlex
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import __version__
from app.accounts.failures import count_failures
from app.billing.actions.installation import find_mismatch
from app.cli import deep as whole
from app.cli.findings import Finding
from app.cli.media import MEND
from app.config import Settings, unknown_names
from app.kernel import clock, privacy, schema
from app.kernel.db import db, sqlite_checkpoint_is_safe
from app.kernel.places import LITTLE_BYTES, LOW_BYTES, LOW_FILES, MIB, Room, list_places, measure
from app.media.checking import find_noted
from app.notifications.outlook import find_mail_trouble
from app.notifications.pace import count_refused, list_slow
from app.outbox.believing import believe, find_doubt
from app.outbox.pulse import SKEW, find_ahead, find_offset, watch
from app.outbox.queries import count_backlog, list_failing_jobs, list_stuck
from app.search.changes import count_waiting
from app.search.port import Broken, Engine

WAL_WARN = 256 * MIB
SILENT_AFTER = timedelta(seconds=60)
LATE_AFTER = timedelta(minutes=5)
MAIL_PATIENCE_SECONDS = 5
SECOND_LOOK_SECONDS = 15
# So many sign-ins held up by limits in a day are no longer people who forgot.
MANY_HELD_UP = 200


Examination = Callable[[Settings], Iterator[Finding]]


@click.command("doctor")
@click.option("--deep", is_flag=True, help="Read everything: every row, upload, reference, index.")
@click.option("--clock-is-right", is_flag=True, help="Believe a clock that jumped; see the page.")
@with_appcontext
def command(deep: bool, clock_is_right: bool) -> None:
    """Examine this installation. Ends with status 1 when something fails."""
    if clock_is_right and believe():
        click.echo("the clock is believed: what waited for it goes on")
    settings: Settings = current_app.extensions["planetarium.settings"]
    findings = list(_survive(examine(settings)))
    if deep:
        findings += _survive(_examine_whole())
    for finding in findings:
        click.echo(f"{finding.level:<5} {finding.told}")
        if finding.mend:
            click.echo(f"      -> {finding.mend}")
    counts = {level: sum(f.level == level for f in findings) for level in ("warn", "fail")}
    click.echo(f"Failures: {counts['fail']}, warnings: {counts['warn']}.")
    if counts["fail"]:
        raise SystemExit(1)


def _survive(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Yield findings; a database that cannot be read to the end is one more of them."""
    try:
        yield from findings
    except SQLAlchemyError as error:
        db.session.rollback()
        told = str(error.__cause__ or error).splitlines()[0]
        yield Finding("fail", f"the database cannot be read: {told}", whole.BACK)


def _examine_whole() -> Iterator[Finding]:
    """What reading everything finds; of a database that is not at head, whether it can be read."""
    yield from whole.examine_database()
    head = schema.head_of(current_app.extensions["migrate"].directory)
    if schema.find_trouble(head) is None:
        storage = current_app.extensions["planetarium.storage"]
        yield from whole.examine_rest(storage, current_app.extensions["planetarium.search"])


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield all findings. What needs the database is left out when it is out of reach."""
    for examination in (_python, _secret, _names, _address, _places, _privacy, _mail):
        yield from examination(settings)
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        db.session.rollback()
        told = str(error.__cause__ or error).splitlines()[0]
        yield Finding("fail", f"database out of reach: {told}", "check DATABASE_URL, start it")
        return
    yield from _engine(settings)
    trouble = schema.find_trouble(schema.head_of(current_app.extensions["migrate"].directory))
    if trouble is not None:
        yield Finding("fail", *trouble.split("; ", 1))
        return
    yield Finding("ok", "migrations are at head")
    for examination in (_money, _worker, _clock, _outbox, _sign_ins, _search, _media):
        yield from examination(settings)


def _python(_settings: Settings) -> Iterator[Finding]:
    yield Finding("ok", f"Planetarium {__version__} on Python {platform.python_version()}")


def _secret(settings: Settings) -> Iterator[Finding]:
    if settings.env == "production":
        # A weak one would have stopped the start.
        yield Finding("ok", "SECRET_KEY is strong")
    else:
        yield Finding(
            "warn",
            f"environment is {settings.env}",
            "set PLANETARIUM_ENV=production and SECRET_KEY",
        )


def _names(_settings: Settings) -> Iterator[Finding]:
    for name in unknown_names(os.environ):
        yield Finding("warn", f"{name} is no setting", "misspelt? see docs/operations.md")


def _address(settings: Settings) -> Iterator[Finding]:
    address = settings.base_url
    host = urlsplit(address).hostname or ""
    if host in ("localhost", "127.0.0.1", "::1"):
        mend = "set PLANETARIUM_BASE_URL to the address that visitors type"
        yield Finding("warn", f"links in mails lead to {address}: nobody else can follow", mend)
    elif not settings.secure_cookies:
        mend = "put a TLS proxy in front and set PLANETARIUM_BASE_URL=https://..."
        yield Finding("warn", f"{address} is not HTTPS: cookies and passwords go in clear", mend)
    elif settings.trusted_proxies == 0:
        mend = "set PLANETARIUM_TRUSTED_PROXIES=1 if one proxy stands in front"
        yield Finding("warn", "no proxy is trusted: all visitors seem to have one address", mend)
    else:
        yield Finding("ok", f"{address}: cookies are for HTTPS only")


def _places(settings: Settings) -> Iterator[Finding]:
    """Each place of which we write, and each disk once."""
    places = list_places(
        data_dir=settings.data_dir,
        index_dir=None if settings.indexes_in_postgres else settings.index_dir,
        database_uri=settings.database_uri,
    )
    disks: dict[int, list[Room]] = {}
    for room in measure(places):
        disks.setdefault(room.disk, []).append(room)
        if room.refused:
            told = f"{room.place.name}: nothing can be written in {room.place.folder.resolve()}"
            mend = "make room there, or give the user that runs Planetarium the right to write"
            yield Finding("fail", f"{told}: {room.refused}", mend)
    for rooms in disks.values():
        if rooms[0].size:
            yield _disk(rooms)


def _disk(rooms: list[Room]) -> Finding:
    names, room = ", ".join(each.place.name for each in rooms), rooms[0]
    told = f"disk of {names}: {room.free // MIB} of {room.size // MIB} MiB free"
    mend = f"make room on the disk of {room.place.folder.resolve()}: writing stops when it is full"
    if room.free < LOW_BYTES:
        return Finding("fail", told, mend)
    if room.files is not None and room.files < LOW_FILES:
        return Finding("fail", f"{told}, but it takes only {room.files} more files", mend)
    return Finding("warn", told, mend) if room.free < LITTLE_BYTES else Finding("ok", told)


def _privacy(settings: Settings) -> Iterator[Finding]:
    """What starting could not close, because it is another user's or lies on a foreign disk."""
    places = privacy.places_of(settings.data_dir, settings.index_dir, settings.database_uri)
    try:
        found = list(privacy.find_open(places))
    except OSError:
        # That the folder cannot be read is told already.
        return
    if found:
        names = " ".join(shlex.quote(str(place.resolve())) for place in found[:3])
        told = f"other users of this machine can read {len(found)} of our files or folders"
        yield Finding("warn", told, f"as their owner: chmod -R go= {names}")


def _mail(settings: Settings) -> Iterator[Finding]:
    if settings.mail_backend != "smtp":
        mend = "set PLANETARIUM_MAIL_BACKEND=smtp and PLANETARIUM_SMTP_*"
        yield Finding("warn", f"mails go to the {settings.mail_backend}, to no person", mend)
        return
    server = f"{settings.smtp_host}:{settings.smtp_port}"
    try:
        with socket.create_connection(
            (settings.smtp_host, settings.smtp_port), timeout=MAIL_PATIENCE_SECONDS
        ):
            yield Finding("ok", f"mail server {server} answers")
    except OSError as error:
        mend = "check PLANETARIUM_SMTP_HOST and _PORT; letters are kept and tried again"
        yield Finding("fail", f"mail server {server} is out of reach: {error}", mend)
    if "@localhost" in settings.mail_from:
        mend = "set PLANETARIUM_MAIL_FROM to an address of your domain"
        yield Finding("warn", f"mails come from {settings.mail_from}: they will be refused", mend)


def _engine(_settings: Settings) -> Iterator[Finding]:
    if db.engine.dialect.name == "postgresql":
        version = db.session.scalar(text("SHOW server_version"))
        yield Finding("ok", f"PostgreSQL {version}")
        return
    yield _sqlite_version()
    mode = db.session.scalar(text("PRAGMA journal_mode"))
    wanted = "SQLite journal mode is"
    if mode == "wal":
        yield Finding("ok", f"{wanted} wal, synchronous FULL")
    else:
        mend = "put the data directory on a local disk: WAL does not work on network file systems"
        yield Finding("fail", f"{wanted} {mode}, not wal", mend)
    log = Path(f"{db.engine.url.database}-wal")
    if log.exists() and log.stat().st_size > WAL_WARN:
        mend = "see that the worker runs: it moves the log into the database"
        yield Finding("warn", f"the write-ahead log has {log.stat().st_size // MIB} MiB", mend)


def _sqlite_version() -> Finding:
    version = sqlite3.sqlite_version
    if sqlite_checkpoint_is_safe():
        return Finding("ok", f"SQLite {version}, without the WAL-reset bug")
    return Finding(
        "ok",
        f"SQLite {version} has the WAL-reset bug (fixed in 3.51.3): automatic check-points are off "
        "and the worker alone makes them, so keep one running",
    )


def _money(settings: Settings) -> Iterator[Finding]:
    trouble = find_mismatch(settings.payments)
    if trouble is None:
        yield Finding("ok", f"payments are {settings.payments}, as this database was made for")
    else:
        told, _, mend = trouble.rpartition(": ")
        yield Finding("fail", told, mend)


def _worker(_settings: Settings) -> Iterator[Finding]:
    mend = "start it: flask --app app.factory worker"
    pulse = watch.look()
    if pulse is not None and pulse.silent_seconds == math.inf:
        # Only its count can tell: a worker beats every ten seconds.
        db.session.rollback()
        time.sleep(SECOND_LOOK_SECONDS)
        pulse = watch.look()
    if pulse is None:
        yield Finding("fail", "no worker has ever run: no mails, no notices", mend)
        return
    last, silent = pulse.sign, pulse.silent_seconds
    if silent > SILENT_AFTER.total_seconds():
        yield Finding("fail", f"the worker has been silent since {last.at:%F %T}Z", mend)
    elif last.version != __version__:
        told = f"the worker runs version {last.version}, this is {__version__}"
        yield Finding("warn", told, "restart the worker")
    else:
        yield Finding("ok", f"worker {last.name} was heard {int(silent)} s ago")


def _clock(_settings: Settings) -> Iterator[Finding]:
    moment = clock.now()
    off = find_offset()
    if off > SKEW:
        told = f"this clock and the database's differ by {int(off.total_seconds())} s"
        yield Finding("warn", told, "set both by NTP")
    if (doubt := find_doubt()) is not None:
        told = f"the clock jumped from {doubt.before:%F %T}Z to {doubt.after:%F %T}Z"
        held = (
            f"nothing is purged or ended by it for {doubt.left.total_seconds() / 3600:.1f} h more"
        )
        mend = "set the clock; if it is right: flask doctor --clock-is-right"
        yield Finding("warn", f"{told}: {held}", mend)
    ahead = find_ahead()
    if ahead is None:
        yield Finding("ok", f"the clock says {moment:%F %T}Z, and nothing bears a later time")
        return
    told = f"the clock says {moment:%F %T}Z, but timed work stands at {ahead:%F %T}Z"
    mend = "set the clock; if it is right, it was ahead: a running worker makes late work due again"
    yield Finding("fail", told, mend)


def _outbox(_settings: Settings) -> Iterator[Finding]:
    if (trouble := find_mail_trouble()) is not None:
        yield Finding("fail", *trouble.split("; ", 1))
    backlog = count_backlog()
    if backlog.dead:
        mend = "flask outbox list, mend the cause, then flask outbox retry-all"
        yield Finding("warn", f"{backlog.dead} dead letters", mend)
    if backlog.oldest_due_at and clock.now() - backlog.oldest_due_at > LATE_AFTER:
        told = f"{backlog.pending} letters wait, the oldest since {backlog.oldest_due_at:%F %T}Z"
        yield Finding("warn", told, "see the worker's log")
    elif not backlog.dead:
        yield Finding("ok", f"outbox: {backlog.pending} pending, none dead")
    for domain, seconds, next_at, words in list_slow():
        told = f"{domain} takes a letter each {seconds} s, the next at {next_at:%F %T}Z: {words}"
        yield Finding(
            "warn", told, "nothing is lost; ask the provider to let the site's mail through"
        )
    if refused := count_refused():
        yield Finding("ok", f"{refused} addresses have no mailbox, their servers say")
    for told in list_stuck():
        mend = "another took its place; if what it waits for answers again and this stays, restart the worker"
        yield Finding("fail", f"hangs in the worker: {told}", mend)
    for name, error in list_failing_jobs():
        yield Finding("warn", f"timed job {name} failed: {error}", "see the worker's log")


def _sign_ins(_settings: Settings) -> Iterator[Finding]:
    failed = count_failures()
    told = f"failed sign-ins in 24 hours: {failed.wrong} wrong, {failed.held_up} held up by limits"
    if failed.held_up < MANY_HELD_UP:
        yield Finding("ok", told)
    else:
        mend = "somebody tries passwords: limits hold; the proxy's log names networks to shut out"
        yield Finding("warn", told, mend)


def _search(_settings: Settings) -> Iterator[Finding]:
    engine: Engine = current_app.extensions["planetarium.search"]
    try:
        engine.check()
        held = engine.stats()
    except Broken as error:
        mend = "the worker makes it anew by itself; without one: flask search rebuild"
        yield Finding("warn", f"there is no search index to read: {error}", mend)
        return
    waiting = count_waiting(held.cursor)
    told = f"search ({held.engine}): {held.topics} topics, {held.passages} texts indexed"
    if timedelta(seconds=waiting.seconds) > LATE_AFTER:
        yield Finding("warn", f"{told}, {waiting.count} changes wait", "see the worker's log")
    else:
        yield Finding("ok", told)


def _media(_settings: Settings) -> Iterator[Finding]:
    noted = find_noted()
    if noted.count:
        told = f"{noted.count} uploads are missing or unreadable, as /media/{', /media/'.join(noted.some)}"
        yield Finding("fail", told, f"flask media verify names all; {MEND}")
    elif noted.whole_at is not None:
        yield Finding("ok", f"uploads: all there when last gone through, {noted.whole_at:%F %T}Z")
    else:
        yield Finding("ok", "uploads: none missing so far; the worker goes through them")
