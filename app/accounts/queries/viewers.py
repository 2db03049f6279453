"""Who a request comes from, and what his own pages show of him."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, literal, select

from app.accounts.devices import Device, describe_device
from app.accounts.models import User, UserSession
from app.kernel import clock
from app.kernel.db import db
from app.kernel.ids import hash_secret
from app.kernel.reading import Ready


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


_SHOWN = (
    User.public_id,
    User.name,
    User.avatar,
    User.email,
    User.language,
    User.timezone,
    User.theme,
)

_VIEWER = Ready(
    select(
        User.id,
        UserSession.id,
        *_SHOWN,
        User.email_confirmed_at,
        User.site_admin,
        UserSession.last_seen_at,
        UserSession.revoked_at,
        UserSession.expires_at,
        User.deactivated_at,
    )
    .join(User, User.id == UserSession.user_id)
    .where(UserSession.token_hash == bindparam("token_hash"))
)


# In the order of a viewer's fields; without a session, when they came stands for when they were seen.
_BY_ID = Ready(
    select(
        User.id,
        literal(0),
        *_SHOWN,
        User.email_confirmed_at.is_not(None),
        User.site_admin,
        User.created_at,
    ).where(User.id == bindparam("user_id"), User.deactivated_at.is_(None))
)


def find_viewer(session_secret: str) -> Viewer | None:
    """Return whose live session this cookie secret is; None when revoked, expired or unknown.

    Read on each request, so that a revoked session or a closed account bites on the next one.
    """
    row = _VIEWER.first(token_hash=hash_secret(session_secret))
    if row is None:
        return None
    revoked_at, expires_at, deactivated_at = row[12:]
    if revoked_at or deactivated_at or expires_at <= clock.now():
        return None
    return Viewer(*row[:12])


def find_viewer_by_id(user_id: int) -> Viewer | None:
    """Return a person as a viewer without a session, for handlers; None when closed or unknown."""
    row = _BY_ID.first(user_id=user_id)
    return Viewer(*row) if row is not None else None


@dataclass(frozen=True, slots=True)
class SessionView:
    """One of a person's signed-in browsers. `place` is its network, cut off."""

    public_id: str
    device: Device
    place: str
    created_at: datetime
    last_seen_at: datetime
    current: bool


def list_sessions(viewer: Viewer) -> list[SessionView]:
    """Return the viewer's live sessions, the current one first, then the last used first."""
    columns = (
        UserSession.id,
        UserSession.public_id,
        UserSession.user_agent,
        UserSession.address,
        UserSession.created_at,
        UserSession.last_seen_at,
    )
    statement = (
        select(*columns)
        .where(
            UserSession.user_id == viewer.user_id,
            UserSession.revoked_at.is_(None),
            UserSession.expires_at > clock.now(),
        )
        .order_by(UserSession.last_seen_at.desc(), UserSession.id.desc())
    )
    views = [
        SessionView(
            public_id=row.public_id,
            device=describe_device(row.user_agent),
            place=row.address,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            current=row.id == viewer.session_id,
        )
        for row in db.session.execute(statement)
    ]
    return sorted(views, key=lambda view: not view.current)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person's settings pages show beyond the viewer."""

    bio: str
    mail_notices: bool


def get_settings(viewer: Viewer) -> Settings:
    """Return the viewer's settings."""
    statement = select(User.bio, User.mail_notices).where(User.id == viewer.user_id)
    return Settings(*db.session.execute(statement).one())
