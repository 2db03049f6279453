"""Whether a notice may be seen now, and what it shows: asked when it is made, mailed and shown.

The rows hold ids only. Rights, names and places are read at the moment of looking, so a notice never
shows what was deleted, hidden or renamed since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.billing.queries.noticed import (
    NoticedOrder,
    NoticedReminder,
    find_noticed_orders,
    find_noticed_reminders,
)
from app.discussion.queries.noticed import (
    NoticedComment,
    NoticedTopic,
    find_noticed_comments,
    find_noticed_topics,
)
from app.memberships.queries import actors_of, member_ids_in, names_in, valid_invitation_ids
from app.notifications import links
from app.notifications.kinds import COMMENTS, OF_ORDERS, OF_STAFF, REMINDERS, Kind
from app.notifications.models import Notification
from app.planets.queries import PlanetView
from app.policy import Action, Actor, PlanetRole, Standing, can

# Whose time ends or has ended; whoever left or was removed is told nothing of it.
_ENDING = (Standing.ACTIVE, Standing.GRACE, Standing.EXPIRED)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a notice shows. `who` is a name in that planet or ""; `title` is what the topic is called,
    "" where its words are not to be seen; `path` is the place it leads to; `day` is a term's last."""

    kind: Kind
    who: str
    planet: str
    role: str
    title: str
    path: str
    day: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """All that the notices of one look are about, read at once."""

    entries: dict[int, tuple[PlanetView, Actor]]
    topics: dict[int, NoticedTopic]
    comments: dict[int, NoticedComment]
    names: dict[tuple[int, int], str]
    members: dict[tuple[int, int], str]
    invitations: set[int]
    orders: dict[int, NoticedOrder]
    reminders: dict[int, NoticedReminder]


def look_at(notice: Notification) -> Sight | None:
    """Return what its owner may see of a notice; None when that is nothing any more."""
    return look_at_all(notice.user_id, [notice])[0]


def look_at_all(user_id: int, notices: Sequence[Notification]) -> list[Sight | None]:
    """Return the same for many notices of one person, in a fixed number of queries."""
    around = _gather(user_id, notices)
    return [_look(notice, around) for notice in notices]


def _gather(user_id: int, notices: Sequence[Notification]) -> _Surroundings:
    def ids(column: str) -> set[int]:
        return {getattr(n, column) for n in notices if getattr(n, column) is not None}

    pairs = {
        (n.planet_id, n.person_id)
        for n in notices
        if n.planet_id is not None and n.person_id is not None
    }
    of_staff = {
        (n.planet_id, n.person_id)
        for n in notices
        if n.kind in OF_STAFF and n.planet_id is not None and n.person_id is not None
    }
    return _Surroundings(
        entries=actors_of(user_id, ids("planet_id")),
        topics=find_noticed_topics(ids("topic_id")),
        comments=find_noticed_comments(ids("comment_id")),
        names=names_in(pairs),
        members=member_ids_in(of_staff),
        invitations=valid_invitation_ids(ids("invitation_id")),
        orders=find_noticed_orders(ids("order_id")),
        reminders=find_noticed_reminders(ids("reminder_id")),
    )


def _look(notice: Notification, around: _Surroundings) -> Sight | None:
    entry = around.entries.get(notice.planet_id or 0)
    if entry is None:
        return None
    planet, actor = entry
    topic = around.topics.get(notice.topic_id or 0)
    comment = around.comments.get(notice.comment_id or 0)
    kind = Kind(notice.kind)
    if kind in REMINDERS or kind in OF_ORDERS:
        return _look_at_buying(kind, notice, planet, actor, around)
    if kind in OF_STAFF:
        return _look_at_staffs(kind, notice, planet, actor, around)
    invited = notice.invitation_id in around.invitations
    if not _is_open(kind, actor, topic, comment, invited=invited):
        return None
    return Sight(
        kind=kind,
        who=around.names.get((planet.id, notice.person_id or 0), ""),
        planet=planet.name,
        role=actor.role or "",
        title=_title(actor, topic),
        path=_path(kind, planet.slug, topic, comment),
    )


def _look_at_buying(
    kind: Kind, notice: Notification, planet: PlanetView, actor: Actor, around: _Surroundings
) -> Sight | None:
    order = around.orders.get(notice.order_id or 0)
    reminder = around.reminders.get(notice.reminder_id or 0)
    if kind in OF_ORDERS:
        if order is None or order.user_id != actor.user_id:
            return None
        path = links.ORDER.format(slug=planet.slug, public_id=order.public_id)
        return Sight(kind, "", planet.name, "", order.title, path)
    if reminder is None or not reminder.holds or actor.role is not PlanetRole.MEMBER:
        return None
    if planet.paused_at is not None or actor.standing not in _ENDING:
        return None
    last = reminder.ends_at - timedelta(microseconds=1)
    return Sight(kind, "", planet.name, "", "", links.BUY.format(slug=planet.slug), last)


def _look_at_staffs(
    kind: Kind, notice: Notification, planet: PlanetView, actor: Actor, around: _Surroundings
) -> Sight | None:
    """Return what owner and partners see of somebody's coming and paying."""
    if not can(actor, Action.INCOME_READ):
        return None
    order = around.orders.get(notice.order_id or 0)
    if order is None and notice.order_id is not None:
        return None
    if order is not None and order.kind == "question":
        # It may have been asked anonymously: amount and time would tell by whom.
        if not actor.owns:
            return None
        path = links.LEDGER.format(slug=planet.slug)
        return Sight(kind, "", planet.name, "", order.title, path, _last_moment(order))
    pair = (planet.id, notice.person_id or 0)
    member = around.members.get(pair, "")
    path = (
        links.SUBSCRIBER.format(slug=planet.slug, public_id=member)
        if member
        else links.SUBSCRIPTIONS.format(slug=planet.slug)
    )
    return Sight(
        kind=kind,
        who=around.names.get(pair, ""),
        planet=planet.name,
        role="",
        title=order.title if order else "",
        path=path,
        day=_last_moment(order) if kind is Kind.STAFF_DISPUTE else None,
    )


def _last_moment(order: NoticedOrder | None) -> datetime | None:
    return order.answer_by if order else None


def _is_open(
    kind: Kind,
    actor: Actor,
    topic: NoticedTopic | None,
    comment: NoticedComment | None,
    *,
    invited: bool,
) -> bool:
    match kind:
        case Kind.INVITED:
            return invited and actor.standing is not Standing.REMOVED
        case Kind.JOIN_REQUESTED:
            return bool(can(actor, Action.MEMBER_APPROVE))
        case Kind.JOIN_APPROVED | Kind.ROLE_CHANGED:
            return actor.inside
        case Kind.JOIN_DECLINED:
            return actor.standing is not Standing.REMOVED
        case Kind.MAY_BUY:
            return actor.approved and bool(can(actor, Action.PLAN_BUY))
        case Kind.TRANSFER_STATED:
            return bool(can(actor, Action.SUBSCRIPTIONS_MANAGE))
        case Kind.SEAT_FREE:
            return bool(can(actor, Action.PLAN_BUY))
        case _other:
            return topic is not None and _topic_is_open(kind, actor, topic, comment)


def _topic_is_open(
    kind: Kind, actor: Actor, topic: NoticedTopic, comment: NoticedComment | None
) -> bool:
    if topic.facts.deleted or not can(actor, Action.TOPIC_READ, topic.facts):
        return False
    if kind in COMMENTS:
        return (
            comment is not None
            and not comment.facts.deleted
            and bool(can(actor, Action.COMMENT_READ, comment.facts))
        )
    if kind in (Kind.QUESTION_ASKED, Kind.QUESTION_RECEIVED):
        return topic.facts.addressee_id == actor.user_id
    if kind is Kind.HIDING_ASKED:
        return bool(can(actor, Action.QUESTION_HIDE, topic.facts))
    if kind is Kind.HIDING_DECIDED:
        return topic.facts.writer_id == actor.user_id
    if kind is Kind.SEARCH_HIT:
        return bool(can(actor, Action.TOPIC_TEXT_READ, topic.facts))
    if kind is Kind.QUESTION_OVERDUE:
        return bool(can(actor, Action.STATS_READ))
    if kind is Kind.QUESTION_ANSWERED:
        answer = topic.answer
        return answer is not None and not (answer.isolated and answer.writer_id != actor.user_id)
    return True


def _title(actor: Actor, topic: NoticedTopic | None) -> str:
    if topic is None or not can(actor, Action.TOPIC_TEXT_READ, topic.facts):
        return ""
    return topic.title or topic.excerpt[:80]


def _path(kind: Kind, slug: str, topic: NoticedTopic | None, comment: NoticedComment | None) -> str:
    if topic is not None and comment is not None:
        return links.COMMENT.format(slug=slug, public_id=comment.public_id)
    if topic is not None:
        return links.TOPIC.format(slug=slug, public_id=topic.public_id)
    if kind is Kind.JOIN_REQUESTED:
        return links.REQUESTS.format(slug=slug)
    if kind is Kind.TRANSFER_STATED:
        return links.TRANSFERS.format(slug=slug)
    if kind in (Kind.JOIN_APPROVED, Kind.ROLE_CHANGED):
        return links.PLANET.format(slug=slug)
    if kind is Kind.MAY_BUY:
        return links.BUY.format(slug=slug)
    return links.LANDING.format(slug=slug)
