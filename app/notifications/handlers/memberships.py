"""Notices of joining, roles and invitations."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete

from app.accounts.queries import find_recipient_by_email
from app.kernel.db import db
from app.memberships import events
from app.memberships.actions import issue_secret
from app.memberships.models import Invitation
from app.memberships.queries import (
    find_member_ids,
    find_period_source,
    last_role_change,
    list_staff_ids,
    lock_invitation,
    names_in,
)
from app.notifications.grounds import Basis, Ground
from app.notifications.kinds import OF_ORDERS, Kind
from app.notifications.letters import invitation
from app.notifications.models import Notification
from app.notifications.notices import About, tell
from app.notifications.post import post
from app.notifications.strangers import count_letter
from app.planets.models import Planet


def invitation_created(payload: dict[str, Any]) -> None:
    """The address gets the link; if it has an account, the page tells too."""
    row = lock_invitation(payload["invitation_id"])
    if row is None:
        return
    holder = find_recipient_by_email(row.email)
    if count_letter(planet_id=row.planet_id, writer_id=row.created_by, to=row.email):
        _send_link(row, language=holder.language if holder else None)
    if holder is not None and holder.confirmed:
        tell(
            holder.user_id,
            Kind.INVITED,
            about=About(
                planet_id=row.planet_id,
                person_id=row.created_by,
                invitation_id=row.id,
            ),
            dedupe_key=f"invited:{row.id}",
            by_mail=False,
        )


def _send_link(row: Invitation, *, language: str | None) -> None:
    planet = db.session.get_one(Planet, row.planet_id)
    pair = (planet.id, row.created_by)
    # Who has no account yet is most likely written to best in the planet's language.
    spoken = planet.language if language is None else language
    secret = issue_secret(row)
    letter = invitation(
        spoken,
        inviter=names_in([pair]).get(pair, ""),
        planet=planet.name,
        role=row.role,
        note=row.note,
        secret=secret,
    )
    # Each sending has a secret of its own, so its hash names this letter and no other.
    key = f"invitation:{row.id}:{row.token_hash[:16]}"
    ground = Ground(Basis.INVITATION, row.id, row.token_hash)
    post(letter, to=row.email, language=spoken, dedupe_key=key, ground=ground)


def join_requested(payload: dict[str, Any]) -> None:
    """Staff are told who asks, unless it was settled in between."""
    member = find_member_ids(payload["membership_id"])
    if member is None or member.requested_at is None:
        return
    about = About(planet_id=member.planet_id, person_id=member.user_id)
    key = f"join:{payload['membership_id']}:{member.requested_at:%Y%m%d%H%M%S%f}"
    for user_id in list_staff_ids(member.planet_id):
        tell(user_id, Kind.JOIN_REQUESTED, about=about, dedupe_key=key)


def membership_started(payload: dict[str, Any]) -> None:
    """Who was let in after asking is told; who came in by himself knows."""
    member = find_member_ids(payload["membership_id"])
    if member is None or find_period_source(payload["period_id"]) != "approval":
        return
    about = About(planet_id=member.planet_id)
    key = f"approved:{payload['period_id']}"
    tell(member.user_id, Kind.JOIN_APPROVED, about=about, dedupe_key=key)


def join_declined(payload: dict[str, Any]) -> None:
    """Who was not let in is told; the reason stands on the planet's page."""
    member = find_member_ids(payload["membership_id"])
    if member is not None and member.declined_at is not None:
        key = f"declined:{payload['membership_id']}:{member.declined_at:%Y%m%d%H%M%S%f}"
        about = About(planet_id=member.planet_id)
        tell(member.user_id, Kind.JOIN_DECLINED, about=about, dedupe_key=key)


def role_changed(payload: dict[str, Any]) -> None:
    """The person is told what he is now."""
    member = find_member_ids(payload["membership_id"])
    if member is not None:
        key = f"role:{payload['membership_id']}:{last_role_change(member.planet_id)}"
        about = About(planet_id=member.planet_id)
        tell(member.user_id, Kind.ROLE_CHANGED, about=about, dedupe_key=key)


def membership_ended(payload: dict[str, Any]) -> None:
    """Whoever left or was removed keeps no notices of the planet, but those of their own orders: that money
    went back is told to who had to go."""
    member = find_member_ids(payload["membership_id"])
    if member is not None:
        db.session.execute(
            delete(Notification).where(
                Notification.user_id == member.user_id,
                Notification.planet_id == member.planet_id,
                Notification.kind.not_in(OF_ORDERS),
            )
        )


HANDLERS = {
    events.InvitationCreated: invitation_created,
    events.JoinRequested: join_requested,
    events.MembershipStarted: membership_started,
    events.JoinDeclined: join_declined,
    events.RoleChanged: role_changed,
    events.MembershipEnded: membership_ended,
}
