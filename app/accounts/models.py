"""Rows of people and of what proves that they are who they say."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id
from app.kernel.ids import new_public_id


class User(Base):
    """A person with an account on this installation. The e-mail address is never shown to others."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    email_confirmed_at: Mapped[datetime | None]
    name: Mapped[str] = mapped_column(String(60))
    name_key: Mapped[str] = mapped_column(String(120), index=True)
    bio: Mapped[str] = mapped_column(Text, default="")
    # The attachment's public id: what a URL needs, so that showing a name needs no join.
    avatar: Mapped[str] = mapped_column(String(16), default="")
    password_hash: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(10), default="")
    timezone: Mapped[str] = mapped_column(String(60), default="")
    theme: Mapped[str] = mapped_column(String(10), default="auto")
    # Whether notices also come by mail; letters about the account itself always do.
    mail_notices: Mapped[bool] = mapped_column(default=True)
    site_admin: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    deactivated_at: Mapped[datetime | None]


class UserSession(Base):
    """One signed-in browser. The cookie holds the secret, the row its hash; deletable one by one.

    `address` is the network the browser came from, cut off so that it names no household.
    """

    __tablename__ = "user_sessions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    user_agent: Mapped[str] = mapped_column(String(300), default="")
    address: Mapped[str] = mapped_column(String(60), default="")
    revoked_at: Mapped[datetime | None]


class SignUp(Base):
    """A wish for an account, waiting for its mailbox to be proven; for known addresses too.

    `token_hash` is that of the newest link mailed, `used_at` when the link made the account.
    """

    __tablename__ = "sign_ups"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(254), index=True)
    name: Mapped[str] = mapped_column(String(60))
    password_hash: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(10), default="")
    timezone: Mapped[str] = mapped_column(String(60), default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class AccountToken(Base):
    """A single-use, expiring link: `purpose` is confirm, reset or change_email.

    A reset is written without `user_id` for whatever address was typed; the mail's handler fills it
    in when the address has an account. `email` is the address that the link proves, `former_email`
    the one it takes the place of.
    """

    __tablename__ = "account_tokens"
    __table_args__ = (Index("ix_account_tokens_user_id_purpose", "user_id", "purpose"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(String(20))
    email: Mapped[str] = mapped_column(String(254))
    former_email: Mapped[str] = mapped_column(String(254), default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class FailedSignIns(Base):
    """How often signing in failed in one hour (aware UTC, its beginning): the password or the address was
    `wrong`, or the try was `held_up` by a limit. Counts alone: neither whose account nor from where."""

    __tablename__ = "failed_sign_ins"

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    wrong: Mapped[int] = mapped_column(default=0)
    held_up: Mapped[int] = mapped_column(default=0)
