"""Telling people what is new for the searches they saved. A timed job; the notices are made, mailed and shown
by the room of notices, which asks the policy each time.

Looked at is only what changed since the last look, and each topic is told once for a search. What is new is
reckoned over a day, so that a worker that was away for hours leaves nothing out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, func, or_, select

from app.accounts.queries import find_viewer_by_id
from app.discussion.models import Question, Topic
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships.queries import actors_of
from app.notifications.kinds import Kind
from app.notifications.models import Notification
from app.notifications.notices import About, tell
from app.policy import Action, can
from app.search import port
from app.search.abreast import abreast
from app.search.cards import read_hits
from app.search.cutting import as_meant
from app.search.highlighting import Marker
from app.search.language import parse
from app.search.models import SavedSearch, SearchChange
from app.search.names import resolve
from app.search.readers import Searcher, everywhere, within
from app.search.saved import hits_key
from app.search.views import FoundTopic

# More at once is a list to look at, not news.
MOST_TOLD = 3
_OVERLAP = timedelta(days=1)
_SKEW = timedelta(minutes=1)
_LOOKED_THROUGH = 50


def tell_new_hits(engine: port.Engine) -> int:
    """Announce what is new for saved searches; returns how many notices. While there is no index nothing
    is announced, and nothing is lost: the next run goes on where this one was."""
    try:
        upto = _indexed_upto(engine)
        # A look at a time to come was noted by a clock that was ahead.
        past = or_(SavedSearch.looked_at < upto, SavedSearch.looked_at > clock.now() + _SKEW)
        wanted = select(SavedSearch.id).where(SavedSearch.tell, past)
        ids = list(db.session.scalars(wanted))
        db.session.rollback()
        return sum(_look(engine, saved_id, upto) for saved_id in ids)
    except port.Broken:
        return 0


def _indexed_upto(engine: port.Engine) -> datetime:
    """Return up to when the index holds all that happened."""
    pending = select(func.min(SearchChange.at)).where(SearchChange.id > engine.cursor())
    return db.session.scalar(pending) or clock.now()


def _look(engine: port.Engine, saved_id: int, upto: datetime) -> int:
    saved = db.session.get(SavedSearch, saved_id)
    searcher = _searcher(saved) if saved is not None else None
    if saved is None or searcher is None:
        db.session.rollback()
        return 0
    keys = {_key(saved, hit): hit for hit in _new_hits(engine, searcher, saved, upto)}
    with unit_of_work() as session:
        row = session.get(SavedSearch, saved_id)
        if row is None or not row.tell:
            return 0
        row.looked_at = upto
        told = _told(row.user_id, keys)
        news = [(key, hit) for key, hit in keys.items() if key not in told][:MOST_TOLD]
        for key, hit in news:
            tell(
                row.user_id,
                Kind.SEARCH_HIT,
                about=About(planet_id=hit.planet.id, topic_id=hit.topic_id),
                dedupe_key=key,
                by_mail=key == news[0][0],
            )
    return len(news)


def _key(saved: SavedSearch, hit: FoundTopic) -> str:
    return f"{hits_key(saved.public_id)}{hit.topic_id}"


def _told(user_id: int, keys: Iterable[str]) -> set[str]:
    """Return which of these notices he has already."""
    which = (Notification.user_id == user_id, Notification.dedupe_key.in_(keys))
    return set(db.session.scalars(select(Notification.dedupe_key).where(*which)))


def _searcher(saved: SavedSearch) -> Searcher | None:
    """Return the person as he may read now; None where he may not read there any more."""
    if saved.planet_id is None:
        viewer = find_viewer_by_id(saved.user_id)
        return everywhere(viewer, zone=UTC) if viewer else None
    place = actors_of(saved.user_id, [saved.planet_id]).get(saved.planet_id)
    if place is None or not can(place[1], Action.PLANET_READ):
        return None
    return within(*place, zone=UTC)


def _new_hits(
    engine: port.Engine, searcher: Searcher, saved: SavedSearch, upto: datetime
) -> list[FoundTopic]:
    looked_at = saved.looked_at if saved.looked_at < upto else upto - _OVERLAP
    changed = _changed_topics(searcher.places, looked_at, upto)
    if not changed:
        return []
    filters, query = resolve(searcher, parse(saved.query))
    engine = abreast(engine)
    # What the page would look for in all there is, and of that what is new.
    query = as_meant(engine, searcher.request(query.node, filters), query)
    kept = changed if filters.topic_ids is None else changed & filters.topic_ids
    request = replace(
        searcher.request(query.node, replace(filters, topic_ids=kept, undeleted=True)),
        sort=port.Sort.NEW,
        limit=_LOOKED_THROUGH,
    )
    found = read_hits(searcher, engine.search(request).hits, Marker(query.terms)).hits
    since = max(min(saved.created_at, looked_at), looked_at - _OVERLAP)
    mine, answered = _own(saved.user_id, found), _answered(found, since)
    return [
        hit
        for hit in found
        if hit.topic_id not in mine
        and (hit.topic_id in answered or any(at > since for at in _moments(hit)))
    ]


def _changed_topics(planet_ids: Iterable[int], since: datetime, upto: datetime) -> frozenset[int]:
    """Return the topics of these planets that changed or were published in between (also those that
    waited for their time, and changed long before)."""
    touched = select(SearchChange.topic_id).where(SearchChange.at >= since, SearchChange.at < upto)
    due = (Topic.published_at > since, Topic.published_at <= upto)
    which = or_(Topic.id.in_(touched), and_(*due))
    rows = select(Topic.id).where(Topic.planet_id.in_(planet_ids), which)
    return frozenset(db.session.scalars(rows))


def _moments(hit: FoundTopic) -> list[datetime]:
    return [hit.published_at, *(passage.at for passage in hit.passages)]


def _own(user_id: int, hits: Sequence[FoundTopic]) -> set[int]:
    """Return which of the topics he began himself: nobody is told of his own acts."""
    ids = [hit.topic_id for hit in hits]
    begun = select(Topic.id).outerjoin(Question, Question.topic_id == Topic.id)
    own = or_(Topic.author_id == user_id, Question.asker_id == user_id)
    return set(db.session.scalars(begun.where(Topic.id.in_(ids), own)))


def _answered(hits: Sequence[FoundTopic], since: datetime) -> set[int]:
    """Return which of them are questions answered since: only then others read them."""
    ids = [hit.topic_id for hit in hits if hit.kind == "question"]
    rows = select(Question.topic_id).where(Question.topic_id.in_(ids), Question.answered_at > since)
    return set(db.session.scalars(rows))
