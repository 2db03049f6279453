"""A planet with something in every state, each with a word of its own: whoever must not read the thing
must never receive the word, by whatever way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from app.accounts.models import User
from app.discussion.models import (
    Answer,
    Bookmark,
    Comment,
    Draft,
    Like,
    Question,
    QuestionLogEntry,
    Revision,
    Series,
    SeriesTopic,
    Tag,
    Topic,
    TopicTag,
)
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.media.models import Attachment
from app.memberships.models import Invitation, Membership
from tests.cast import PERSONAS, Cast

STAFF = frozenset({"owner", "partner", "admin"})
INSIDE = STAFF | {"guest", "member", "other", "grace", "isolated", "muted"}
EVERYBODY = frozenset(PERSONAS)
NOBODY: frozenset[str] = frozenset()


@dataclass
class Scene:
    """What was planted: who may read each word, and the values that fill addresses."""

    cast: Cast
    words: dict[str, frozenset[str]] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    values: dict[str, list[str]] = field(default_factory=dict)

    def word(self, name: str, readers: frozenset[str] | set[str]) -> str:
        """Return a word found nowhere else, and remember who may read it."""
        made = f"zq{name.replace('_', '')}qz"
        self.words[made] = frozenset(readers)
        return made


def plant(cast: Cast) -> Scene:
    """Write the scene around the cast's planet."""
    scene = Scene(cast)
    moment = clock.now()
    _people(scene)
    _posts(scene, moment)
    _questions(scene, moment)
    _comments(scene, moment)
    _private_things(scene, moment)
    scene.values["member_id"] = [row.public_id for row in db.session.query(Membership)]
    scene.values["answer_id"] = [row.public_id for row in db.session.query(Answer)]
    db.session.rollback()
    scene.values["public_id"] = [
        *scene.topics.values(),
        *scene.comments.values(),
        *cast.public_ids.values(),
        *scene.values["other_ids"],
    ]
    return scene


def _people(scene: Scene) -> None:
    """Give addresses and names of their own to those whom nobody should find."""
    hidden = {"grace", "muted", "other", "pending", "left", "removed", "expired", "stranger"}
    with unit_of_work() as session:
        for persona, user_id in scene.cast.users.items():
            address = scene.word(f"mail_{persona}", {persona}) + "@example.test"
            values = {"email": address}
            # The stranger belongs to no planet: not even staff have a page that names him.
            staff = STAFF if persona != "stranger" else NOBODY
            if persona in hidden:
                values["name"] = scene.word(f"name_{persona}", staff | {persona})
                values["bio"] = scene.word(f"bio_{persona}", staff | {persona})
            session.execute(update(User).where(User.id == user_id).values(**values))
        for persona, column in (("pending", "request_answer"), ("removed", "removed_reason")):
            session.execute(
                update(Membership)
                .where(Membership.user_id == scene.cast.users[persona])
                .values({column: scene.word(f"{column}", STAFF | {persona})})
            )


def _topic(scene: Scene, name: str, moment: datetime, **columns: Any) -> Topic:
    values: dict[str, Any] = {
        "planet_id": scene.cast.planet_id,
        "kind": "post",
        "author_id": scene.cast.users["guest"],
        "created_at": moment,
        "published_at": moment,
        "last_activity_at": moment,
        **columns,
    }
    word = values.pop("word")
    topic = Topic(source=word, html=f"<p>{word}</p>", excerpt=word, slug=word, title=word, **values)
    topic.public_id = f"{name.replace('_', 'x'):x<12}"[:12]
    scene.topics[name] = topic.public_id
    return topic


def _posts(scene: Scene, moment: datetime) -> None:
    old, new = moment - timedelta(days=60), moment - timedelta(days=2)
    guest = {"guest"}
    word = scene.word
    left_out = {"left", "removed"}
    topics = [
        _topic(scene, "old_post", old, word=word("old_post", INSIDE | {"expired"})),
        _topic(scene, "new_post", new, word=word("new_post", INSIDE), comment_count=6),
        _topic(
            scene, "sample", new, public_sample_at=new, word=word("sample", EVERYBODY - left_out)
        ),
        _topic(
            scene,
            "scheduled",
            moment + timedelta(days=1),
            created_at=new,
            word=word("scheduled", STAFF | guest),
        ),
        _topic(
            scene, "deleted", new, deleted_at=moment, comment_count=1, word=word("deleted", NOBODY)
        ),
        _topic(
            scene,
            "by_isolated",
            new,
            author_id=scene.cast.users["isolated"],
            isolated=True,
            word=word("by_isolated", {"isolated"}),
        ),
    ]
    with unit_of_work() as session:
        session.add_all(topics)
        session.flush()
        edited = topics[1]
        session.add(
            Revision(
                subject_type="topic",
                subject_id=edited.id,
                number=1,
                title="",
                source=word("revision", STAFF | guest),
                editor_id=scene.cast.users["guest"],
                replaced_at=new,
            )
        )
        _labels(scene, session, topics, old, new)


def _labels(scene: Scene, session: Any, topics: list[Topic], old: datetime, new: datetime) -> None:
    edited = topics[1]
    tag = Tag(planet_id=scene.cast.planet_id, name="标签", key="标签")
    series = Series(planet_id=scene.cast.planet_id, title="专栏", created_at=old)
    session.add_all([tag, series])
    session.flush()
    for position, topic in enumerate(topics):
        session.add(TopicTag(topic_id=topic.id, tag_id=tag.id, published_at=topic.published_at))
        session.add(SeriesTopic(series_id=series.id, topic_id=topic.id, position=position))
        topic.digest_at = new
    session.add(
        Like(
            subject_type="topic",
            subject_id=edited.id,
            user_id=scene.cast.users["grace"],
            topic_id=edited.id,
            created_at=new,
        )
    )
    scene.values["tag_key"] = ["标签"]
    scene.values["other_ids"] = [series.public_id]


def _question(
    scene: Scene, name: str, asker: str, readers: set[str] | frozenset[str], **states: Any
) -> tuple[Topic, Question]:
    moment = clock.now() - timedelta(days=2)
    isolated, anonymous = states.pop("isolated", False), states.pop("anonymous", False)
    word = scene.word(name, readers)
    topic = _topic(
        scene,
        name,
        moment,
        kind="question",
        word=word,
        author_id=None if anonymous else scene.cast.users[asker],
        isolated=isolated,
    )
    topic.title = ""
    question = Question(
        planet_id=scene.cast.planet_id,
        asker_id=scene.cast.users[asker],
        addressee_id=scene.cast.users["guest"],
        anonymous=anonymous,
        asked_at=moment,
        due_at=moment + timedelta(hours=1),
        **states,
    )
    return topic, question


def _questions(scene: Scene, moment: datetime) -> None:
    parties = STAFF | {"guest", "member"}
    made = [
        _question(scene, "open", "member", parties),
        _question(scene, "overdue", "member", parties, overdue_told_at=moment),
        _question(scene, "private", "member", parties, private=True, answered_at=moment),
        _question(
            scene,
            "declined",
            "member",
            parties,
            declined_at=moment,
            decline_reason=scene.word("decline_reason", parties),
        ),
        _question(scene, "withdrawn", "member", parties, answered_at=moment, withdrawn_at=moment),
        _question(scene, "isolated_q", "isolated", {"isolated"}, isolated=True),
        _question(scene, "anonymous", "other", INSIDE, anonymous=True, answered_at=moment),
    ]
    answered_for = {"private": parties, "withdrawn": INSIDE, "anonymous": INSIDE}
    with unit_of_work() as session:
        for topic, question in made:
            session.add(topic)
            session.flush()
            question.topic_id = topic.id
            session.add(question)
            name = next(n for n, public_id in scene.topics.items() if public_id == topic.public_id)
            if name in answered_for:
                said = scene.word(f"answer_{name}", answered_for[name])
                session.add(
                    Answer(
                        topic_id=topic.id,
                        author_id=scene.cast.users["guest"],
                        source=said,
                        html=f"<p>{said}</p>",
                        created_at=moment,
                    )
                )
            session.add(
                QuestionLogEntry(
                    topic_id=topic.id,
                    at=question.asked_at,
                    # As the product writes it: an anonymous asker's line names nobody.
                    actor_id=None if question.anonymous else question.asker_id,
                    event="asked",
                    to_user_id=question.addressee_id,
                )
            )
        made[2][0].file_count = 1
        _private_file(scene, session, made[2][0].id, parties, moment)


def _private_file(
    scene: Scene, session: Any, private_id: int, parties: frozenset[str], moment: datetime
) -> None:
    attachment = Attachment(
        planet_id=scene.cast.planet_id,
        uploader_id=scene.cast.users["member"],
        owner_type="topic",
        owner_id=private_id,
        purpose="file",
        filename=scene.word("filename", parties) + ".txt",
        content_type="application/octet-stream",
        size=1,
        sha256="",
        storage_key="missing-object",
        created_at=moment,
    )
    session.add(attachment)
    session.flush()
    scene.values["other_ids"].append(attachment.public_id)


def _comments(scene: Scene, moment: datetime) -> None:
    with unit_of_work() as session:
        ids = {t.public_id: t.id for t in session.query(Topic)}
        new_post, anonymous = ids[scene.topics["new_post"]], ids[scene.topics["anonymous"]]
        deleted = ids[scene.topics["deleted"]]
        lines: list[tuple[str, int, str | None, frozenset[str] | set[str], dict[str, Any]]] = [
            ("comment", new_post, "member", INSIDE, {}),
            ("comment_gone", new_post, "member", NOBODY, {"deleted_at": moment, "reply_count": 1}),
            ("comment_hidden", new_post, "isolated", {"isolated"}, {"isolated": True}),
            ("follow_up", anonymous, None, INSIDE, {"as_asker": True}),
            ("under_deleted", deleted, "member", INSIDE, {}),
        ]
        for name, topic_id, persona, readers, columns in lines:
            said = scene.word(name, readers)
            comment = Comment(
                planet_id=scene.cast.planet_id,
                topic_id=topic_id,
                author_id=scene.cast.users[persona] if persona else None,
                source=said,
                html=f"<p>{said}</p>",
                created_at=moment - timedelta(hours=1),
                **columns,
            )
            session.add(comment)
            session.flush()
            scene.comments[name] = comment.public_id
            if name == "comment_gone":
                session.add(
                    Comment(
                        planet_id=scene.cast.planet_id,
                        topic_id=topic_id,
                        parent_id=comment.id,
                        root_id=comment.id,
                        depth=1,
                        author_id=scene.cast.users["guest"],
                        source="回复",
                        html="<p>回复</p>",
                        created_at=moment,
                    )
                )


def _private_things(scene: Scene, moment: datetime) -> None:
    with unit_of_work() as session:
        new_post = session.query(Topic).filter_by(public_id=scene.topics["new_post"]).one()
        session.add(
            Bookmark(
                user_id=scene.cast.users["member"],
                topic_id=new_post.id,
                planet_id=scene.cast.planet_id,
                note=scene.word("bookmark_note", {"member"}),
                created_at=moment,
            )
        )
        draft = Draft(
            planet_id=scene.cast.planet_id,
            user_id=scene.cast.users["guest"],
            purpose="post",
            fields={
                "title": scene.word("draft_title", {"guest"}),
                "text": scene.word("draft_text", {"guest"}),
            },
            created_at=moment,
            updated_at=moment,
        )
        invitation = Invitation(
            planet_id=scene.cast.planet_id,
            email=scene.word("invited_mail", STAFF) + "@example.test",
            role="guest",
            token_hash="0" * 64,
            note=scene.word("invitation_note", STAFF),
            created_at=moment,
            created_by=scene.cast.users["owner"],
            expires_at=moment + timedelta(days=14),
        )
        session.add_all([draft, invitation])
        session.flush()
        scene.values["other_ids"] += [draft.public_id, invitation.public_id]
