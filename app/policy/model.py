"""The words of the policy: roles, standings, actions, reasons, the actor and the facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache


class PlanetRole(StrEnum):
    """What somebody is in a planet. A visitor has no row and no role."""

    OWNER = "owner"
    PARTNER = "partner"
    ADMIN = "admin"
    GUEST = "guest"
    MEMBER = "member"


class Standing(StrEnum):
    """Where a person stands with a planet now; derived from rows and the clock, never stored."""

    VISITOR = "visitor"
    PENDING = "pending"
    ACTIVE = "active"
    GRACE = "grace"
    EXPIRED = "expired"
    LEFT = "left"
    REMOVED = "removed"


class Grace(StrEnum):
    """What a member whose time is over has on top: the planet's grace days, the three days of a
    subscription whose payment is not known yet, or nothing."""

    PLANET = "planet"
    LATE = "late"
    NONE = "none"


class Audience(StrEnum):
    """A setting's circle of people, each wider than the one before; NOBODY is narrower than all."""

    NOBODY = "nobody"
    PARTNERS = "partners"
    STAFF = "staff"
    GUESTS = "guests"
    MEMBERS = "members"


class Joining(StrEnum):
    """How a person becomes a member."""

    OPEN = "open"
    APPROVAL = "approval"
    INVITATION = "invitation"


class ExpiredAccess(StrEnum):
    """What an expired member keeps: what was published while he had paid, or nothing."""

    KEEP = "keep"
    LOCK = "lock"


class Action(StrEnum):
    """Everything that can be asked of the policy."""

    # site
    PLANET_CREATE = "planet.create"
    ACCOUNT_USE = "account.use"
    # planet
    LANDING_READ = "landing.read"
    PLANET_READ = "planet.read"
    PLANET_JOIN = "planet.join"
    PLANET_LEAVE = "planet.leave"
    SETTINGS_EDIT = "settings.edit"
    AUDIT_READ = "audit.read"
    AUDIT_BLANK = "audit.blank"
    STATS_READ = "stats.read"
    # people
    MEMBER_LIST = "member.list"
    MEMBER_MANAGE = "member.manage"
    MEMBER_APPROVE = "member.approve"
    MEMBER_INVITE = "member.invite"
    MEMBER_REMOVE = "member.remove"
    ROLE_SET = "role.set"
    # membership that is paid
    PLAN_BUY = "plan.buy"
    GIFT_BUY = "gift.buy"
    CODE_REDEEM = "code.redeem"
    PLANS_EDIT = "plans.edit"
    SUBSCRIPTIONS_MANAGE = "subscriptions.manage"
    ORDER_DECIDE = "order.decide"
    INCOME_READ = "income.read"
    PLANET_PAUSE = "planet.pause"
    OWNERSHIP_HAND_OVER = "ownership.hand_over"
    # topics
    TOPIC_READ = "topic.read"
    TOPIC_TEXT_READ = "topic.text_read"
    TOPIC_POST = "topic.post"
    TOPIC_EDIT = "topic.edit"
    TOPIC_DELETE = "topic.delete"
    TOPIC_CURATE = "topic.curate"
    TOPIC_SAMPLE = "topic.sample"
    TOPIC_CLOSE = "topic.close"
    TOPIC_HISTORY = "topic.history"
    COMMENT_STREAM = "comment.stream"
    TAGS_EDIT = "tags.edit"
    SERIES_EDIT = "series.edit"
    UPLOAD = "upload"
    # questions
    QUESTION_ASK = "question.ask"
    QUESTION_ANSWER = "question.answer"
    QUESTION_DECLINE = "question.decline"
    QUESTION_HAND_ON = "question.hand_on"
    QUESTION_ACCEPT = "question.accept"
    QUESTION_WITHDRAW = "question.withdraw"
    QUESTION_HIDE = "question.hide"
    QUESTION_REVEAL = "question.reveal"
    QUESTION_LOG = "question.log"
    INBOX_READ = "inbox.read"
    ASKED_READ = "asked.read"
    DRAFTS_READ = "drafts.read"
    ANSWER_EDIT = "answer.edit"
    # comments and reactions
    COMMENT_WRITE = "comment.write"
    COMMENT_READ = "comment.read"
    COMMENT_EDIT = "comment.edit"
    COMMENT_DELETE = "comment.delete"
    COMMENT_STICK = "comment.stick"
    COMMENT_HISTORY = "comment.history"
    LIKE = "like"
    LIKERS_READ = "likers.read"
    BOOKMARK = "bookmark"


class Reason(StrEnum):
    """Why something is refused. The doors word each one and say what to do."""

    SIGN_IN = "sign_in"
    CONFIRM_EMAIL = "confirm_email"
    JOIN = "join"
    PENDING = "pending"
    RENEW = "renew"
    REMOVED = "removed"
    MUTED = "muted"
    ASK_INSTEAD = "ask_instead"
    COMMENTS_CLOSED = "comments_closed"
    COMMENTS_STAFF = "comments_staff"
    COMMENTS_OFF = "comments_off"
    QUESTIONS_OFF = "questions_off"
    NOT_YOURS = "not_yours"
    WINDOW_OVER = "window_over"
    ALREADY_ANSWERED = "already_answered"
    NOT_OPEN = "not_open"
    STAFF_ONLY = "staff_only"
    OWNER_ONLY = "owner_only"
    PARTNERS_ONLY = "partners_only"
    LAST_OWNER = "last_owner"
    INVITATION_ONLY = "invitation_only"
    ALREADY_MEMBER = "already_member"
    SITE_ADMINS_ONLY = "site_admins_only"
    DIRECTORY_HIDDEN = "directory_hidden"
    HIGHER_ROLE = "higher_role"
    PAUSED = "paused"
    NEVER_ENDS = "never_ends"
    NOT_APPROVED = "not_approved"
    OWN_MONEY = "own_money"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The policy's answer. `reason` is set when and only when the answer is DENY."""

    kind: str
    reason: Reason | None = None

    def __bool__(self) -> bool:
        """Only ALLOW is true, so templates can say `if can(...)`."""
        return self.kind == "allow"


ALLOW = Verdict("allow")
HIDE = Verdict("hide")


@cache
def deny(reason: Reason) -> Verdict:
    """Return DENY with its reason; answered 403 with a page that says what to do."""
    return Verdict("deny", reason)


@dataclass(frozen=True, slots=True)
class PlanetSettings:
    """The settings of a planet that the policy reads. Defaults are those of a new planet."""

    id: int
    joining: Joining = Joining.OPEN
    who_may_post: Audience = Audience.GUESTS
    who_may_comment: Audience = Audience.MEMBERS
    questions_enabled: bool = True
    question_queue_open: bool = False
    directory_open: bool = False
    expired_access: ExpiredAccess = ExpiredAccess.KEEP
    comment_edit_minutes: int = 15
    paid: bool = False
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, where, and at which moment (`now`, aware UTC). A visitor has no `user_id`.

    `rules_due`: the planet has rules that he has not accepted yet; doors ask him, nothing is
    refused. `number` is the one he has in the planet; no rule looks at it. `reads_from`: a trial
    reads what was published since then, None all. `approved`: staff let him in, he has to pay yet.
    """

    now: datetime
    user_id: int | None = None
    confirmed: bool = False
    site_admin: bool = False
    may_create: bool = False
    planet: PlanetSettings | None = None
    membership_id: int | None = None
    role: PlanetRole | None = None
    standing: Standing = Standing.VISITOR
    expires_at: datetime | None = None
    muted_until: datetime | None = None
    isolated: bool = False
    rules_due: bool = False
    number: int | None = None
    reads_from: datetime | None = None
    approved: bool = False

    @property
    def inside(self) -> bool:
        """Whether the role counts: standing active or grace."""
        return self.standing in (Standing.ACTIVE, Standing.GRACE)

    @property
    def leads(self) -> bool:
        """Owner or partner."""
        return self.inside and self.role in (PlanetRole.OWNER, PlanetRole.PARTNER)

    @property
    def owns(self) -> bool:
        """Owner."""
        return self.inside and self.role is PlanetRole.OWNER

    @property
    def staff(self) -> bool:
        """Owner, partner or admin."""
        return self.leads or (self.inside and self.role is PlanetRole.ADMIN)

    @property
    def muted(self) -> bool:
        """Whether writing is off for now."""
        return self.muted_until is not None and self.now < self.muted_until


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """What the policy must know of a topic. `writer_id` is the real one, also when anonymous."""

    planet_id: int
    kind: str
    writer_id: int | None
    published_at: datetime
    deleted: bool = False
    isolated: bool = False
    public_sample: bool = False
    comments_closed: bool = False
    private: bool = False
    addressee_id: int | None = None
    answered: bool = False
    declined: bool = False
    withdrawn: bool = False
    anonymous: bool = False
    has_replies: bool = False


@dataclass(frozen=True, slots=True)
class CommentFacts:
    """What the policy must know of a comment, and the topic it stands under."""

    topic: TopicFacts
    writer_id: int | None
    created_at: datetime
    deleted: bool = False
    isolated: bool = False


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """What the policy must know of an answer, and its question's topic."""

    topic: TopicFacts
    writer_id: int
    isolated: bool = False


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """What the policy must know of another member of the actor's planet."""

    user_id: int
    role: PlanetRole
    standing: Standing
    only_owner: bool = False


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What the policy must know of an order: who bought."""

    buyer_id: int
