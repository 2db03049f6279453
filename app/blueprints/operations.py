"""The door for machines that watch the installation: is it alive, is it ready, how much is it."""

from __future__ import annotations

import hmac
import math
from datetime import timedelta
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, request
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from app.accounts.failures import count_failures
from app.billing.actions.installation import find_mismatch
from app.blueprints import metrics
from app.blueprints.entrance import declares
from app.blueprints.health import PARTS, disk_readings, list_ailing
from app.kernel import clock, schema
from app.kernel.db import db
from app.kernel.errors import Unavailable
from app.kernel.logs import get_logger
from app.media import checking as media
from app.notifications.outlook import find_unsent, oldest_unsent_seconds
from app.outbox.believing import find_doubt
from app.outbox.pulse import find_ahead, find_offset, watch
from app.outbox.queries import count_backlog, find_failing, list_stuck
from app.search.changes import count_waiting
from app.search.port import Broken, Engine

SILENT_AFTER = timedelta(seconds=60)
_UP = "1: the database answers."
_SILENT = "Since a worker's last sign of life."
_AWAY = "1: there is no index to search."

bp = Blueprint("operations", __name__)
log = get_logger("operations")


@bp.get("/healthz")
@declares("public")
def healthz() -> tuple[dict[str, str], int]:
    """Tell whether this process answers and reaches its database."""
    try:
        db.session.execute(text("SELECT 1"))
    except (SQLAlchemyError, Unavailable) as error:
        log.error("the database is out of reach", exc_info=error)
        return {"status": "fail", "database": "out of reach; see the log and DATABASE_URL"}, 503
    return {"status": "ok"}, 200


@bp.get("/readyz")
@declares("public")
def readyz() -> tuple[dict[str, object], int]:
    """Tell whether everything is there that visitors need: schema, worker, money of the right kind; what is
    wrong otherwise. `?role=mail`, `search` or `storage` asks for one part instead: no visitor is sent away
    for it, but the answer names it as ailing."""
    part = PARTS.get(request.args.get("role", ""))
    looks = _FOR_VISITORS if part is None else (_worker_trouble, _clock_trouble, *part)
    ailing: list[str] = []
    try:
        wrong = [why for look in looks if (why := look())]
        if part is None and not wrong:
            ailing = list_ailing()
    except (SQLAlchemyError, Unavailable) as error:
        log.error("the database is out of reach", exc_info=error)
        wrong = ["the database is out of reach; see the log and DATABASE_URL"]
    if wrong:
        return {"status": "fail", "wrong": wrong}, 503
    return {"status": "ok"} | ({"ailing": ailing} if ailing else {}), 200


@bp.get("/metrics")
@declares("public")
def show_metrics() -> Response:
    """Tell Prometheus all numbers, when it bears the token; 404 when no token is set."""
    token = current_app.extensions["planetarium.settings"].metrics_token.get_secret_value()
    given = request.headers.get("Authorization", "")
    if not token or not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        abort(404)
    return Response(metrics.render(_readings()), content_type=metrics.CONTENT_TYPE)


def _schema_trouble() -> str | None:
    directory = current_app.extensions["migrate"].directory
    return schema.find_trouble(schema.head_of(directory))


def _worker_trouble() -> str | None:
    pulse = watch.look()
    mend = "start it: flask --app app.factory worker"
    if pulse is None:
        return f"no worker has ever run; {mend}"
    if pulse.silent_seconds == math.inf:
        return (
            f"the worker's last sign of life bears a time that is to come, {pulse.sign.at:%F %T}Z: the clock "
            f"was ahead; ask again in a quarter of a minute, and if this stays, {mend}"
        )
    if pulse.silent_seconds > SILENT_AFTER.total_seconds():
        return f"the worker has been silent for {int(pulse.silent_seconds)} s; {mend}"
    return None


def _clock_trouble() -> str | None:
    ahead = find_ahead()
    if ahead is None:
        return None
    return (
        f"the clock says {clock.now():%F %T}Z, but timed work stands at {ahead:%F %T}Z: the clock was "
        "ahead, or is behind now; set it, and a worker makes late work due again"
    )


def _money_trouble() -> str | None:
    return find_mismatch(current_app.extensions["planetarium.settings"].payments)


def _readings() -> list[metrics.Reading]:
    """Return all numbers; while the database is away what can be known without it."""
    told = disk_readings()
    try:
        told += [*_counted(), *_search_readings(), metrics.Reading("database_up", _UP, 1)]
    except (SQLAlchemyError, Unavailable) as error:
        db.session.remove()
        log.error("the database is out of reach", exc_info=error)
        told += [
            metrics.Reading("database_up", _UP, 0),
            metrics.Reading("worker_silent_seconds", _SILENT, watch.seen_seconds()),
            metrics.Reading("search_away", _AWAY, 1),
        ]
    return told


def _counted() -> list[metrics.Reading]:
    moment = clock.now()
    backlog, unsent, failed = count_backlog(), find_unsent(), count_failures()
    waiting = moment - backlog.oldest_due_at if backlog.oldest_due_at else timedelta()
    pulse = watch.look()
    silent = pulse.silent_seconds if pulse else math.inf
    return [
        metrics.Reading("outbox_pending", "Letters that wait.", backlog.pending),
        metrics.Reading("outbox_dead", "Letters given up.", backlog.dead),
        metrics.Reading("outbox_failing", "Letters tried and failing.", find_failing().count),
        metrics.Reading("mail_failing", "Of these: not taken by the mail server.", unsent.count),
        metrics.Reading(
            "mail_oldest_unsent_seconds", "Age of the oldest unsent mail.", oldest_unsent_seconds()
        ),
        metrics.Reading(
            "outbox_oldest_due_seconds",
            "How long the oldest due letter has waited.",
            max(0.0, waiting.total_seconds()),
        ),
        metrics.Reading(
            "clock_ahead", "1: timed work stands at a time to come.", find_ahead() is not None
        ),
        metrics.Reading(
            "clock_doubted", "1: it jumped, and dated jobs wait.", find_doubt() is not None
        ),
        metrics.Reading(
            "clock_off_seconds",
            "Between this clock and the database's.",
            find_offset().total_seconds(),
        ),
        metrics.Reading(
            "sign_ins_failed", "Wrong passwords or addresses in 24 hours.", failed.wrong
        ),
        metrics.Reading(
            "sign_ins_held_up", "Sign-ins refused by a limit in 24 hours.", failed.held_up
        ),
        metrics.Reading("worker_silent_seconds", _SILENT, silent),
        metrics.Reading("worker_stuck", "Letters and jobs that hang.", len(list_stuck())),
        metrics.Reading("database_bytes", "Size of the database.", _database_bytes()),
        metrics.Reading(
            "media_faults", "Uploads found missing or unreadable.", media.count_noted()
        ),
    ]


def _search_readings() -> list[metrics.Reading]:
    engine: Engine = current_app.extensions["planetarium.search"]
    try:
        held = engine.stats()
    except Broken:
        return [metrics.Reading("search_away", _AWAY, 1)]
    if engine.suspect() is not None:
        return [metrics.Reading("search_away", _AWAY, 1)]
    waiting = count_waiting(held.cursor)
    return [
        metrics.Reading("search_away", _AWAY, 0),
        metrics.Reading("search_waiting", "Changes the index has to follow.", waiting.count),
        metrics.Reading(
            "search_waiting_seconds", "How long the oldest of them waits.", waiting.seconds
        ),
        metrics.Reading("search_topics", "Topics in the index.", held.topics),
        metrics.Reading("search_texts", "Texts in the index.", held.passages),
        metrics.Reading("search_bytes", "Size of the index.", held.size_bytes),
    ]


def _database_bytes() -> float:
    if db.engine.dialect.name == "postgresql":
        return float(db.session.scalar(select(func.pg_database_size(func.current_database()))) or 0)
    file = str(db.engine.url.database)
    return float(sum(p.stat().st_size for p in (Path(file), Path(f"{file}-wal")) if p.exists()))


_FOR_VISITORS = (_schema_trouble, _worker_trouble, _clock_trouble, _money_trouble)
