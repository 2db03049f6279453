"""After an account is closed nothing of the person stands anywhere, but what a list says, with why.

Each text column of each table is filled about them, so that whoever adds a column decides here.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from app import farewell
from app.kernel.db import db
from app.media.models import Attachment
from tests.accounts.person_everywhere import Everywhere
from tests.accounts.test_closing import at_the_desk
from tests.cast import PASSWORD, Cast
from tests.media.samples import picture

# Why it stays -> where. What is new belongs here only with a reason that the person would accept.
STAYS: dict[str, str] = {
    "their words in a planet, which others answered, as the page says before": (
        "topics.title topics.source topics.html topics.excerpt answers.source answers.html"
        " comments.source comments.html comments.quote revisions.title revisions.source"
        " series.title series.intro tags.name"
    ),
    "the name under which these words stand": (
        "users.name users.name_key memberships.nickname memberships.name_key"
    ),
    "said by others in a question's own log, beside it": "questions.decline_reason question_log.note",
    "books: what was sold and paid, when, how, and why money went back": (
        "orders.title orders.source orders.memo order_changes.data payments.method"
        " payments.receipt_url refunds.reason transfers.reason transfers.refunds"
    ),
    "the planet's own words and offers": (
        "planets.name planets.tagline planets.intro planets.intro_html planets.join_question"
        " planets.transfer_note rules_pages.source rules_pages.html plan_versions.name"
        " plan_versions.description coupons.label"
    ),
    "ids and amounts only, as their docstrings say": (
        "audit_entries.data outbox_events.payload webhook_events.related"
    ),
    "errors, without addresses (kernel.logs.without_addresses)": (
        "outbox_deliveries.last_error timed_jobs.last_error webhook_events.error"
        " subscriptions.end_error mail_paces.words search_generations.suspect"
    ),
    "which handler or job hangs, and since when": "worker_beats.stuck",
    "bodies are kept without names when they come (stripe_events.spared)": "webhook_events.body",
    "counted for all together, without who": (
        "search_misses.words tally_parts.counts tally_sums.key funnel_steps.source"
    ),
}


def data_dir(app: Flask) -> Path:
    """Return the data directory, with nobody in its list of closed accounts."""
    folder: Path = app.extensions["planetarium.settings"].data_dir
    (folder / farewell.FILE).unlink(missing_ok=True)
    return folder


def test_nothing_of_the_person_stays_but_what_the_list_says(cast: Cast) -> None:
    data_dir(cast.app)
    here = at_the_desk(cast)
    everywhere = Everywhere(cast, "member")
    everywhere.fill()
    assert everywhere.left() == set(everywhere.words)
    assert here.post("/account/close", password=PASSWORD).location == "/"
    stays = sorted(column for columns in STAYS.values() for column in columns.split())
    assert sorted(everywhere.left()) == stays


def test_their_picture_and_what_waited_for_a_draft_leave_the_disk_at_once(cast: Cast) -> None:
    folder = data_dir(cast.app) / "media"
    before = {path for path in folder.rglob("*") if path.is_file()}
    here = at_the_desk(cast)
    here.post("/account/avatar", avatar=(picture(), "me.png"))
    here.post("/account/avatar", avatar=(picture(), "me-again.png"))
    assert {path for path in folder.rglob("*") if path.is_file()} > before
    here.post("/account/close", password=PASSWORD)
    assert {path for path in folder.rglob("*") if path.is_file()} <= before
    mine = sa.select(Attachment.id).where(Attachment.uploader_id == cast.users["member"])
    assert db.session.scalars(mine).all() == []
