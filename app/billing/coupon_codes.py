"""How a coupon's code is written: one key for all the ways in which people type it."""

from __future__ import annotations

import unicodedata


def coupon_key(typed: str) -> str:
    """Return a code as it is kept and compared: NFKC, upper case, without spaces."""
    return "".join(unicodedata.normalize("NFKC", typed).upper().split())
