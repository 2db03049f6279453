"""Changing memberships, one file per part of it."""

from app.memberships.actions.discipline import isolate, mute, readmit, release, remove, unmute
from app.memberships.actions.founding import found_planet
from app.memberships.actions.granting import start_membership
from app.memberships.actions.invitations import (
    Offer,
    accept_invitation,
    check_offer,
    copy_link,
    forget_address,
    invite,
    issue_secret,
    resend_invitation,
    revoke_invitation,
)
from app.memberships.actions.joining import (
    approve,
    come_back,
    decline,
    join,
    leave,
    request_to_join,
    withdraw_request,
)
from app.memberships.actions.own import (
    change_nickname,
    follow_name,
    note_visit,
    pin,
    read_everything,
    take_questions,
    unpin,
)
from app.memberships.actions.parting import leave_every_planet
from app.memberships.actions.roles import hand_over, set_end, set_role
from app.memberships.actions.rules import accept_rules

__all__ = [
    "Offer",
    "accept_invitation",
    "accept_rules",
    "approve",
    "change_nickname",
    "check_offer",
    "come_back",
    "copy_link",
    "decline",
    "follow_name",
    "forget_address",
    "found_planet",
    "hand_over",
    "invite",
    "isolate",
    "issue_secret",
    "join",
    "leave",
    "leave_every_planet",
    "mute",
    "note_visit",
    "pin",
    "read_everything",
    "readmit",
    "release",
    "remove",
    "request_to_join",
    "resend_invitation",
    "revoke_invitation",
    "set_end",
    "set_role",
    "start_membership",
    "take_questions",
    "unmute",
    "unpin",
    "withdraw_request",
]
