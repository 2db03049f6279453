"""Reading invitations: by staff, and by whoever holds a link."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from app.accounts.models import User
from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.kernel.ids import hash_secret
from app.memberships.models import Invitation, Membership
from app.memberships.rows import lock_here, planet_of
from app.planets.models import Planet
from app.policy import Action, Actor
from app.policy.gate import require


@dataclass(frozen=True, slots=True)
class InvitationView:
    """An invitation as staff see it. `email` was typed by staff; it names no account."""

    public_id: str
    email: str
    role: str
    note: str
    ends_at: datetime | None
    created_at: datetime
    expires_at: datetime
    inviter: str

    def is_late(self, now: datetime) -> bool:
        """Whether the link is out of date; sending it again renews it."""
        return self.expires_at <= now


def list_open_invitations(actor: Actor) -> list[InvitationView]:
    """Return the invitations that nobody took up or revoked, also those out of date; newest first."""
    require(actor, Action.MEMBER_INVITE)
    rows = db.session.execute(
        select(
            Invitation.public_id,
            Invitation.email,
            Invitation.role,
            Invitation.note,
            Invitation.ends_at,
            Invitation.created_at,
            Invitation.expires_at,
            User.name,
        )
        .join(User, User.id == Invitation.created_by)
        .where(
            Invitation.planet_id == planet_of(actor),
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
        .order_by(Invitation.created_at.desc(), Invitation.id.desc())
        .limit(200)
    )
    return [InvitationView(*row) for row in rows]


def get_invitation_row(actor: Actor, public_id: str) -> Invitation:
    """Return an invitation of the actor's planet, locked. NotFound elsewhere."""
    return lock_here(Invitation, actor, public_id)


def lock_invitation(invitation_id: int) -> Invitation | None:
    """Return an open invitation's row for the mail's handler, locked; None when it is closed."""
    return db.session.scalar(
        select(Invitation)
        .where(
            Invitation.id == invitation_id,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > clock.now(),
        )
        .with_for_update()
    )


@dataclass(frozen=True, slots=True)
class WaitingInvitation:
    """An open invitation, as its mail needs it before it goes out."""

    planet_id: int
    created_by: int
    token_hash: str


def find_waiting_invitation(invitation_id: int) -> WaitingInvitation | None:
    """Return an invitation that can still be taken up, None otherwise."""
    row = db.session.execute(
        select(Invitation.planet_id, Invitation.created_by, Invitation.token_hash).where(
            Invitation.id == invitation_id,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > clock.now(),
        )
    ).one_or_none()
    return WaitingInvitation(*row) if row else None


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """What the holder of a link sees before he accepts. Holds no address."""

    row_id: int
    planet_id: int
    slug: str
    planet_name: str
    tagline: str
    accent: str
    avatar: str
    cover: str
    rules_version: int
    role: str
    note: str
    ends_at: datetime | None
    expires_at: datetime
    inviter: str
    email: str


def get_invitation(secret: str) -> InvitationPage:
    """Return the open invitation of a link's secret. NotFound when used, revoked, late, unknown.

    `email` is for comparing with the viewer's, never for showing.
    """
    hashed = hash_secret(secret)
    row = db.session.execute(
        select(
            Invitation.id,
            Planet.id,
            Planet.slug,
            Planet.name,
            Planet.tagline,
            Planet.accent,
            Planet.avatar,
            Planet.cover,
            Planet.rules_version,
            Invitation.role,
            Invitation.note,
            Invitation.ends_at,
            Invitation.expires_at,
            Membership.nickname,
            User.name,
            Invitation.email,
        )
        .join(Planet, Planet.id == Invitation.planet_id)
        .join(User, User.id == Invitation.created_by)
        .outerjoin(
            Membership,
            (Membership.planet_id == Planet.id) & (Membership.user_id == User.id),
        )
        .where(
            or_(Invitation.token_hash == hashed, Invitation.link_hash == hashed),
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > clock.now(),
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    *front, nickname, name, email = row
    return InvitationPage(*[*front, nickname or name, email])
