"""The stage of the grid: the scene with its props, kept as a file, and what fills the placeholders."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from flask import Flask

from app.accounts.models import UserSession
from app.discussion.models import Answer, Comment, Draft, Series, Topic
from app.kernel import clock
from app.kernel.audit import AuditEntry
from app.kernel.db import db, unit_of_work
from app.kernel.ids import hash_secret
from app.media.models import Attachment
from app.memberships.models import Invitation, Membership
from app.notifications.models import Notification
from app.search.models import SavedSearch
from tests.cast import Cast, assemble
from tests.policy.access_props import access_props
from tests.policy.grid_rows import COLUMNS
from tests.policy.stage_shop import shelf
from tests.scene import Scene, plant

INVITATION_SECRET = "the-secret-of-an-invitation-for-the-grid"


@dataclass(frozen=True)
class Stage:
    """The planted scene, kept as a file, and what fills the placeholders of addresses."""

    scene: Scene
    snapshot: Path
    names: dict[str, str]


def build(app: Flask, folder: Path) -> Stage:
    """Plant everything, sign everybody in and keep a copy of the database in `folder`."""
    scene, names = furnish(app)
    db.session.remove()
    snapshot = folder / "snapshot.db"
    with db.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql(f"VACUUM INTO '{snapshot}'")
        connection.exec_driver_sql("BEGIN")
    return Stage(scene, snapshot, names)


def furnish(app: Flask) -> tuple[Scene, dict[str, str]]:
    """Plant everything and sign everybody in; returns the scene and what fills placeholders."""
    cast = assemble(app)
    scene = plant(cast)
    names = {"p": f"/p/{cast.slug}", "secret": INVITATION_SECRET}
    for persona in COLUMNS:
        if persona != "visitor":
            secret = cast.sign_in(persona)
            row = db.session.query(UserSession).filter_by(token_hash=hash_secret(secret)).one()
            names[f"session_{persona}"] = row.public_id
    names |= _props(scene)
    names |= shelf(cast)
    names |= access_props(cast)
    names |= {f"t_{name}": public_id for name, public_id in scene.topics.items()}
    names |= {f"c_{name}": public_id for name, public_id in scene.comments.items()}
    for persona, user_id in cast.users.items():
        names[f"u_{persona}"] = cast.public_ids[persona]
        member = db.session.query(Membership).filter_by(user_id=user_id).first()
        if member is not None:
            names[f"m_{persona}"] = member.public_id
    for key, model in (("series", Series), ("draft", Draft)):
        names[key] = db.session.query(model).first().public_id
    names |= {f"a_{name}": answer.public_id for name, answer in _answers(scene).items()}
    return scene, names


def restore(snapshot: Path) -> None:
    """Write the snapshot over the database by SQLite's own backup, which waits for its turn."""
    db.session.remove()
    database = db.engine.url.database
    assert database
    with (
        closing(sqlite3.connect(snapshot)) as source,
        closing(sqlite3.connect(database, timeout=30)) as target,
    ):
        source.backup(target)


def _answers(scene: Scene) -> dict[str, Answer]:
    rows = db.session.query(Answer, Topic.public_id).join(Topic, Topic.id == Answer.topic_id)
    kinds = {public_id: name for name, public_id in scene.topics.items()}
    return {kinds[public_id]: answer for answer, public_id in rows}


def trail_entry(cast: Cast) -> AuditEntry:
    """Return an entry of the trail whose reason can be blanked."""
    return AuditEntry(
        at=clock.now(),
        actor_id=cast.users["admin"],
        planet_id=cast.planet_id,
        action="member.mute",
        subject_type="membership",
        subject_id=None,
        reason="吵闹",
        data={},
    )


def _props(scene: Scene) -> dict[str, str]:
    """Add what only the grid needs: media of each kind, a notice, open invitations."""
    cast, moment = scene.cast, clock.now()
    topics = {
        name: db.session.query(Topic).filter_by(public_id=public_id).one().id
        for name, public_id in scene.topics.items()
    }
    answers = {name: answer.id for name, answer in _answers(scene).items()}
    with unit_of_work() as session:
        below = Comment(
            planet_id=cast.planet_id,
            topic_id=topics["private"],
            author_id=cast.users["guest"],
            source="补充",
            html="<p>补充</p>",
            created_at=moment,
        )
        notice = Notification(
            user_id=cast.users["member"],
            dedupe_key="answered",
            kind="question_answered",
            planet_id=cast.planet_id,
            topic_id=topics["private"],
            created_at=moment,
        )
        kept = SavedSearch(
            user_id=cast.users["member"], query="退款", created_at=moment, looked_at=moment
        )
        invitations = [
            Invitation(
                planet_id=cast.planet_id,
                email=f"{role}-to-be@example.test",
                role=role,
                token_hash=token_hash,
                created_at=moment,
                created_by=cast.users["owner"],
                expires_at=moment + timedelta(days=14),
            )
            for role, token_hash in (("guest", hash_secret(INVITATION_SECRET)), ("admin", "1" * 64))
        ]
        entry = trail_entry(cast)
        session.add_all([below, notice, kept, entry, *invitations])
        session.flush()
        scene.comments["under_private"] = below.public_id
        names = {
            "notice_member": notice.public_id,
            "saved": kept.public_id,
            "entry": entry.public_id,
            "invitation": invitations[0].public_id,
            "team_invitation": invitations[1].public_id,
        }
    comments = {
        name: db.session.query(Comment).filter_by(public_id=public_id).one().id
        for name, public_id in scene.comments.items()
    }
    return names | _media(cast, topics, answers, comments)


def _media(
    cast: Cast, topics: dict[str, int], answers: dict[str, int], comments: dict[str, int]
) -> dict[str, str]:
    """Add an image to a thing in each state; returns the placeholder and public id of each."""
    on_topics = ("sample", "old_post", "new_post", "private", "withdrawn", "anonymous", "deleted")
    wanted: list[tuple[str, str, int | None, str]] = [
        *((name, "topic", topics[name], "member") for name in on_topics),
        ("comment", "comment", comments["comment"], "member"),
        ("comment_gone", "comment", comments["comment_gone"], "member"),
        ("comment_hidden", "comment", comments["comment_hidden"], "isolated"),
        ("answer_private", "answer", answers["private"], "guest"),
        ("waiting", "", None, "member"),
        ("avatar", "picture", 0, "other"),
    ]
    storage = cast.app.extensions["planetarium.storage"]
    names: dict[str, str] = {}
    with unit_of_work() as session:
        for name, owner_type, owner_id, uploader in wanted:
            key = f"stage-{name}".replace("_", "-")
            storage.put(key, io.BytesIO(b"bytes"))
            row = Attachment(
                planet_id=cast.planet_id,
                uploader_id=cast.users[uploader],
                owner_type=owner_type,
                owner_id=owner_id,
                purpose="avatar" if name == "avatar" else "image",
                filename="picture.webp",
                content_type="image/webp",
                size=5,
                sha256="",
                storage_key=key,
                created_at=clock.now(),
            )
            session.add(row)
            session.flush()
            names[f"f_{name}"] = row.public_id
    return names
