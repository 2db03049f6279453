"""Invitations: a link for one address, one planet, one role."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from app.accounts.addresses import normalise_email
from app.accounts.models import User
from app.kernel import clock
from app.kernel.audit import forget_reasons
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid, NotFound, Refused
from app.kernel.ids import hash_secret, new_secret
from app.kernel.text import tidy
from app.memberships.actions.granting import start_membership
from app.memberships.actions.rules import accept_present_rules
from app.memberships.backing import roles_below
from app.memberships.events import InvitationCreated
from app.memberships.models import Entitlement, Invitation, Membership
from app.memberships.periods import Period
from app.memberships.rows import claim_name, make_row, person_of, planet_of
from app.memberships.trail import note
from app.outbox.events import put
from app.policy import Action, Actor, MemberFacts, PlanetRole, Reason, Standing
from app.policy.gate import require

VALID_FOR = timedelta(days=14)
NOTE_MAX = 500


@dataclass(frozen=True, slots=True)
class Offer:
    """Who is invited as what. `ends_at` (aware UTC) is a guest's end date, None for never."""

    email: str
    role: PlanetRole
    note: str = ""
    ends_at: datetime | None = None


def invite(actor: Actor, *, offer: Offer) -> Invitation:
    """Write an invitation; the mail's handler makes its link. The answer is the same whether or
    not the address has an account, or belongs to somebody who is in the planet already.

    Open invitations to the same address that the actor could revoke are revoked: one address, one
    link. Refused when the role is not below the actor's; Invalid for the address, the note, the end.
    """
    require(actor, Action.MEMBER_INVITE)
    require(actor, Action.MEMBER_MANAGE, MemberFacts(0, offer.role, Standing.VISITOR))
    email = check_offer(offer)
    moment = clock.now()
    db.session.execute(
        update(Invitation)
        .where(
            Invitation.planet_id == planet_of(actor),
            Invitation.email == email,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.role.in_(roles_below(actor.role) if actor.role else ()),
        )
        .values(revoked_at=moment)
        .execution_options(synchronize_session=False)
    )
    invitation = Invitation(
        planet_id=planet_of(actor),
        email=email,
        role=offer.role.value,
        # Nobody knows this secret: the link's own comes with the mail.
        token_hash=hash_secret(new_secret()),
        note=tidy(offer.note),
        ends_at=offer.ends_at,
        created_at=moment,
        created_by=person_of(actor),
        expires_at=moment + VALID_FOR,
    )
    db.session.add(invitation)
    db.session.flush()
    note(actor, "invitation.create", invitation, role=offer.role.value)
    put(InvitationCreated(invitation_id=invitation.id))
    return invitation


def check_offer(offer: Offer) -> str:
    """Return the address as it is stored: as accounts have it, or nobody could take the invitation up.
    Invalid for the first thing that is wrong."""
    email = normalise_email(offer.email)
    if len(offer.note) > NOTE_MAX:
        raise Invalid("note", "too_long", high=NOTE_MAX)
    if offer.ends_at is not None:
        if offer.role is not PlanetRole.GUEST:
            raise Invalid("ends_at", "guests_only")
        if offer.ends_at <= clock.now():
            raise Invalid("ends_at", "past")
    return email


def revoke_invitation(actor: Actor, *, invitation: Invitation) -> None:
    """Make a link worthless. Nothing happens when it is already."""
    _require_over(actor, invitation)
    if invitation.accepted_at is not None or invitation.revoked_at is not None:
        return
    invitation.revoked_at = clock.now()
    note(actor, "invitation.revoke", invitation)


def resend_invitation(actor: Actor, *, invitation: Invitation) -> None:
    """Send the mail again with a fresh link, good for another 14 days; that of the former mail is dead."""
    _require_over(actor, invitation)
    _require_open(invitation)
    invitation.expires_at = clock.now() + VALID_FOR
    invitation.created_by = person_of(actor)
    note(actor, "invitation.resend", invitation)
    put(InvitationCreated(invitation_id=invitation.id))


def copy_link(actor: Actor, *, invitation: Invitation) -> str:
    """Return a fresh secret for a link, to be shown once. The mail's own stays good, one that was shown
    before does not. An invitation that is out of date is good for another 14 days."""
    _require_over(actor, invitation)
    _require_open(invitation)
    if invitation.expires_at <= clock.now():
        invitation.expires_at = clock.now() + VALID_FOR
    note(actor, "invitation.copy", invitation)
    secret = new_secret()
    invitation.link_hash = hash_secret(secret)
    return secret


def issue_secret(invitation: Invitation) -> str:
    """Give an invitation's mail a new secret and return it: for the mail's handler."""
    secret = new_secret()
    invitation.token_hash = hash_secret(secret)
    return secret


def accept_invitation(
    actor: Actor, *, invitation: Invitation, nickname: str, rules_version: int
) -> Membership:
    """Take up an invitation as the person whose confirmed address it names.

    `actor` is outside any planet. NotFound for another address and for a link that was used,
    revoked or is out of date; Refused(confirm_email), Refused(removed); Invalid("nickname" or
    "rules", …). It never lowers the role of somebody who is inside.
    """
    require(actor, Action.ACCOUNT_USE)
    user_id = person_of(actor)
    if not actor.confirmed:
        raise Refused(Reason.CONFIRM_EMAIL)
    address = db.session.scalar(select(User.email).where(User.id == user_id))
    if address != invitation.email:
        raise NotFound
    _take(invitation, user_id)
    member = make_row(invitation.planet_id, user_id)
    if member.removed_at is not None:
        raise Refused(Reason.REMOVED)
    if member.name_key is None or nickname.strip():
        claim_name(member, nickname)
    accept_present_rules(member, version=rules_version)
    start_membership(
        actor,
        planet_id=invitation.planet_id,
        user_id=user_id,
        source="invitation",
        source_ref=invitation.public_id,
        period=Period(clock.now(), invitation.ends_at),
        role=PlanetRole(invitation.role),
    )
    note(actor, "invitation.accept", invitation)
    return member


def forget_address(actor: Actor, *, address: str, gone: str) -> None:
    """Put `gone` in the place of a person's address in all invitations, end those that wait, and forget what
    was written to them and about them, and what they wrote to be let in. In the caller's unit of work."""
    require(actor, Action.ACCOUNT_USE)
    user_id = person_of(actor)
    theirs = update(Invitation).where(
        or_(Invitation.email == address, Invitation.accepted_by == user_id)
    )
    waiting = theirs.where(Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
    db.session.execute(waiting.values(revoked_at=clock.now()))
    db.session.execute(theirs.values(email=gone, note=""))
    rows = update(Membership).where(Membership.user_id == user_id)
    db.session.execute(rows.values(request_answer="", declined_reason="", removed_reason=""))
    mine = select(Membership.id).where(Membership.user_id == user_id)
    given = update(Entitlement).where(Entitlement.membership_id.in_(mine))
    db.session.execute(given.values(reason=""))
    forget_reasons("membership", mine)
    forget_reasons("user", select(User.id).where(User.id == user_id))


def _take(invitation: Invitation, user_id: int) -> None:
    """Use the link up. Of two clicks in one moment one wins, the other finds nothing."""
    moment = clock.now()
    taken = db.session.execute(
        update(Invitation)
        .where(
            Invitation.id == invitation.id,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > moment,
        )
        .values(accepted_at=moment, accepted_by=user_id)
        .returning(Invitation.id)
        .execution_options(synchronize_session=False)
    )
    if taken.one_or_none() is None:
        raise NotFound


def _require_over(actor: Actor, invitation: Invitation) -> None:
    """Staff act on invitations to roles below their own."""
    require(actor, Action.MEMBER_INVITE)
    role = PlanetRole(invitation.role)
    require(actor, Action.MEMBER_MANAGE, MemberFacts(0, role, Standing.VISITOR))


def _require_open(invitation: Invitation) -> None:
    if invitation.accepted_at is not None or invitation.revoked_at is not None:
        raise Conflict("invitation")
