"""E-mail addresses: one form for each, and a shortened one to show."""

from __future__ import annotations

import re
import unicodedata

from app.kernel.errors import Invalid
from app.kernel.ids import hash_secret

MAX_LENGTH = 254
# Deliberately loose: the letter decides whether an address exists. Keeps out what breaks headers.
_LOCAL = re.compile(r"[!#$%&'*+/=?^_`{|}~a-z0-9-]+(\.[!#$%&'*+/=?^_`{|}~a-z0-9-]+)*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def normalise_email(typed: str) -> str:
    """Return the one form of an address: NFKC, lower case, the domain in its ASCII form.

    Invalid("email", "bad_address") when no letter could go there.
    """
    text = unicodedata.normalize("NFKC", typed).strip().lower()
    local, at, domain = text.rpartition("@")
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        at = ""
    labels = domain.split(".")
    sound = (
        bool(at)
        and len(local) <= 64
        and len(local) + len(domain) < MAX_LENGTH
        and _LOCAL.fullmatch(local) is not None
        and len(labels) > 1
        and all(_LABEL.fullmatch(label) for label in labels)
    )
    if not sound:
        raise Invalid("email", "bad_address")
    return f"{local}@{domain}"


def masked(email: str) -> str:
    """Return an address that its holder knows again and nobody else learns: `l•••@e•••.com`."""
    local, _at, domain = email.partition("@")
    host, dot, end = domain.rpartition(".")
    return f"{local[:1]}•••@{host[:1]}•••{dot}{end}"


def email_key(email: str) -> str:
    """Return the address's name in counters and cookies: a hash, so that neither shows it."""
    return hash_secret(f"email:{email}")[:32]
