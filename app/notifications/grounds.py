"""Why a mail was written, and whether that is still so: asked at each try to send it.

Between writing and sending lie seconds, or the night that a mail server was away: an invitation is revoked
meanwhile, a link is used or out of date, an address has become somebody else's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.accounts.queries import (
    address_link_holds,
    find_recipient,
    find_recipient_by_email,
    sign_up_holds,
)
from app.billing.actions.comps import find_open_offer
from app.memberships.queries import actor_of, find_waiting_invitation
from app.policy import Action, Standing, can


class Basis(StrEnum):
    """What a mail hangs on. `notice`: its notice. `link`, `sign_up`: a link of an account, and a word about
    one. `account`: what has happened to an account. `receipt`: an order of one's own."""

    NOTICE = "notice"
    ACCOUNT = "account"
    LINK = "link"
    SIGN_UP = "sign_up"
    INVITATION = "invitation"
    OFFER = "offer"
    RECEIPT = "receipt"


@dataclass(frozen=True, slots=True)
class Ground:
    """What a mail hangs on: the row's id, and `mark`, the hash of the secret that the mail brings, "" for a
    mail without one. Of two mails with a link for one thing only the later one's link works."""

    basis: Basis
    row_id: int | None = None
    mark: str = ""


def holds(ground: Ground, *, to: str, user_id: int | None) -> bool:
    """Whether a mail to this address (of this account, if any) may still go out, for all but notices."""
    if ground.row_id is None:
        return ground.basis is Basis.ACCOUNT and user_id is not None
    return _CHECKS[ground.basis](ground, to, user_id)


def _account(_ground: Ground, _to: str, user_id: int | None) -> bool:
    return user_id is not None


def _receipt(_ground: Ground, to: str, user_id: int | None) -> bool:
    return user_id is not None and _is_theirs(to, user_id)


def _link(ground: Ground, to: str, user_id: int | None) -> bool:
    if not address_link_holds(ground.row_id or 0, ground.mark):
        return False
    # The link itself goes to the address that it is to prove; a word about it to whoever has the address.
    return bool(ground.mark) or _is_theirs(to, user_id)


def _sign_up(ground: Ground, to: str, user_id: int | None) -> bool:
    if not sign_up_holds(ground.row_id or 0, ground.mark):
        return False
    return _is_theirs(to, user_id) if user_id else find_recipient_by_email(to) is None


def _is_theirs(to: str, user_id: int | None) -> bool:
    person = find_recipient(user_id) if user_id is not None else None
    return person is not None and person.email == to


def _invitation(ground: Ground, to: str, _user_id: int | None) -> bool:
    waiting = find_waiting_invitation(ground.row_id or 0)
    if waiting is None or ground.mark not in ("", waiting.token_hash):
        return False
    return _may_write(waiting.created_by, waiting.planet_id, to, Action.MEMBER_INVITE)


def _offer(ground: Ground, to: str, _user_id: int | None) -> bool:
    offer = find_open_offer(ground.row_id or 0)
    return offer is not None and _may_write(
        offer.created_by, offer.planet_id, to, Action.SUBSCRIPTIONS_MANAGE
    )


def _may_write(writer_id: int, planet_id: int, to: str, action: Action) -> bool:
    """Whether whoever wrote may still do so, to an address whose holder was not removed from the planet."""
    writer = actor_of(writer_id, planet_id)
    if writer is None or not can(writer[1], action):
        return False
    holder = find_recipient_by_email(to)
    place = actor_of(holder.user_id, planet_id) if holder else None
    return place is None or place[1].standing is not Standing.REMOVED


_CHECKS: Mapping[Basis, Callable[[Ground, str, int | None], bool]] = {
    Basis.ACCOUNT: _account,
    Basis.LINK: _link,
    Basis.SIGN_UP: _sign_up,
    Basis.INVITATION: _invitation,
    Basis.OFFER: _offer,
    Basis.RECEIPT: _receipt,
}
