"""Letters about accounts. Here, where no stranger waits for the answer, it is decided who gets one."""

from __future__ import annotations

from typing import Any

from app.accounts import events
from app.accounts.actions import issue_secret, issue_sign_up_secret
from app.accounts.addresses import masked
from app.accounts.queries import (
    Recipient,
    Wish,
    find_address_wish,
    find_recipient,
    find_recipient_by_email,
    find_sign_up_wish,
)
from app.kernel.ids import hash_secret
from app.notifications import letters
from app.notifications.grounds import Basis, Ground
from app.notifications.post import post


def sign_up_wanted(payload: dict[str, Any]) -> None:
    """The newcomer gets his link; the holder of a known address a word instead."""
    wish = find_sign_up_wish(payload["sign_up_id"])
    if wish is None:
        return
    key = f"sign-up:{payload['letter']}"
    holder = find_recipient_by_email(wish.email)
    if holder is not None:
        letter = letters.account_exists(holder.language, name=holder.name)
        post(
            letter,
            to=holder.email,
            language=holder.language,
            dedupe_key=key,
            ground=Ground(Basis.SIGN_UP, payload["sign_up_id"]),
            user_id=holder.user_id,
        )
        return
    secret = issue_sign_up_secret(payload["sign_up_id"])
    if secret is not None:
        letter = letters.open_account(wish.language, name=wish.name, secret=secret)
        ground = Ground(Basis.SIGN_UP, payload["sign_up_id"], hash_secret(secret))
        post(letter, to=wish.email, language=wish.language, dedupe_key=key, ground=ground)


def confirmation_wanted(payload: dict[str, Any]) -> None:
    """The person gets the link that proves his address."""
    issued = issue_secret(payload["token_id"])
    person = find_recipient(issued.user_id) if issued else None
    if issued is None or person is None:
        return
    letter = letters.confirm_address(person.language, name=person.name, secret=issued.secret)
    _post_link(letter, payload, person, to=issued.email, secret=issued.secret)


def reset_wanted(payload: dict[str, Any]) -> None:
    """The holder of the address gets the link; an unknown address gets nothing."""
    issued = issue_secret(payload["token_id"])
    person = find_recipient(issued.user_id) if issued else None
    if issued is None or person is None:
        return
    letter = letters.new_password(person.language, name=person.name, secret=issued.secret)
    _post_link(letter, payload, person, to=issued.email, secret=issued.secret)


def address_change_wanted(payload: dict[str, Any]) -> None:
    """The new address gets the link (or, when it is somebody's, he gets a word); the old is told."""
    wish = find_address_wish(payload["token_id"])
    if wish is None or wish.user_id is None:
        return
    holder = find_recipient_by_email(wish.email)
    if holder is not None:
        letter = letters.address_in_use(holder.language, name=holder.name)
        _post_link(letter, payload, holder, to=holder.email)
    else:
        issued = issue_secret(payload["token_id"])
        if issued is None:
            return
        letter = letters.new_address(wish.language, name=wish.name, secret=issued.secret)
        _post_link(letter, payload, wish, to=wish.email, secret=issued.secret)
    note = letters.address_wanted(wish.language, name=wish.name, masked=masked(wish.email))
    post(
        note,
        to=wish.former_email,
        language=wish.language,
        dedupe_key=f"link:{payload['token_id']}:old",
        ground=Ground(Basis.LINK, payload["token_id"]),
        user_id=wish.user_id,
    )


def address_changed(payload: dict[str, Any]) -> None:
    """The old address is told, the last time that it is written to."""
    wish = find_address_wish(payload["token_id"])
    if wish is None:
        return
    letter = letters.address_changed(wish.language, name=wish.name, masked=masked(wish.email))
    post(
        letter,
        to=wish.former_email,
        language=wish.language,
        dedupe_key=f"link:{payload['token_id']}:changed",
        ground=Ground(Basis.ACCOUNT),
        user_id=wish.user_id,
    )


def password_changed(payload: dict[str, Any]) -> None:
    """The person is told, in case it was not he."""
    person = find_recipient(payload["user_id"])
    if person is None:
        return
    post(
        letters.password_changed(person.language, name=person.name),
        to=person.email,
        language=person.language,
        dedupe_key=f"password:{payload['letter']}",
        ground=Ground(Basis.ACCOUNT),
        user_id=person.user_id,
    )


def _post_link(
    letter: letters.Letter,
    payload: dict[str, Any],
    person: Recipient | Wish,
    *,
    to: str,
    secret: str = "",
) -> None:
    """Post a link of a person, or without a secret a word about one."""
    token_id = payload["token_id"]
    mark = hash_secret(secret) if secret else ""
    post(
        letter,
        to=to,
        language=person.language,
        dedupe_key=f"link:{token_id}",
        ground=Ground(Basis.LINK, token_id, mark),
        user_id=person.user_id,
    )


HANDLERS = {
    events.SignUpWanted: sign_up_wanted,
    events.ConfirmationWanted: confirmation_wanted,
    events.ResetWanted: reset_wanted,
    events.AddressChangeWanted: address_change_wanted,
    events.AddressChanged: address_changed,
    events.PasswordChanged: password_changed,
}
