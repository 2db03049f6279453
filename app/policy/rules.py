"""The rules: one small function per action, and the table that finds it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from app.policy.model import (
    ALLOW,
    HIDE,
    Action,
    Actor,
    AnswerFacts,
    Audience,
    CommentFacts,
    ExpiredAccess,
    Joining,
    MemberFacts,
    PlanetRole,
    Reason,
    Standing,
    TopicFacts,
    Verdict,
    deny,
)

Rule = Callable[[Actor, Any], Verdict]

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
_RANK = {
    PlanetRole.OWNER: 5,
    PlanetRole.PARTNER: 4,
    PlanetRole.ADMIN: 3,
    PlanetRole.GUEST: 2,
    PlanetRole.MEMBER: 1,
}


def can(actor: Actor, action: Action, facts: Any = None) -> Verdict:
    """Answer whether `actor` may do `action` to what `facts` describe. Total: never raises for data.

    `facts` is the dataclass the action is about (TopicFacts, CommentFacts, AnswerFacts,
    MemberFacts) or None for actions on the planet or the site.
    """
    return _RULES[action](actor, facts)


# --- standing: the reasons that come before all others -------------------------------------------


def _outside(actor: Actor) -> Verdict | None:
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


def _first(stopped: Verdict | None, otherwise: Verdict) -> Verdict:
    """Return `stopped` unless it is None. Not `or`: a verdict that refuses is false."""
    return otherwise if stopped is None else stopped


def _silenced(actor: Actor) -> Verdict | None:
    if (outside := _outside(actor)) is not None:
        return outside
    if not actor.confirmed:
        return deny(Reason.CONFIRM_EMAIL)
    return deny(Reason.MUTED) if actor.muted else None


def _within(actor: Actor, audience: Audience) -> bool:
    return actor.role is not None and _WIDTH[actor.role] <= _AUDIENCE_WIDTH[audience]


# --- site ----------------------------------------------------------------------------------------


def _planet_create(actor: Actor, _facts: None) -> Verdict:
    if actor.user_id is None:
        return deny(Reason.SIGN_IN)
    if not actor.confirmed:
        return deny(Reason.CONFIRM_EMAIL)
    return ALLOW if actor.may_create or actor.site_admin else deny(Reason.SITE_ADMINS_ONLY)


def _account_use(actor: Actor, _facts: None) -> Verdict:
    return ALLOW if actor.user_id is not None else deny(Reason.SIGN_IN)


# --- planet and people ---------------------------------------------------------------------------


def _always(_actor: Actor, _facts: Any) -> Verdict:
    return ALLOW


def _planet_read(actor: Actor, _facts: None) -> Verdict:
    """The feed and everything in it: whom the reading rules below show anything at all."""
    if actor.inside:
        return ALLOW
    keeps = actor.planet is not None and actor.planet.expired_access is ExpiredAccess.KEEP
    if actor.standing is Standing.EXPIRED and keeps:
        return ALLOW
    return _first(_outside(actor), HIDE)


def _planet_join(actor: Actor, _facts: None) -> Verdict:
    if actor.user_id is None:
        return deny(Reason.SIGN_IN)
    if actor.inside:
        return deny(Reason.ALREADY_MEMBER)
    if actor.standing is Standing.REMOVED:
        return deny(Reason.REMOVED)
    if actor.standing is Standing.PENDING:
        return deny(Reason.PENDING)
    if not actor.confirmed:
        return deny(Reason.CONFIRM_EMAIL)
    if actor.planet is not None and actor.planet.joining is Joining.INVITATION:
        return deny(Reason.INVITATION_ONLY)
    return ALLOW


def _planet_leave(actor: Actor, facts: MemberFacts) -> Verdict:
    if actor.standing not in (Standing.ACTIVE, Standing.GRACE, Standing.EXPIRED, Standing.PENDING):
        return _first(_outside(actor), HIDE)
    return deny(Reason.LAST_OWNER) if facts.only_owner else ALLOW


def _staff(actor: Actor, _facts: Any) -> Verdict:
    return ALLOW if actor.staff else _first(_outside(actor), deny(Reason.STAFF_ONLY))


def _leads(actor: Actor, _facts: Any) -> Verdict:
    return ALLOW if actor.leads else _first(_outside(actor), deny(Reason.PARTNERS_ONLY))


def _owner(actor: Actor, _facts: Any) -> Verdict:
    return ALLOW if actor.owns else _first(_outside(actor), deny(Reason.OWNER_ONLY))


def _member_list(actor: Actor, _facts: None) -> Verdict:
    if actor.staff:
        return ALLOW
    if (outside := _outside(actor)) is not None:
        return outside
    open_ = actor.planet is not None and actor.planet.directory_open
    return ALLOW if open_ else deny(Reason.DIRECTORY_HIDDEN)


def _outranks(actor: Actor, facts: MemberFacts) -> bool:
    return actor.role is not None and _RANK[actor.role] > _RANK[facts.role]


def _member_manage(actor: Actor, facts: MemberFacts) -> Verdict:
    """Mute, isolate, remove, change an end: staff, of somebody below them."""
    if not actor.staff:
        return _first(_outside(actor), deny(Reason.STAFF_ONLY))
    if facts.user_id == actor.user_id:
        return deny(Reason.NOT_YOURS)
    return ALLOW if _outranks(actor, facts) else deny(Reason.HIGHER_ROLE)


def _role_set(actor: Actor, facts: MemberFacts) -> Verdict:
    """Give another role: owner and partners, of somebody below them. Ownership is handed over."""
    if not actor.leads:
        return _first(_outside(actor), deny(Reason.PARTNERS_ONLY))
    if facts.user_id == actor.user_id:
        return deny(Reason.NOT_YOURS)
    return ALLOW if _outranks(actor, facts) else deny(Reason.HIGHER_ROLE)


# --- reading -------------------------------------------------------------------------------------


def _reads_planet_at(actor: Actor, published_at: Any) -> bool:
    """Whether standing alone lets the actor read a published topic of the planet."""
    if actor.inside:
        return True
    if actor.standing is not Standing.EXPIRED or actor.planet is None or actor.expires_at is None:
        return False
    if actor.planet.expired_access is ExpiredAccess.LOCK:
        return False
    return bool(published_at <= actor.expires_at)


def _topic_read(actor: Actor, facts: TopicFacts) -> Verdict:
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
    if not _reads_planet_at(actor, facts.published_at):
        return HIDE
    return ALLOW if _question_open_to(actor, facts, mine=mine) else HIDE


def _question_open_to(actor: Actor, facts: TopicFacts, *, mine: bool) -> bool:
    if facts.kind != "question" or mine or actor.staff:
        return True
    if facts.addressee_id is not None and facts.addressee_id == actor.user_id:
        return True
    if facts.private:
        return False
    queue_open = actor.planet is not None and actor.planet.question_queue_open
    return facts.answered or (queue_open and not facts.declined and not facts.withdrawn)


def _topic_text_read(actor: Actor, facts: TopicFacts) -> Verdict:
    """The body: as the topic, but a withdrawn question's text and a deleted body are gone."""
    verdict = _topic_read(actor, facts)
    if not verdict or facts.deleted:
        return HIDE
    mine = actor.user_id is not None and facts.writer_id == actor.user_id
    addressed = facts.addressee_id is not None and facts.addressee_id == actor.user_id
    if facts.withdrawn and not (mine or addressed or actor.staff):
        return HIDE
    return ALLOW


def _comment_read(actor: Actor, facts: CommentFacts) -> Verdict:
    if not _topic_read(actor, facts.topic):
        return HIDE
    mine = actor.user_id is not None and facts.writer_id == actor.user_id
    return HIDE if facts.isolated and not mine else ALLOW


# --- topics --------------------------------------------------------------------------------------


def _topic_post(actor: Actor, _facts: None) -> Verdict:
    if (silenced := _silenced(actor)) is not None:
        return silenced
    audience = actor.planet.who_may_post if actor.planet else Audience.NOBODY
    return ALLOW if _within(actor, audience) else deny(Reason.ASK_INSTEAD)


def _topic_edit(actor: Actor, facts: TopicFacts) -> Verdict:
    """The writer of a post, or staff for curation; a question's text is its asker's until answered."""
    if not _topic_text_read(actor, facts):
        return HIDE
    if (silenced := _silenced(actor)) is not None:
        return silenced
    mine = facts.writer_id == actor.user_id
    if facts.kind == "question":
        if not mine:
            return deny(Reason.NOT_YOURS)
        return deny(Reason.ALREADY_ANSWERED) if facts.answered else ALLOW
    return ALLOW if mine or actor.leads else deny(Reason.NOT_YOURS)


def _topic_delete(actor: Actor, facts: TopicFacts) -> Verdict:
    if not _topic_read(actor, facts) or facts.deleted:
        return HIDE
    if (outside := _outside(actor)) is not None:
        return outside
    if actor.staff:
        return ALLOW
    if facts.writer_id != actor.user_id:
        return deny(Reason.NOT_YOURS)
    return deny(Reason.ALREADY_ANSWERED) if facts.kind == "question" and facts.answered else ALLOW


def _topic_staff(actor: Actor, facts: TopicFacts) -> Verdict:
    if not _topic_read(actor, facts) or facts.deleted:
        return HIDE
    return _staff(actor, None)


def _topic_sample(actor: Actor, facts: TopicFacts) -> Verdict:
    """Opening a topic to everyone is its owner's to decide: owner and partners; never private."""
    if not _topic_read(actor, facts) or facts.deleted:
        return HIDE
    if facts.private:
        return deny(Reason.NOT_OPEN)
    return _leads(actor, None)


def _topic_close(actor: Actor, facts: TopicFacts) -> Verdict:
    if not _topic_read(actor, facts) or facts.deleted:
        return HIDE
    if (outside := _outside(actor)) is not None:
        return outside
    mine_post = facts.kind != "question" and facts.writer_id == actor.user_id
    return ALLOW if actor.staff or mine_post else deny(Reason.STAFF_ONLY)


def _topic_history(actor: Actor, facts: TopicFacts) -> Verdict:
    if not _topic_text_read(actor, facts):
        return HIDE
    mine = actor.user_id is not None and facts.writer_id == actor.user_id
    return ALLOW if mine or actor.staff else _first(_outside(actor), deny(Reason.NOT_YOURS))


def _upload(actor: Actor, _facts: None) -> Verdict:
    return _first(_silenced(actor), ALLOW)


# --- questions -----------------------------------------------------------------------------------


def _question_ask(actor: Actor, _facts: None) -> Verdict:
    if (silenced := _silenced(actor)) is not None:
        return silenced
    enabled = actor.planet is not None and actor.planet.questions_enabled
    return ALLOW if enabled else deny(Reason.QUESTIONS_OFF)


def _of_question(actor: Actor, facts: TopicFacts) -> Verdict | None:
    """What stops any act on a question: it is hidden, no question, or the actor may not write."""
    if not _topic_read(actor, facts) or facts.deleted or facts.kind != "question":
        return HIDE
    return _silenced(actor)


def _question_answer(actor: Actor, facts: TopicFacts) -> Verdict:
    if (stopped := _of_question(actor, facts)) is not None:
        return stopped
    if facts.addressee_id != actor.user_id:
        return deny(Reason.NOT_YOURS)
    if facts.withdrawn or facts.declined or facts.answered:
        return deny(Reason.NOT_OPEN)
    return ALLOW


def _question_decline(actor: Actor, facts: TopicFacts) -> Verdict:
    """The addressee, or staff in his place (a guest may have gone)."""
    if (stopped := _of_question(actor, facts)) is not None:
        return stopped
    if facts.addressee_id != actor.user_id and not actor.staff:
        return deny(Reason.NOT_YOURS)
    if facts.withdrawn or facts.declined or facts.answered:
        return deny(Reason.NOT_OPEN)
    return ALLOW


def _question_accept(actor: Actor, facts: TopicFacts) -> Verdict:
    if (stopped := _of_question(actor, facts)) is not None:
        return stopped
    if not facts.answered:
        return deny(Reason.NOT_OPEN)
    return ALLOW if actor.staff or facts.writer_id == actor.user_id else deny(Reason.NOT_YOURS)


def _question_withdraw(actor: Actor, facts: TopicFacts) -> Verdict:
    """The asker alone, also when muted: taking back one's own words needs no voice."""
    if not _topic_read(actor, facts) or facts.deleted or facts.kind != "question":
        return HIDE
    if facts.writer_id != actor.user_id:
        return deny(Reason.NOT_YOURS)
    return deny(Reason.NOT_OPEN) if facts.withdrawn else ALLOW


def _question_reveal(actor: Actor, facts: TopicFacts) -> Verdict:
    if not _topic_read(actor, facts) or facts.kind != "question" or not facts.anonymous:
        return HIDE
    return _owner(actor, None)


def _question_log(actor: Actor, facts: TopicFacts) -> Verdict:
    if not _topic_read(actor, facts) or facts.kind != "question":
        return HIDE
    party = actor.user_id in (facts.writer_id, facts.addressee_id)
    return ALLOW if actor.staff or party else _first(_outside(actor), deny(Reason.NOT_YOURS))


def _inbox_read(actor: Actor, _facts: None) -> Verdict:
    return _first(_outside(actor), ALLOW)


def _answer_edit(actor: Actor, facts: AnswerFacts) -> Verdict:
    if not _topic_read(actor, facts.topic) or facts.topic.deleted:
        return HIDE
    if (silenced := _silenced(actor)) is not None:
        return silenced
    return ALLOW if facts.writer_id == actor.user_id else deny(Reason.NOT_YOURS)


# --- comments and reactions ----------------------------------------------------------------------


def _comment_write(actor: Actor, facts: TopicFacts) -> Verdict:
    """Also the asker's follow-up. Staff may write where comments are closed: to say why."""
    if not _topic_read(actor, facts) or facts.deleted:
        return HIDE
    if (silenced := _silenced(actor)) is not None:
        return silenced
    if facts.published_at > actor.now:
        return deny(Reason.NOT_OPEN)
    audience = actor.planet.who_may_comment if actor.planet else Audience.NOBODY
    if audience is Audience.NOBODY:
        return deny(Reason.COMMENTS_OFF)
    if facts.comments_closed and not actor.staff:
        return deny(Reason.COMMENTS_CLOSED)
    party = facts.kind == "question" and actor.user_id in (facts.writer_id, facts.addressee_id)
    return ALLOW if party or _within(actor, audience) else deny(Reason.COMMENTS_STAFF)


def _comment_edit(actor: Actor, facts: CommentFacts) -> Verdict:
    """The writer: freely within the window (minutes), after it with history. Never others."""
    if not _comment_read(actor, facts) or facts.deleted or facts.topic.deleted:
        return HIDE
    if (silenced := _silenced(actor)) is not None:
        return silenced
    return ALLOW if facts.writer_id == actor.user_id else deny(Reason.NOT_YOURS)


def edit_is_silent(actor: Actor, facts: CommentFacts) -> bool:
    """Whether an edit now falls within the planet's window (minutes) and leaves no history."""
    minutes = actor.planet.comment_edit_minutes if actor.planet else 0
    return actor.now <= facts.created_at + timedelta(minutes=minutes)


def _comment_delete(actor: Actor, facts: CommentFacts) -> Verdict:
    if not _comment_read(actor, facts) or facts.deleted:
        return HIDE
    if (outside := _outside(actor)) is not None:
        return outside
    return ALLOW if actor.staff or facts.writer_id == actor.user_id else deny(Reason.NOT_YOURS)


def _comment_staff(actor: Actor, facts: CommentFacts) -> Verdict:
    if not _comment_read(actor, facts) or facts.deleted:
        return HIDE
    return _staff(actor, None)


def _comment_history(actor: Actor, facts: CommentFacts) -> Verdict:
    if not _comment_read(actor, facts) or facts.deleted:
        return HIDE
    mine = actor.user_id is not None and facts.writer_id == actor.user_id
    return ALLOW if mine or actor.staff else _first(_outside(actor), deny(Reason.NOT_YOURS))


def _react(actor: Actor, facts: TopicFacts | CommentFacts) -> Verdict:
    """Like: whoever is inside and reads it; also the muted, for a like says no word."""
    topic = facts.topic if isinstance(facts, CommentFacts) else facts
    readable = _comment_read(actor, facts) if isinstance(facts, CommentFacts) else None
    if readable is HIDE or not _topic_read(actor, topic) or facts.deleted:
        return HIDE
    return _first(_outside(actor), ALLOW)


def _bookmark(actor: Actor, facts: TopicFacts) -> Verdict:
    if not _topic_read(actor, facts):
        return HIDE
    return ALLOW if actor.user_id is not None else deny(Reason.SIGN_IN)


def _likers_read(actor: Actor, facts: TopicFacts | CommentFacts) -> Verdict:
    topic = facts.topic if isinstance(facts, CommentFacts) else facts
    if not _topic_read(actor, topic):
        return HIDE
    return ALLOW if _member_list(actor, None) else HIDE


_RULES: dict[Action, Rule] = {
    Action.PLANET_CREATE: _planet_create,
    Action.ACCOUNT_USE: _account_use,
    Action.LANDING_READ: _always,
    Action.PLANET_READ: _planet_read,
    Action.PLANET_JOIN: _planet_join,
    Action.PLANET_LEAVE: _planet_leave,
    Action.SETTINGS_EDIT: _leads,
    Action.AUDIT_READ: _staff,
    Action.STATS_READ: _staff,
    Action.MEMBER_LIST: _member_list,
    Action.MEMBER_MANAGE: _member_manage,
    Action.MEMBER_APPROVE: _staff,
    Action.MEMBER_INVITE: _staff,
    Action.MEMBER_REMOVE: _member_manage,
    Action.ROLE_SET: _role_set,
    Action.OWNERSHIP_HAND_OVER: _owner,
    Action.TOPIC_READ: _topic_read,
    Action.TOPIC_TEXT_READ: _topic_text_read,
    Action.TOPIC_POST: _topic_post,
    Action.TOPIC_EDIT: _topic_edit,
    Action.TOPIC_DELETE: _topic_delete,
    Action.TOPIC_CURATE: _topic_staff,
    Action.TOPIC_SAMPLE: _topic_sample,
    Action.TOPIC_CLOSE: _topic_close,
    Action.TOPIC_HISTORY: _topic_history,
    Action.COMMENT_STREAM: _staff,
    Action.TAGS_EDIT: _staff,
    Action.SERIES_EDIT: _staff,
    Action.UPLOAD: _upload,
    Action.QUESTION_ASK: _question_ask,
    Action.QUESTION_ANSWER: _question_answer,
    Action.QUESTION_DECLINE: _question_decline,
    Action.QUESTION_HAND_ON: _question_decline,
    Action.QUESTION_ACCEPT: _question_accept,
    Action.QUESTION_WITHDRAW: _question_withdraw,
    Action.QUESTION_REVEAL: _question_reveal,
    Action.QUESTION_LOG: _question_log,
    Action.INBOX_READ: _inbox_read,
    Action.ANSWER_EDIT: _answer_edit,
    Action.COMMENT_WRITE: _comment_write,
    Action.COMMENT_READ: _comment_read,
    Action.COMMENT_EDIT: _comment_edit,
    Action.COMMENT_DELETE: _comment_delete,
    Action.COMMENT_STICK: _comment_staff,
    Action.COMMENT_HISTORY: _comment_history,
    Action.LIKE: _react,
    Action.LIKERS_READ: _likers_read,
    Action.BOOKMARK: _bookmark,
}
