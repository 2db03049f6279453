"""What notices there are, and the sentence of each."""

from __future__ import annotations

from enum import StrEnum

from app.notifications.speech import Say


class Kind(StrEnum):
    """What happened, as the receiver is told."""

    QUESTION_ASKED = "question_asked"
    QUESTION_RECEIVED = "question_received"
    QUESTION_MOVED = "question_moved"
    QUESTION_ANSWERED = "question_answered"
    QUESTION_DECLINED = "question_declined"
    QUESTION_OVERDUE = "question_overdue"
    HIDING_ASKED = "hiding_asked"
    HIDING_DECIDED = "hiding_decided"
    COMMENT_REPLY = "comment_reply"
    COMMENT_ON_TOPIC = "comment_on_topic"
    COMMENT_ON_QUESTION = "comment_on_question"
    COMMENT_ON_ANSWER = "comment_on_answer"
    SEARCH_HIT = "search_hit"
    INVITED = "invited"
    JOIN_REQUESTED = "join_requested"
    JOIN_APPROVED = "join_approved"
    JOIN_DECLINED = "join_declined"
    ROLE_CHANGED = "role_changed"
    SEAT_FREE = "seat_free"
    MAY_BUY = "may_buy"
    TERM_ENDS = "term_ends"
    TERM_ENDED = "term_ended"
    TRIAL_BEGAN = "trial_began"
    PAYMENT_ARRIVED = "payment_arrived"
    PAYMENT_FAILED = "payment_failed"
    CHARGE_FAILED = "charge_failed"
    SUBSCRIPTION_NEEDLESS = "subscription_needless"
    REFUND_DONE = "refund_done"
    PAYMENT_DISPUTED = "payment_disputed"
    DISPUTE_LOST = "dispute_lost"
    TRANSFER_STATED = "transfer_stated"
    STAFF_JOINED = "staff_joined"
    STAFF_FIRST_SALE = "staff_first_sale"
    STAFF_SALE = "staff_sale"
    STAFF_RENEWAL = "staff_renewal"
    STAFF_REDEEMED = "staff_redeemed"
    STAFF_REFUND = "staff_refund"
    STAFF_REFUND_FAILED = "staff_refund_failed"
    STAFF_CHARGE_FAILED = "staff_charge_failed"
    STAFF_DISPUTE = "staff_dispute"
    STAFF_DISPUTE_WON = "staff_dispute_won"
    STAFF_DISPUTE_LOST = "staff_dispute_lost"


COMMENTS = frozenset(
    {
        Kind.COMMENT_REPLY,
        Kind.COMMENT_ON_TOPIC,
        Kind.COMMENT_ON_QUESTION,
        Kind.COMMENT_ON_ANSWER,
    }
)
REMINDERS = frozenset({Kind.TERM_ENDS, Kind.TERM_ENDED})
# About an order of one's own, whatever became of the membership.
OF_ORDERS = frozenset(
    {
        Kind.TRIAL_BEGAN,
        Kind.PAYMENT_ARRIVED,
        Kind.PAYMENT_FAILED,
        Kind.CHARGE_FAILED,
        Kind.SUBSCRIPTION_NEEDLESS,
        Kind.REFUND_DONE,
        Kind.PAYMENT_DISPUTED,
        Kind.DISPUTE_LOST,
    }
)


# For owner and partners, about what others did: who came in, and their money.
OF_STAFF = frozenset(kind for kind in Kind if kind.startswith("staff_"))


def sentence(_: Say, kind: Kind, *, who: str, planet: str, role: str = "", day: str = "") -> str:
    """Return what a notice says. `who` is a name in that planet, "" for an anonymous asker or when
    nobody in particular acted; `role` a `PlanetRole`; `day` the last day of a term, or the day until
    which a dispute is to be answered."""
    if kind in OF_STAFF:
        return _staff(_, kind, who or _("Somebody"), planet, day)
    if kind in REMINDERS or kind in OF_ORDERS or kind is Kind.MAY_BUY:
        return _buying(_, kind, planet, day)
    if kind in COMMENTS:
        return _comment(_, kind, who or _("The asker"), planet)
    if kind in (Kind.INVITED, Kind.JOIN_REQUESTED, Kind.JOIN_APPROVED, Kind.JOIN_DECLINED):
        return _joining(_, kind, who, planet)
    if kind is Kind.ROLE_CHANGED:
        return _(
            "Your role in %(planet)s is now: %(role)s.", role=role_name(_, role), planet=planet
        )
    if kind is Kind.SEARCH_HIT:
        return _("A search you saved found something new in %(planet)s.", planet=planet)
    if kind is Kind.TRANSFER_STATED:
        return _("Somebody says that they have paid for %(planet)s by transfer.", planet=planet)
    if kind is Kind.SEAT_FREE:
        return _("A seat in %(planet)s is free again.", planet=planet)
    return _question(_, kind, who, planet)


def _question(_: Say, kind: Kind, who: str, planet: str) -> str:
    match kind:
        case Kind.QUESTION_ASKED if who:
            return _("%(who)s asked you a question in %(planet)s.", who=who, planet=planet)
        case Kind.QUESTION_ASKED:
            return _("Somebody asked you a question anonymously in %(planet)s.", planet=planet)
        case Kind.QUESTION_RECEIVED:
            return _("A question in %(planet)s was handed on to you.", planet=planet)
        case Kind.QUESTION_MOVED:
            return _(
                "Your question in %(planet)s was handed on to %(who)s.", who=who, planet=planet
            )
        case Kind.QUESTION_ANSWERED:
            return _("%(who)s answered your question in %(planet)s.", who=who, planet=planet)
        case Kind.QUESTION_DECLINED:
            return _("Your question in %(planet)s was declined.", planet=planet)
        case Kind.HIDING_ASKED:
            return _("Somebody asks to hide a question of theirs in %(planet)s.", planet=planet)
        case Kind.HIDING_DECIDED:
            return _("It was decided whether your question in %(planet)s is hidden.", planet=planet)
        case _other:
            return _("A question to %(who)s in %(planet)s is overdue.", who=who, planet=planet)


def _comment(_: Say, kind: Kind, who: str, planet: str) -> str:
    match kind:
        case Kind.COMMENT_REPLY:
            return _("%(who)s replied to you in %(planet)s.", who=who, planet=planet)
        case Kind.COMMENT_ON_QUESTION:
            return _("%(who)s commented on your question in %(planet)s.", who=who, planet=planet)
        case Kind.COMMENT_ON_ANSWER:
            return _("%(who)s commented on your answer in %(planet)s.", who=who, planet=planet)
        case _other:
            return _("%(who)s commented on your topic in %(planet)s.", who=who, planet=planet)


def _joining(_: Say, kind: Kind, who: str, planet: str) -> str:
    match kind:
        case Kind.INVITED:
            return _("%(who)s invites you to %(planet)s.", who=who, planet=planet)
        case Kind.JOIN_REQUESTED:
            return _("%(who)s asks to join %(planet)s.", who=who, planet=planet)
        case Kind.JOIN_APPROVED:
            return _("You are in: welcome to %(planet)s.", planet=planet)
        case _other:
            return _("Your request to join %(planet)s was declined.", planet=planet)


def _staff(_: Say, kind: Kind, who: str, planet: str, day: str) -> str:
    match kind:
        case Kind.STAFF_JOINED:
            return _("%(who)s joined %(planet)s.", who=who, planet=planet)
        case Kind.STAFF_FIRST_SALE:
            return _("%(who)s is the first to pay for %(planet)s.", who=who, planet=planet)
        case Kind.STAFF_SALE:
            return _("%(who)s paid for %(planet)s.", who=who, planet=planet)
        case Kind.STAFF_RENEWAL:
            return _("%(who)s renewed %(planet)s.", who=who, planet=planet)
        case Kind.STAFF_REDEEMED:
            return _("%(who)s redeemed a code for %(planet)s.", who=who, planet=planet)
        case Kind.STAFF_REFUND:
            return _("%(who)s got money for %(planet)s back.", who=who, planet=planet)
        case Kind.STAFF_REFUND_FAILED:
            return _("A refund to %(who)s failed in %(planet)s.", who=who, planet=planet)
        case Kind.STAFF_CHARGE_FAILED:
            return _(
                "The subscription of %(who)s in %(planet)s could not be charged.",
                who=who,
                planet=planet,
            )
        case _other:
            return _dispute(_, kind, who, planet, day)


def _dispute(_: Say, kind: Kind, who: str, planet: str, day: str) -> str:
    match kind:
        case Kind.STAFF_DISPUTE if day:
            return _(
                "%(who)s disputes a payment for %(planet)s. Answer with evidence by %(day)s.",
                who=who,
                planet=planet,
                day=day,
            )
        case Kind.STAFF_DISPUTE:
            return _("%(who)s disputed a payment for %(planet)s.", who=who, planet=planet)
        case Kind.STAFF_DISPUTE_WON:
            return _(
                "The dispute with %(who)s in %(planet)s was won: the money stays.",
                who=who,
                planet=planet,
            )
        case _other:
            return _(
                "The dispute with %(who)s in %(planet)s was lost: the money is gone.",
                who=who,
                planet=planet,
            )


def _buying(_: Say, kind: Kind, planet: str, day: str) -> str:
    match kind:
        case Kind.MAY_BUY:
            return _("%(planet)s takes you in: choose a membership.", planet=planet)
        case Kind.TERM_ENDS:
            return _("Your membership of %(planet)s ends on %(day)s.", planet=planet, day=day)
        case Kind.TERM_ENDED:
            return _("Your membership of %(planet)s ended on %(day)s.", planet=planet, day=day)
        case Kind.TRIAL_BEGAN:
            return _("Your free trial of %(planet)s has begun.", planet=planet)
        case Kind.PAYMENT_ARRIVED:
            return _("Your payment for %(planet)s has arrived. Thank you.", planet=planet)
        case Kind.PAYMENT_FAILED:
            return _("Your payment for %(planet)s did not arrive.", planet=planet)
        case Kind.CHARGE_FAILED:
            return _("The charge for your subscription of %(planet)s failed.", planet=planet)
        case Kind.SUBSCRIPTION_NEEDLESS:
            return _(
                "Your subscription of %(planet)s ends: your role there costs nothing.",
                planet=planet,
            )
        case Kind.REFUND_DONE:
            return _("Money for %(planet)s was given back to you.", planet=planet)
        case Kind.PAYMENT_DISPUTED:
            return _("Your payment for %(planet)s is disputed.", planet=planet)
        case _other:
            return _("Your payment for %(planet)s was taken back by your bank.", planet=planet)


def role_name(_: Say, role: str) -> str:
    """Return a role's name inside a sentence."""
    names = {
        "owner": _("Owner"),
        "partner": _("Partner"),
        "admin": _("Admin"),
        "guest": _("Guest"),
        "member": _("Member"),
    }
    return names.get(role, role)


def subject(_: Say, kind: Kind, *, site: str) -> str:
    """Return a mail's subject: what kind of thing, nothing of where, who and what."""
    if kind in COMMENTS:
        return _("New reply at %(site)s", site=site)
    match kind:
        case Kind.STAFF_DISPUTE | Kind.STAFF_DISPUTE_WON | Kind.STAFF_DISPUTE_LOST:
            return _("A disputed payment at %(site)s", site=site)
        case Kind.STAFF_REFUND_FAILED | Kind.STAFF_CHARGE_FAILED:
            return _("A payment that needs you at %(site)s", site=site)
        case Kind.QUESTION_ASKED | Kind.QUESTION_RECEIVED:
            return _("A question for you at %(site)s", site=site)
        case Kind.QUESTION_OVERDUE:
            return _("A question is overdue at %(site)s", site=site)
        case Kind.QUESTION_ANSWERED:
            return _("Your question was answered at %(site)s", site=site)
        case Kind.HIDING_ASKED:
            return _("A request to decide at %(site)s", site=site)
        case Kind.QUESTION_MOVED | Kind.QUESTION_DECLINED | Kind.HIDING_DECIDED:
            return _("News of your question at %(site)s", site=site)
        case Kind.SEARCH_HIT:
            return _("New for a search you saved at %(site)s", site=site)
        case Kind.SEAT_FREE:
            return _("A seat is free at %(site)s", site=site)
        case Kind.TRANSFER_STATED:
            return _("A transfer to look for at %(site)s", site=site)
        case Kind.PAYMENT_ARRIVED | Kind.PAYMENT_FAILED | Kind.CHARGE_FAILED | Kind.REFUND_DONE:
            return _("About a payment at %(site)s", site=site)
        case Kind.INVITED:
            return _("An invitation at %(site)s", site=site)
        case Kind.JOIN_REQUESTED:
            return _("A request to join at %(site)s", site=site)
        case _other:
            return _("News of your membership at %(site)s", site=site)
