"""Verbs on drafts: kept on the server from the first words, dropped by publishing or by their writer.

A draft's public id is the key of what will be published from it. A page that shows a draft knows its
`tab` (a name of its own) and `rev` (what it last saw): it may go on when nobody else saved since.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.discussion.models import Draft, Topic
from app.discussion.queries.facts import get_topic
from app.discussion.queries.uploads import drafted_attachments
from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.ids import is_public_id, new_public_id
from app.policy import Action, Actor, require

MAX_DRAFTS = 100
MAX_CHARS = 100_000
POST = "post"
QUESTION = "question"
ANSWER = "answer"
EDIT = "edit"
PURPOSES = (POST, QUESTION, ANSWER, EDIT)
_ACTIONS = {POST: Action.TOPIC_POST, QUESTION: Action.QUESTION_ASK}
# What is written about a topic that is there already.
_ON_TOPIC = {ANSWER: Action.QUESTION_ANSWER, EDIT: Action.TOPIC_EDIT}


@dataclass(frozen=True, slots=True)
class Hold:
    """What a page knows of the draft it shows: its own name and the save it last saw (0: none)."""

    tab: str
    rev: int


@dataclass(frozen=True, slots=True)
class DraftSave:
    """What a page sends to be kept. `fields` are plain JSON values; `topic` is set for an
    answer and an edit."""

    key: str
    purpose: str
    fields: dict[str, Any]
    hold: Hold
    topic: str = ""


@dataclass(frozen=True, slots=True)
class DraftRef:
    """A kept draft: its id, its number of saves and when it was kept."""

    public_id: str
    rev: int
    saved_at: datetime


def save_draft(actor: Actor, *, draft: DraftSave) -> DraftRef:
    """Keep the draft; Conflict when another tab saved since, or when it was published already.

    Invalid("text", "too_long") for what no form would take, Invalid("", "too_many_drafts").
    """
    topic_id = _require(actor, draft)
    if any(len(str(value)) > MAX_CHARS for value in draft.fields.values()):
        raise Invalid("text", "too_long", limit=MAX_CHARS, length=MAX_CHARS + 1)
    saved = _save_again(actor, draft)
    if saved is not None:
        return saved
    if db.session.scalar(select(exists().where(Draft.public_id == draft.key))):
        raise Conflict(draft.key)
    if db.session.scalar(select(exists().where(Topic.public_id == draft.key))):
        raise Conflict(draft.key)
    return _save_first(actor, draft, topic_id)


def _require(actor: Actor, draft: DraftSave) -> int | None:
    if draft.purpose in _ON_TOPIC:
        row, facts = get_topic(actor, draft.topic)
        require(actor, _ON_TOPIC[draft.purpose], facts)
        return row.id
    require(actor, _ACTIONS[draft.purpose])
    return None


def _save_again(actor: Actor, draft: DraftSave) -> DraftRef | None:
    moment = clock.now()
    rev = db.session.execute(
        update(Draft)
        .where(_held(actor, draft.key, draft.hold), Draft.purpose == draft.purpose)
        .values(fields=draft.fields, tab=draft.hold.tab, rev=Draft.rev + 1, updated_at=moment)
        .returning(Draft.rev)
        .execution_options(synchronize_session=False)
    ).scalar()
    return None if rev is None else DraftRef(draft.key, rev, moment)


def _save_first(actor: Actor, draft: DraftSave, topic_id: int | None) -> DraftRef:
    mine = select(func.count(Draft.id)).where(Draft.user_id == actor.user_id)
    if (db.session.scalar(mine) or 0) >= MAX_DRAFTS:
        raise Invalid("", "too_many_drafts", limit=MAX_DRAFTS)
    moment = clock.now()
    key = draft.key if is_public_id(draft.key) else new_public_id()
    row = Draft(
        public_id=key,
        planet_id=actor.planet.id if actor.planet else 0,
        user_id=actor.user_id,
        purpose=draft.purpose,
        topic_id=topic_id,
        fields=draft.fields,
        tab=draft.hold.tab,
        created_at=moment,
        updated_at=moment,
    )
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        raise Conflict(key) from None
    return DraftRef(key, 1, moment)


def delete_draft(actor: Actor, *, public_id: str) -> set[str]:
    """Throw one's own draft away; NotFound when there is none. Returns the uploads that no draft of the
    person names any more (public ids), for the caller to discard."""
    require(actor, Action.ACCOUNT_USE)
    gone = db.session.execute(
        delete(Draft).where(_mine(actor, public_id)).returning(Draft.fields)
    ).scalar()
    if gone is None:
        raise NotFound(public_id)
    return {str(one) for one in gone.get("attachments", ())} - drafted_attachments(actor.user_id)


def consume_draft(actor: Actor, *, key: str, hold: Hold | None) -> None:
    """Drop the draft that a text was published or saved from, in the same unit of work.

    Conflict when another tab has kept newer words in it: they would be lost unseen. Without a `hold`
    (nobody showed a page) it is dropped as it is; no draft is fine.
    """
    which = _mine(actor, key) if hold is None else _held(actor, key, hold)
    gone = db.session.execute(delete(Draft).where(which).returning(Draft.id)).scalar()
    if gone is None and db.session.scalar(select(exists().where(_mine(actor, key)))):
        raise Conflict(key)


def _mine(actor: Actor, key: str) -> Any:
    planet_id = actor.planet.id if actor.planet else 0
    return and_(
        Draft.public_id == key, Draft.user_id == actor.user_id, Draft.planet_id == planet_id
    )


def _held(actor: Actor, key: str, hold: Hold) -> Any:
    same_page = and_(Draft.tab == hold.tab, Draft.tab != "")
    return and_(_mine(actor, key), or_(same_page, Draft.rev == hold.rev))
