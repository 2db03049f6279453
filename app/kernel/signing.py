"""Signed values: what goes out in a link or a cookie and must come back unchanged."""

from __future__ import annotations

import base64
import hashlib
import hmac


def sign(value: str, *, key: str, purpose: str) -> str:
    """Return `value` with its signature, safe in URLs and cookies when `value` is.

    `purpose` keeps a value signed for one thing from counting for another. Nothing is encrypted.
    """
    return f"{value}.{_signature(value, key, purpose)}"


def unsign(signed: str, *, key: str, purpose: str) -> str | None:
    """Return the value that was signed with this key for this purpose, or None."""
    value, _dot, signature = signed.rpartition(".")
    expected = _signature(value, key, purpose)
    return value if hmac.compare_digest(signature.encode(), expected.encode()) else None


def _signature(value: str, key: str, purpose: str) -> str:
    derived = hashlib.sha256(f"{purpose}\0{key}".encode()).digest()
    digest = hmac.new(derived, value.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
