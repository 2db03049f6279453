"""What happened to memberships, as told to handlers: ids only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.outbox.events import Event


@dataclass(frozen=True, slots=True)
class InvitationCreated(Event):
    """Somebody is invited; the handler makes the secret, so that only the mail holds it."""

    name: ClassVar[str] = "memberships.invitation_created"
    invitation_id: int


@dataclass(frozen=True, slots=True)
class JoinRequested(Event):
    """Somebody asks to be let in; staff decide."""

    name: ClassVar[str] = "memberships.join_requested"
    membership_id: int


@dataclass(frozen=True, slots=True)
class JoinApproved(Event):
    """A request was approved where membership is bought: the requester may buy it now."""

    name: ClassVar[str] = "memberships.join_approved"
    membership_id: int


@dataclass(frozen=True, slots=True)
class JoinDeclined(Event):
    """A request was declined."""

    name: ClassVar[str] = "memberships.join_declined"
    membership_id: int


@dataclass(frozen=True, slots=True)
class MembershipStarted(Event):
    """An entitlement was granted: access began or grew. `period_id` is the entitlement's."""

    name: ClassVar[str] = "memberships.started"
    membership_id: int
    period_id: int


@dataclass(frozen=True, slots=True)
class MembershipEnded(Event):
    """Somebody left or was removed."""

    name: ClassVar[str] = "memberships.ended"
    membership_id: int


@dataclass(frozen=True, slots=True)
class RoleChanged(Event):
    """Somebody was given another role, or ownership was handed over."""

    name: ClassVar[str] = "memberships.role_changed"
    membership_id: int


@dataclass(frozen=True, slots=True)
class NameChanged(Event):
    """A member is called something else in the planet."""

    name: ClassVar[str] = "memberships.name_changed"
    membership_id: int
