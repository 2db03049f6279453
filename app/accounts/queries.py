"""Reading people and sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.accounts.models import User, UserSession
from app.kernel import clock
from app.kernel.db import db
from app.kernel.ids import hash_secret


@dataclass(frozen=True, slots=True)
class Viewer:
    """The signed-in person of a request: what every page needs of him, read in one query."""

    user_id: int
    session_id: int
    public_id: str
    name: str
    avatar: str
    email: str
    language: str
    timezone: str
    theme: str
    confirmed: bool
    site_admin: bool
    last_seen_at: datetime


_VIEWER = select(
    User.id,
    UserSession.id,
    User.public_id,
    User.name,
    User.avatar,
    User.email,
    User.language,
    User.timezone,
    User.theme,
    User.email_confirmed_at,
    User.site_admin,
    UserSession.last_seen_at,
    UserSession.revoked_at,
    UserSession.expires_at,
    User.deactivated_at,
).join(User, User.id == UserSession.user_id)


def find_viewer(session_secret: str) -> Viewer | None:
    """Return whose live session this cookie secret is; None when revoked, expired or unknown.

    Read on each request, so that a revoked session or a closed account bites on the next one.
    """
    statement = _VIEWER.where(UserSession.token_hash == hash_secret(session_secret))
    # Any: the typed row would be a union of all its columns' types.
    row: Any = db.session.execute(statement).one_or_none()
    if row is None:
        return None
    revoked_at, expires_at, deactivated_at = row[12:]
    if revoked_at or deactivated_at or expires_at <= clock.now():
        return None
    return Viewer(*row[:12])


def find_viewer_by_id(user_id: int) -> Viewer | None:
    """Return a person as a viewer without a session, for handlers; None when closed or unknown."""
    user = db.session.get(User, user_id)
    if user is None or user.deactivated_at is not None:
        return None
    return Viewer(
        user_id=user.id,
        session_id=0,
        public_id=user.public_id,
        name=user.name,
        avatar=user.avatar,
        email=user.email,
        language=user.language,
        timezone=user.timezone,
        theme=user.theme,
        confirmed=user.email_confirmed_at is not None,
        site_admin=user.site_admin,
        last_seen_at=user.created_at,
    )
