"""Coming in and going: start, join, ask, be let in, leave."""

from __future__ import annotations

from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid, Refused
from app.kernel.ids import new_public_id
from app.kernel.text import tidy
from app.memberships.actions.granting import start_membership
from app.memberships.actions.rules import accept_present_rules
from app.memberships.backing import revoke_unbacked
from app.memberships.events import (
    JoinApproved,
    JoinDeclined,
    JoinRequested,
    MembershipEnded,
)
from app.memberships.facts import standing_of
from app.memberships.models import Membership
from app.memberships.periods import Period
from app.memberships.rows import (
    claim_name,
    get_own_row,
    get_terms,
    make_row,
    person_of,
    planet_of,
    read_facts,
)
from app.memberships.settling import list_entitlements, settle
from app.memberships.trail import note
from app.outbox.events import put
from app.policy import Action, Actor, Joining, PlanetRole, Reason, Standing
from app.policy.gate import require

ANSWER_MAX = 1_000
REASON_MAX = 300


def join(actor: Actor, *, nickname: str, rules_version: int) -> Membership:
    """Join an open planet at once. Twice in one moment is one membership.

    `rules_version` is the version accepted, 0 when the planet has no rules. Invalid("nickname" or
    "rules", …); Conflict when the planet stopped being open since the form was shown.
    """
    require(actor, Action.PLANET_JOIN)
    terms = get_terms(planet_of(actor))
    if terms.joining != Joining.OPEN or terms.paid:
        raise Conflict("joining")
    member = make_row(terms.planet_id, person_of(actor))
    if standing_of(member, now=terms.moment(), grace=terms.grace) is Standing.ACTIVE:
        return member
    claim_name(member, nickname)
    accept_present_rules(member, version=rules_version)
    return start_membership(
        actor,
        planet_id=terms.planet_id,
        user_id=member.user_id,
        source="open",
        source_ref=new_public_id(),
        period=Period(clock.now()),
    )


def request_to_join(actor: Actor, *, answer: str, nickname: str, rules_version: int) -> Membership:
    """Ask to be let in; staff decide. A second request while one waits changes nothing."""
    require(actor, Action.PLANET_JOIN)
    terms = get_terms(planet_of(actor))
    if terms.joining != Joining.APPROVAL:
        raise Conflict("joining")
    answer = tidy(answer)
    if not answer:
        raise Invalid("answer", "required")
    if len(answer) > ANSWER_MAX:
        raise Invalid("answer", "too_long", high=ANSWER_MAX)
    member = make_row(terms.planet_id, person_of(actor))
    if member.removed_at is not None:
        raise Refused(Reason.REMOVED)
    if member.requested_at is not None:
        return member
    claim_name(member, nickname)
    accept_present_rules(member, version=rules_version)
    member.requested_at = clock.now()
    member.request_answer = answer
    member.declined_at = None
    member.declined_reason = ""
    db.session.flush()
    put(JoinRequested(membership_id=member.id))
    return member


def withdraw_request(actor: Actor) -> None:
    """Take one's own request back. Nothing happens when it was decided meanwhile."""
    require(actor, Action.ACCOUNT_USE)
    member = get_own_row(actor)
    _close_request(member)


def approve(actor: Actor, *, member: Membership) -> None:
    """Let the requester in; where membership is bought, let him buy it.

    Conflict when the request is gone or decided already.
    """
    require(actor, Action.MEMBER_APPROVE)
    if member.requested_at is None:
        raise Conflict("request")
    if get_terms(member.planet_id).paid:
        member.requested_at = None
        member.approved_at = clock.now()
        db.session.flush()
        put(JoinApproved(membership_id=member.id))
    else:
        start_membership(
            actor,
            planet_id=member.planet_id,
            user_id=member.user_id,
            source="approval",
            source_ref=new_public_id(),
            period=Period(clock.now()),
        )
    note(actor, "member.approve", member)


def decline(actor: Actor, *, member: Membership, reason: str) -> None:
    """Decline a request; the requester reads the reason and may ask again."""
    require(actor, Action.MEMBER_APPROVE)
    if member.requested_at is None:
        raise Conflict("request")
    reason = tidy(reason)
    if len(reason) > REASON_MAX:
        raise Invalid("reason", "too_long", high=REASON_MAX)
    _close_request(member)
    member.declined_at = clock.now()
    member.declined_reason = reason
    note(actor, "member.decline", member, reason=reason)
    put(JoinDeclined(membership_id=member.id))


def leave(actor: Actor) -> None:
    """Leave the planet: number and name stay reserved. Refused(last_owner) for its only owner."""
    require(actor, Action.ACCOUNT_USE)
    member = get_own_row(actor)
    require(actor, Action.PLANET_LEAVE, read_facts(member))
    if member.joined_at is None:
        _close_request(member)
        return
    member.left_at = clock.now()
    member.requested_at = None
    member.pinned_at = None
    give_up(member)
    db.session.flush()
    revoke_unbacked(member.planet_id, member.user_id, role=None)
    note(actor, "member.leave", member)
    put(MembershipEnded(membership_id=member.id))


def come_back(actor: Actor) -> Membership:
    """Return to a planet that one left while there is bought time. Conflict when there is none."""
    require(actor, Action.ACCOUNT_USE)
    member = get_own_row(actor)
    if member.removed_at is not None:
        raise Refused(Reason.REMOVED)
    if member.left_at is None:
        return member
    terms = get_terms(member.planet_id)
    member.role = PlanetRole.MEMBER.value
    settle(member)
    if member.expires_at is not None and member.expires_at <= terms.moment():
        raise Conflict("time")
    member.left_at = None
    note(actor, "member.return", member)
    return member


def give_up(member: Membership) -> None:
    """End what costs nothing, because its person leaves; bought time waits for him."""
    moment = clock.now()
    for row in list_entitlements(member.id):
        if not row.environment and row.cut_at is None:
            row.cut_at = row.cut_decided_at = moment


def _close_request(member: Membership) -> None:
    """End a request; the name that waited with it is free again unless its person was inside."""
    member.requested_at = None
    if member.joined_at is None:
        member.name_key = None
        member.nickname = ""
