"""Addresses in letters: absolute, from the installation's public address and these paths.

The room knows no routes; a test compares each path with the door's.
"""

from __future__ import annotations

from app.kernel.signing import sign, unsign
from app.notifications.office import the_office

HOME = "/"
SIGN_IN = "/sign-in"
CONFIRM = "/confirm/{secret}"
RESET = "/reset/{secret}"
FORGOTTEN = "/reset"
ADDRESS = "/address/{secret}"
SECURITY = "/account/security"
PREFERENCES = "/account/preferences"
NOTICE = "/notices/{public_id}"
NO_MAIL = "/notices/mail-off/{token}"
INVITATION = "/invitations/{secret}"

TOPIC = "/p/{slug}/t/{public_id}"
COMMENT = "/p/{slug}/c/{public_id}"
PLANET = "/p/{slug}"
LANDING = "/p/{slug}/about"
BUY = "/p/{slug}/buy"
MEMBERSHIP = "/p/{slug}/me"
REQUESTS = "/p/{slug}/members/requests"
TRANSFERS = "/p/{slug}/transfers"
SUBSCRIPTIONS = "/p/{slug}/subscriptions"
SUBSCRIBER = "/p/{slug}/subscriptions/{public_id}"
LEDGER = "/p/{slug}/ledger"
REDEEM = "/p/{slug}/redeem"
ORDER = "/p/{slug}/orders/{public_id}"

_PURPOSE = "mail-notices"


def absolute(path: str, **values: str) -> str:
    """Return the public address of one of the paths above."""
    return the_office().base_url + path.format(**values)


def no_mail_token(user_public_id: str) -> str:
    """Return what the link to switch mails off carries: whom it is for, signed."""
    return sign(user_public_id, key=the_office().signing_key, purpose=_PURPOSE)


def read_no_mail_token(token: str) -> str | None:
    """Return the user's public id of a signed token, or None."""
    return unsign(token, key=the_office().signing_key, purpose=_PURPOSE)
