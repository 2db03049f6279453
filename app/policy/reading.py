"""Standing and reading: the reasons that come before all others, and who reads what.

The table in `rules` builds on these; `visible_topics` says the reading part again in SQL.
"""

from __future__ import annotations

from typing import Any

from app.policy.model import (
    ALLOW,
    HIDE,
    Actor,
    Audience,
    CommentFacts,
    ExpiredAccess,
    PlanetRole,
    Reason,
    Standing,
    TopicFacts,
    Verdict,
    deny,
)

_WIDTH = {
    PlanetRole.OWNER: 1,
    PlanetRole.PARTNER: 1,
    PlanetRole.ADMIN: 2,
    PlanetRole.GUEST: 3,
    PlanetRole.MEMBER: 4,
}
_AUDIENCE_WIDTH = {
    Audience.NOBODY: 0,
    Audience.PARTNERS: 1,
    Audience.STAFF: 2,
    Audience.GUESTS: 3,
    Audience.MEMBERS: 4,
}


# --- standing: the reasons that come before all others -------------------------------------------


def outside(actor: Actor) -> Verdict | None:
    """Return why somebody who is not inside may not do a thing; None when he is inside."""
    if actor.inside:
        return None
    if actor.user_id is None:
        return deny(Reason.SIGN_IN)
    by_standing = {
        Standing.PENDING: Reason.PENDING,
        Standing.EXPIRED: Reason.RENEW,
        Standing.REMOVED: Reason.REMOVED,
    }
    return deny(by_standing.get(actor.standing, Reason.JOIN))


def first(stopped: Verdict | None, otherwise: Verdict) -> Verdict:
    """Return `stopped` unless it is None. Not `or`: a verdict that refuses is false."""
    return otherwise if stopped is None else stopped


def silenced(actor: Actor) -> Verdict | None:
    """Return why somebody may not write: outside, address not proven, muted; None when he may."""
    if (stopped := outside(actor)) is not None:
        return stopped
    if not actor.confirmed:
        return deny(Reason.CONFIRM_EMAIL)
    return deny(Reason.MUTED) if actor.muted else None


def within(actor: Actor, audience: Audience) -> bool:
    """Return whether the actor's role belongs to a setting's circle of people."""
    return actor.role is not None and _WIDTH[actor.role] <= _AUDIENCE_WIDTH[audience]


# --- reading -------------------------------------------------------------------------------------


def reads_planet_at(actor: Actor, published_at: Any) -> bool:
    """Whether standing alone lets the actor read a published topic of the planet."""
    if actor.reads_from is not None and published_at < actor.reads_from:
        return False
    if actor.inside:
        return True
    if actor.standing is not Standing.EXPIRED or actor.planet is None or actor.expires_at is None:
        return False
    if actor.planet.expired_access is ExpiredAccess.LOCK:
        return False
    return bool(published_at <= actor.expires_at)


def keeps_own_words(actor: Actor) -> bool:
    """Whether the actor opens what they asked and began here, whatever else standing closes to them: an
    answer was given to them, perhaps for money. So do the expired, of a locked planet too, and who came back
    on a trial. Comments go with the question, as under what `keep` leaves open."""
    return actor.inside or actor.standing is Standing.EXPIRED


def own_words_read(actor: Actor, _facts: None) -> Verdict:
    """The list of what one asked and of what one began to write: also the muted and the expired."""
    return ALLOW if keeps_own_words(actor) else first(outside(actor), HIDE)


def topic_read(actor: Actor, facts: TopicFacts) -> Verdict:
    """DESIGN.md §3, "Reading a topic". `visible_topics` says the same in SQL; a test compares."""
    if actor.standing in (Standing.LEFT, Standing.REMOVED):
        return HIDE
    mine = actor.user_id is not None and facts.writer_id == actor.user_id
    if facts.isolated and not mine:
        return HIDE
    if facts.published_at > actor.now:
        return ALLOW if actor.inside and (mine or actor.staff) and not facts.deleted else HIDE
    if facts.deleted and not facts.has_replies:
        return HIDE
    if facts.public_sample and not facts.private and not facts.deleted:
        return ALLOW
    if mine and facts.kind == "question" and keeps_own_words(actor):
        return ALLOW
    if not reads_planet_at(actor, facts.published_at):
        return HIDE
    return ALLOW if question_open_to(actor, facts, mine=mine) else HIDE


def question_open_to(actor: Actor, facts: TopicFacts, *, mine: bool) -> bool:
    """Return whether a question's state lets the actor see it; posts always do."""
    if facts.kind != "question" or mine or actor.staff:
        return True
    if facts.addressee_id is not None and facts.addressee_id == actor.user_id:
        return True
    if facts.private:
        return False
    queue_open = actor.planet is not None and actor.planet.question_queue_open
    return facts.answered or (queue_open and not facts.declined and not facts.withdrawn)


def topic_text_read(actor: Actor, facts: TopicFacts) -> Verdict:
    """The body: as the topic, but a withdrawn question's text and a deleted body are gone."""
    verdict = topic_read(actor, facts)
    if not verdict or facts.deleted:
        return HIDE
    mine = actor.user_id is not None and facts.writer_id == actor.user_id
    addressed = facts.addressee_id is not None and facts.addressee_id == actor.user_id
    if facts.withdrawn and not (mine or addressed or actor.staff):
        return HIDE
    return ALLOW


def comment_read(actor: Actor, facts: CommentFacts) -> Verdict:
    """A comment is read with its topic; an isolated person's by himself alone."""
    if not topic_read(actor, facts.topic):
        return HIDE
    mine = actor.user_id is not None and facts.writer_id == actor.user_id
    return HIDE if facts.isolated and not mine else ALLOW
