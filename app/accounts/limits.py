"""Limits on what strangers may try, in counters that survive restarts.

Nobody can be locked out everywhere. Tries are counted per pair of address and network, per network,
and per address over all networks; a pair that is at its end counts no further, so one network alone
never fills the address's own counter. A browser that was signed in before (`device`) has a counter of
its own instead of all these. Counters know addresses and networks by hashes only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.accounts.addresses import email_key
from app.accounts.places import network_key
from app.kernel import limits
from app.kernel.errors import LimitReached

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)

SIGN_INS_PER_PAIR = 10
SIGN_INS_PER_NETWORK = 100
# More than one network can reach within the hour (4 windows of 10): see the module's words.
SIGN_INS_PER_ADDRESS = 100
SIGN_INS_PER_DEVICE = 20
SIGN_UPS_PER_NETWORK = 30
LETTERS_PER_ADDRESS = 5
LETTERS_PER_NETWORK = 30
PASSWORDS_PER_PERSON = 10
CHANGES_PER_PERSON = 5
NAMES_PER_PERSON = 20


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a try comes from: the client's IP address, its User-Agent, and the name of the browser
    ("" unless this browser was signed in to the tried address before)."""

    address: str
    user_agent: str = ""
    device: str = ""


def count_sign_in(email: str, origin: Origin) -> None:
    """Count one try to sign in, before the password is looked at; LimitReached when it is refused.

    In a unit of work of its own. The answer is the same for known and unknown addresses.
    """
    for key, limit, window in _sign_in_counters(email, origin):
        limits.hit(key, limit=limit, window=window)


def forgive_sign_in(email: str, origin: Origin) -> None:
    """Take the try back after a right password: an office of a hundred people shares one network."""
    for key, _limit, window in _sign_in_counters(email, origin):
        limits.take_back(key, window=window)


def _sign_in_counters(email: str, origin: Origin) -> list[tuple[str, int, timedelta]]:
    person, network = email_key(email), network_key(origin.address)
    if origin.device:
        return [(f"sign-in:device:{origin.device}:{person}", SIGN_INS_PER_DEVICE, QUARTER)]
    return [
        (f"sign-in:pair:{person}:{network}", SIGN_INS_PER_PAIR, QUARTER),
        (f"sign-in:network:{network}", SIGN_INS_PER_NETWORK, QUARTER),
        (f"sign-in:address:{person}", SIGN_INS_PER_ADDRESS, HOUR),
    ]


def count_sign_up(origin: Origin) -> None:
    """Count one sign-up of a network; LimitReached when it makes too many."""
    limits.hit(
        f"sign-up:network:{network_key(origin.address)}", limit=SIGN_UPS_PER_NETWORK, window=HOUR
    )


def count_letter_request(origin: Origin) -> None:
    """Count one letter that a network asks for; LimitReached when it asks for too many."""
    limits.hit(
        f"letter:network:{network_key(origin.address)}", limit=LETTERS_PER_NETWORK, window=HOUR
    )


def allow_letter(email: str) -> bool:
    """Count one letter to an address that a stranger asked for; False when it had enough.

    The asker gets the same answer either way, so nobody can tell who is being written to.
    """
    try:
        limits.hit(f"letter:address:{email_key(email)}", limit=LETTERS_PER_ADDRESS, window=HOUR)
    except LimitReached:
        return False
    return True


def count_confirmation(sign_up_public_id: str) -> None:
    """Count one password tried at a sign-up's link; LimitReached after too many."""
    limits.hit(f"confirm:{sign_up_public_id}", limit=PASSWORDS_PER_PERSON, window=QUARTER)


def count_password(user_id: int) -> None:
    """Count one try of a signed-in person to prove his password; LimitReached after too many."""
    limits.hit(f"password:user:{user_id}", limit=PASSWORDS_PER_PERSON, window=QUARTER)


def count_change(user_id: int) -> None:
    """Count one wish of a signed-in person that sends letters; LimitReached after too many."""
    limits.hit(f"change:user:{user_id}", limit=CHANGES_PER_PERSON, window=HOUR)


def count_name(user_id: int) -> None:
    """Count one name that a signed-in person wants to take, here or in a planet; LimitReached after
    too many: that a name is taken there tells that its bearer is a member."""
    limits.hit(f"name:user:{user_id}", limit=NAMES_PER_PERSON, window=HOUR)
