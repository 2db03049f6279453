"""0170 and 0221 tell of letters that waited before them what they hang on; what went out is left alone."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade

from app.kernel import clock
from app.kernel.db import db
from app.notifications.grounds import Basis, Ground, holds
from tests.migrations.test_trials_filled import MOMENT, Rows

NEW, OLD = "new@example.test", "old@example.test"


def write_scene(rows: Rows) -> dict[str, int]:
    """Write a person, what they asked for by links, an invitation; returns their ids."""
    later = MOMENT + timedelta(days=3)
    user = rows.add("users", email=OLD, name="许楠", email_confirmed_at=MOMENT, created_at=MOMENT)
    token = rows.add(
        "account_tokens",
        user_id=user,
        purpose="change_email",
        email=NEW,
        former_email=OLD,
        token_hash="a" * 64,
        expires_at=later,
        created_at=MOMENT,
    )
    rows.add(
        "sign_ups",
        email="first@example.test",
        token_hash="b" * 64,
        expires_at=later,
        created_at=MOMENT,
    )
    wish = rows.add(
        "sign_ups",
        email="first@example.test",
        token_hash="c" * 64,
        expires_at=later,
        created_at=MOMENT,
    )
    planet = rows.add("planets", name="轨道", created_by=user)
    invitation = rows.add(
        "invitations",
        planet_id=planet,
        created_by=user,
        email=NEW,
        role="guest",
        token_hash="d" * 64,
        expires_at=later,
        created_at=MOMENT,
    )
    return {"user": user, "token": token, "wish": wish, "invitation": invitation}


def write_letters(rows: Rows, ids: dict[str, int]) -> None:
    """Write letters as they waited before 0170, by the keys that they had."""
    user, token, invitation = ids["user"], ids["token"], ids["invitation"]
    waiting: tuple[tuple[str, str, int | None], ...] = (
        ("notice:abc", OLD, user),
        (f"link:{token}", NEW, user),
        (f"link:{token}:old", OLD, user),
        (f"link:{token}:changed", OLD, user),
        ("password:xyz", OLD, user),
        ("sign-up:xyz", "first@example.test", None),
        ("sign-up:gone", "nobody@example.test", None),
        (f"invitation:{invitation}:{'d' * 16}", NEW, None),
        (f"invitation:{invitation}:{'e' * 16}", NEW, None),
        ("comp_offer:7", NEW, None),
        ("receipt:8:again", OLD, user),
    )
    for key, address, user_id in waiting:
        rows.add("mails", dedupe_key=key, to_address=address, user_id=user_id)
    rows.add("mails", dedupe_key="receipt:9:", to_address=OLD, user_id=user, sent_at=MOMENT)


def grounds() -> dict[str, tuple[str, int | None, str]]:
    """Return what each letter hangs on, by its key."""
    with db.engine.connect() as connection:
        rows = connection.execute(
            sa.text("SELECT dedupe_key, basis, basis_id, basis_mark FROM mails")
        )
        return {key: (basis, row_id, mark) for key, basis, row_id, mark in rows}


def test_letters_that_waited_keep_their_ground(empty: Flask) -> None:
    upgrade(revision="0042")
    rows = Rows()
    ids = write_scene(rows)
    write_letters(rows, ids)
    upgrade()
    token, invitation = ids["token"], ids["invitation"]
    found = grounds()
    assert found == {
        "notice:abc": ("notice", None, ""),
        f"link:{token}": ("link", token, "a" * 64),
        f"link:{token}:old": ("link", token, ""),
        f"link:{token}:changed": ("account", None, ""),
        "password:xyz": ("account", None, ""),
        "sign-up:xyz": ("sign_up", ids["wish"], ""),
        "sign-up:gone": ("sign_up", None, ""),
        f"invitation:{invitation}:{'d' * 16}": ("invitation", invitation, "d" * 64),
        f"invitation:{invitation}:{'e' * 16}": ("invitation", invitation, "e" * 16),
        "comp_offer:7": ("offer", 7, ""),
        "receipt:8:again": ("receipt", 8, ""),
        "receipt:9:": ("account", None, ""),
    }
    with clock.fixed(MOMENT + timedelta(days=1)):

        def still(key: str, to: str, user_id: int | None) -> bool:
            basis, row_id, mark = found[key]
            return holds(Ground(Basis(basis), row_id, mark), to=to, user_id=user_id)

        assert still(f"link:{token}", NEW, ids["user"])
        assert still(f"link:{token}:old", OLD, ids["user"])
        assert still("password:xyz", OLD, ids["user"])
        assert still("sign-up:xyz", "first@example.test", None)
        assert not still("sign-up:gone", "nobody@example.test", None)
        assert not still(f"invitation:{invitation}:{'e' * 16}", NEW, None)
    db.session.remove()
    downgrade(revision="0042")
    assert "basis" not in {c["name"] for c in sa.inspect(db.engine).get_columns("mails")}
