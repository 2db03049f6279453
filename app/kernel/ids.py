"""Public ids: random, unguessable names for rows in URLs, so that row ids never leave the house."""

from __future__ import annotations

import hashlib
import secrets

# No 0/O, 1/l/I: people read ids aloud and copy them from paper.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
PUBLIC_ID_LENGTH = 12
_HOW_MANY = len(_ALPHABET) ** PUBLIC_ID_LENGTH


def new_public_id() -> str:
    """Return 12 random characters of a 55-letter alphabet (69 bits): collisions and guesses are out."""
    # One number for all letters: each choice would ask the system for its own.
    number, letters = secrets.randbelow(_HOW_MANY), ""
    for _ in range(PUBLIC_ID_LENGTH):
        number, letter = divmod(number, len(_ALPHABET))
        letters += _ALPHABET[letter]
    return letters


def new_secret() -> str:
    """Return a secret for a link or a cookie: 256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """Return the SHA-256 hex digest under which a secret is stored; the secret itself never is.

    A plain hash suffices because secrets here are 256 random bits, not passwords.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def is_public_id(text: str) -> bool:
    """Tell whether a text that came from outside has the form of a public id."""
    return len(text) == PUBLIC_ID_LENGTH and all(letter in _ALPHABET for letter in text)
