"""The rules: one small function per action, and the table that finds it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from app.policy.buying import code_redeem, gift_buy, order_decide, plan_buy
from app.policy.hiding import of_question, question_hide
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
from app.policy.reading import (
    comment_read,
    first,
    outside,
    own_words_read,
    silenced,
    topic_read,
    topic_text_read,
    within,
)

Rule = Callable[[Actor, Any], Verdict]

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
    return first(outside(actor), HIDE)


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
        return first(outside(actor), HIDE)
    return deny(Reason.LAST_OWNER) if facts.only_owner else ALLOW


def _staff(actor: Actor, _facts: Any) -> Verdict:
    return ALLOW if actor.staff else first(outside(actor), deny(Reason.STAFF_ONLY))


def _leads(actor: Actor, _facts: Any) -> Verdict:
    return ALLOW if actor.leads else first(outside(actor), deny(Reason.PARTNERS_ONLY))


def _owner(actor: Actor, _facts: Any) -> Verdict:
    return ALLOW if actor.owns else first(outside(actor), deny(Reason.OWNER_ONLY))


def _member_list(actor: Actor, _facts: None) -> Verdict:
    if actor.staff:
        return ALLOW
    if (stopped := outside(actor)) is not None:
        return stopped
    open_ = actor.planet is not None and actor.planet.directory_open
    return ALLOW if open_ else deny(Reason.DIRECTORY_HIDDEN)


def _outranks(actor: Actor, facts: MemberFacts) -> bool:
    return actor.role is not None and _RANK[actor.role] > _RANK[facts.role]


def _member_manage(actor: Actor, facts: MemberFacts) -> Verdict:
    """Mute, isolate, remove, change an end: staff, of somebody below them."""
    if not actor.staff:
        return first(outside(actor), deny(Reason.STAFF_ONLY))
    if facts.user_id == actor.user_id:
        return deny(Reason.NOT_YOURS)
    return ALLOW if _outranks(actor, facts) else deny(Reason.HIGHER_ROLE)


def _role_set(actor: Actor, facts: MemberFacts) -> Verdict:
    """Give another role: owner and partners, of somebody below them. Ownership is handed over."""
    if not actor.leads:
        return first(outside(actor), deny(Reason.PARTNERS_ONLY))
    if facts.user_id == actor.user_id:
        return deny(Reason.NOT_YOURS)
    return ALLOW if _outranks(actor, facts) else deny(Reason.HIGHER_ROLE)


# --- topics --------------------------------------------------------------------------------------


def _topic_post(actor: Actor, _facts: None) -> Verdict:
    if (stopped := silenced(actor)) is not None:
        return stopped
    audience = actor.planet.who_may_post if actor.planet else Audience.NOBODY
    return ALLOW if within(actor, audience) else deny(Reason.ASK_INSTEAD)


def _topic_edit(actor: Actor, facts: TopicFacts) -> Verdict:
    """The writer of a post, or staff for curation; a question's text is its asker's until answered."""
    if not topic_text_read(actor, facts):
        return HIDE
    if (stopped := silenced(actor)) is not None:
        return stopped
    mine = facts.writer_id == actor.user_id
    if facts.kind == "question":
        if not mine:
            return deny(Reason.NOT_YOURS)
        return deny(Reason.ALREADY_ANSWERED) if facts.answered else _edit(actor, facts)
    return _edit(actor, facts) if mine or actor.leads else deny(Reason.NOT_YOURS)


def _edit(actor: Actor, facts: TopicFacts | CommentFacts | AnswerFacts) -> Verdict:
    """New words in what others read would be read by them: of an isolated person they are not."""
    heard = actor.isolated and not facts.isolated
    return deny(Reason.WINDOW_OVER) if heard else ALLOW


def _topic_delete(actor: Actor, facts: TopicFacts) -> Verdict:
    if not topic_read(actor, facts) or facts.deleted:
        return HIDE
    if (stopped := outside(actor)) is not None:
        return stopped
    if actor.staff:
        return ALLOW
    if facts.writer_id != actor.user_id:
        return deny(Reason.NOT_YOURS)
    return deny(Reason.ALREADY_ANSWERED) if facts.kind == "question" and facts.answered else ALLOW


def _topic_staff(actor: Actor, facts: TopicFacts) -> Verdict:
    if not topic_read(actor, facts) or facts.deleted:
        return HIDE
    return _staff(actor, None)


def _topic_sample(actor: Actor, facts: TopicFacts) -> Verdict:
    """Opening a topic to everyone is its owner's to decide: owner and partners; never private."""
    if not topic_read(actor, facts) or facts.deleted:
        return HIDE
    if facts.private:
        return deny(Reason.NOT_OPEN)
    return _leads(actor, None)


def _topic_close(actor: Actor, facts: TopicFacts) -> Verdict:
    if not topic_read(actor, facts) or facts.deleted:
        return HIDE
    if (stopped := outside(actor)) is not None:
        return stopped
    mine_post = facts.kind != "question" and facts.writer_id == actor.user_id
    return ALLOW if actor.staff or mine_post else deny(Reason.STAFF_ONLY)


def _topic_history(actor: Actor, facts: TopicFacts) -> Verdict:
    if not topic_text_read(actor, facts):
        return HIDE
    mine = actor.user_id is not None and facts.writer_id == actor.user_id
    return ALLOW if mine or actor.staff else first(outside(actor), deny(Reason.NOT_YOURS))


def _upload(actor: Actor, _facts: None) -> Verdict:
    return first(silenced(actor), ALLOW)


# --- questions -----------------------------------------------------------------------------------


def _question_ask(actor: Actor, _facts: None) -> Verdict:
    if (stopped := silenced(actor)) is not None:
        return stopped
    enabled = actor.planet is not None and actor.planet.questions_enabled
    return ALLOW if enabled else deny(Reason.QUESTIONS_OFF)


def _question_answer(actor: Actor, facts: TopicFacts) -> Verdict:
    if (stopped := of_question(actor, facts)) is not None:
        return stopped
    if facts.addressee_id != actor.user_id:
        return deny(Reason.NOT_YOURS)
    if facts.withdrawn or facts.declined or facts.answered:
        return deny(Reason.NOT_OPEN)
    return ALLOW


def _question_decline(actor: Actor, facts: TopicFacts) -> Verdict:
    """The addressee, or staff in his place (a guest may have gone)."""
    if (stopped := of_question(actor, facts)) is not None:
        return stopped
    if facts.addressee_id != actor.user_id and not actor.staff:
        return deny(Reason.NOT_YOURS)
    if facts.withdrawn or facts.declined or facts.answered:
        return deny(Reason.NOT_OPEN)
    return ALLOW


def _question_accept(actor: Actor, facts: TopicFacts) -> Verdict:
    if (stopped := of_question(actor, facts)) is not None:
        return stopped
    if not facts.answered:
        return deny(Reason.NOT_OPEN)
    return ALLOW if actor.staff or facts.writer_id == actor.user_id else deny(Reason.NOT_YOURS)


def _question_withdraw(actor: Actor, facts: TopicFacts) -> Verdict:
    """The asker alone, also when muted: taking back one's own words needs no voice."""
    if not topic_read(actor, facts) or facts.deleted or facts.kind != "question":
        return HIDE
    if facts.writer_id != actor.user_id:
        return deny(Reason.NOT_YOURS)
    return deny(Reason.NOT_OPEN) if facts.withdrawn else ALLOW


def _question_reveal(actor: Actor, facts: TopicFacts) -> Verdict:
    if not topic_read(actor, facts) or facts.kind != "question" or not facts.anonymous:
        return HIDE
    return _owner(actor, None)


def _question_log(actor: Actor, facts: TopicFacts) -> Verdict:
    if not topic_read(actor, facts) or facts.kind != "question":
        return HIDE
    party = actor.user_id in (facts.writer_id, facts.addressee_id)
    return ALLOW if actor.staff or party else first(outside(actor), deny(Reason.NOT_YOURS))


def _inbox_read(actor: Actor, _facts: None) -> Verdict:
    return first(outside(actor), ALLOW)


def _answer_edit(actor: Actor, facts: AnswerFacts) -> Verdict:
    if not topic_read(actor, facts.topic) or facts.topic.deleted:
        return HIDE
    if (stopped := silenced(actor)) is not None:
        return stopped
    return _edit(actor, facts) if facts.writer_id == actor.user_id else deny(Reason.NOT_YOURS)


# --- comments and reactions ----------------------------------------------------------------------


def _comment_write(actor: Actor, facts: TopicFacts) -> Verdict:
    """Also the asker's follow-up. Staff may write where comments are closed: to say why."""
    if not topic_read(actor, facts) or facts.deleted:
        return HIDE
    if (stopped := silenced(actor)) is not None:
        return stopped
    if facts.published_at > actor.now:
        return deny(Reason.NOT_OPEN)
    audience = actor.planet.who_may_comment if actor.planet else Audience.NOBODY
    if audience is Audience.NOBODY:
        return deny(Reason.COMMENTS_OFF)
    if facts.comments_closed and not actor.staff:
        return deny(Reason.COMMENTS_CLOSED)
    party = facts.kind == "question" and actor.user_id in (facts.writer_id, facts.addressee_id)
    return ALLOW if party or within(actor, audience) else deny(Reason.COMMENTS_STAFF)


def _comment_edit(actor: Actor, facts: CommentFacts) -> Verdict:
    """The writer: freely within the window (minutes), after it with history. Never others."""
    if not comment_read(actor, facts) or facts.deleted or facts.topic.deleted:
        return HIDE
    if (stopped := silenced(actor)) is not None:
        return stopped
    return _edit(actor, facts) if facts.writer_id == actor.user_id else deny(Reason.NOT_YOURS)


def edit_is_silent(actor: Actor, facts: CommentFacts) -> bool:
    """Whether an edit now falls within the planet's window (minutes) and leaves no history."""
    minutes = actor.planet.comment_edit_minutes if actor.planet else 0
    return actor.now <= facts.created_at + timedelta(minutes=minutes)


def _comment_delete(actor: Actor, facts: CommentFacts) -> Verdict:
    if not comment_read(actor, facts) or facts.deleted:
        return HIDE
    if (stopped := outside(actor)) is not None:
        return stopped
    return ALLOW if actor.staff or facts.writer_id == actor.user_id else deny(Reason.NOT_YOURS)


def _comment_staff(actor: Actor, facts: CommentFacts) -> Verdict:
    if not comment_read(actor, facts) or facts.deleted:
        return HIDE
    return _staff(actor, None)


def _comment_history(actor: Actor, facts: CommentFacts) -> Verdict:
    if not comment_read(actor, facts) or facts.deleted:
        return HIDE
    mine = actor.user_id is not None and facts.writer_id == actor.user_id
    return ALLOW if mine or actor.staff else first(outside(actor), deny(Reason.NOT_YOURS))


def _react(actor: Actor, facts: TopicFacts | CommentFacts) -> Verdict:
    """Like: whoever is inside and reads it; also the muted, for a like says no word."""
    topic = facts.topic if isinstance(facts, CommentFacts) else facts
    readable = comment_read(actor, facts) if isinstance(facts, CommentFacts) else None
    if readable is HIDE or not topic_read(actor, topic) or facts.deleted:
        return HIDE
    return first(outside(actor), ALLOW)


def _bookmark(actor: Actor, facts: TopicFacts) -> Verdict:
    if not topic_read(actor, facts):
        return HIDE
    return ALLOW if actor.user_id is not None else deny(Reason.SIGN_IN)


def _likers_read(actor: Actor, facts: TopicFacts | CommentFacts) -> Verdict:
    topic = facts.topic if isinstance(facts, CommentFacts) else facts
    if not topic_read(actor, topic):
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
    Action.AUDIT_BLANK: _owner,
    Action.STATS_READ: _staff,
    Action.MEMBER_LIST: _member_list,
    Action.MEMBER_MANAGE: _member_manage,
    Action.MEMBER_APPROVE: _staff,
    Action.MEMBER_INVITE: _staff,
    Action.MEMBER_REMOVE: _member_manage,
    Action.ROLE_SET: _role_set,
    Action.OWNERSHIP_HAND_OVER: _owner,
    Action.PLAN_BUY: plan_buy,
    Action.GIFT_BUY: gift_buy,
    Action.CODE_REDEEM: code_redeem,
    Action.PLANS_EDIT: _leads,
    Action.SUBSCRIPTIONS_MANAGE: _staff,
    Action.ORDER_DECIDE: order_decide,
    Action.INCOME_READ: _leads,
    Action.PLANET_PAUSE: _owner,
    Action.TOPIC_READ: topic_read,
    Action.TOPIC_TEXT_READ: topic_text_read,
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
    Action.QUESTION_HIDE: question_hide,
    Action.QUESTION_REVEAL: _question_reveal,
    Action.QUESTION_LOG: _question_log,
    Action.INBOX_READ: _inbox_read,
    Action.ASKED_READ: own_words_read,
    Action.DRAFTS_READ: own_words_read,
    Action.ANSWER_EDIT: _answer_edit,
    Action.COMMENT_WRITE: _comment_write,
    Action.COMMENT_READ: comment_read,
    Action.COMMENT_EDIT: _comment_edit,
    Action.COMMENT_DELETE: _comment_delete,
    Action.COMMENT_STICK: _comment_staff,
    Action.COMMENT_HISTORY: _comment_history,
    Action.LIKE: _react,
    Action.LIKERS_READ: _likers_read,
    Action.BOOKMARK: _bookmark,
}
