"""Authors as bylines show them: a name in this planet, a picture, a role that counts now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_

from app.accounts.models import User
from app.memberships.models import Membership


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote something. `avatar` is an attachment's public id or "", `member` the membership's.

    `role` is "" for plain members and for whoever's role has ended.
    """

    name: str
    avatar: str
    role: str
    member: str


class AuthorJoin:
    """The tables and columns that turn a user id of some row into an Author, under own aliases.

    Anonymous rows have no user id: the outer joins leave NULLs and `read` returns None.
    """

    def __init__(self, name: str) -> None:
        """Make the aliases; `name` keeps those of two authors in one statement apart."""
        self._user = User.__table__.alias(f"{name}_user")
        self._member = Membership.__table__.alias(f"{name}_member")
        user, member = self._user.c, self._member.c
        self.columns = (
            user.name,
            user.avatar,
            member.nickname,
            member.role,
            member.public_id,
            member.left_at,
            member.removed_at,
            member.expires_at,
        )

    def onto(
        self, source: FromClause, user_id: ColumnElement[Any], planet_id: ColumnElement[Any]
    ) -> FromClause:
        """Return `source` outer-joined with the person of `user_id` as he is in `planet_id`."""
        user, member = self._user, self._member
        belongs = and_(member.c.user_id == user.c.id, member.c.planet_id == planet_id)
        return source.outerjoin(user, user.c.id == user_id).outerjoin(member, belongs)

    def read(self, values: Sequence[Any], now: datetime) -> Author | None:
        """Return the author of the values of `columns`, or None where there is none to name."""
        name, avatar, nickname, role, member, left_at, removed_at, expires_at = values
        if name is None:
            return None
        ended = left_at or removed_at or (expires_at is not None and expires_at <= now)
        return Author(
            name=nickname or name,
            avatar=avatar,
            role="" if ended or role in (None, "member") else role,
            member=member or "",
        )


AUTHOR_WIDTH = 8
