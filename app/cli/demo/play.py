"""Playing a script: each line is said by its person, through the action a page would call."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from app.cli.demo.script import Ask, Post, Remark
from app.discussion.actions import answers, comments, questions, reactions
from app.discussion.actions.composing import TopicWish, compose_topic
from app.discussion.actions.topics import publish_topic
from app.discussion.actions.withdrawing import decide_hiding, withdraw_answered
from app.discussion.models import Topic
from app.discussion.queries.facts import get_comment, get_topic
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.media.actions import Upload, store_file, store_image
from app.media.storage import Storage
from app.memberships.models import Membership
from app.memberships.queries import actor_of
from app.planets.queries import PlanetView
from app.policy import Actor


def act_as(user_id: int, planet_id: int) -> tuple[PlanetView, Actor]:
    """Return the planet and the person as an actor in it at the clock's moment."""
    found = actor_of(user_id, planet_id)
    if found is None:
        raise RuntimeError("the demo's people are missing")
    return found


@dataclass
class Play:
    """One planet's performance. `now` is the moment that "days ago" count from."""

    planet_id: int
    people: dict[str, int]
    storage: Storage
    now: datetime
    images: Path
    series: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def speaking(self, persona: str, moment: datetime) -> Iterator[tuple[PlanetView, Actor]]:
        """Set the clock to `moment`, never later than now, and step up as the persona."""
        with clock.fixed(min(moment, self.now)):
            yield act_as(self.people[persona], self.planet_id)

    def ago(self, days: float) -> datetime:
        """Return the moment so many days before now."""
        return self.now - timedelta(days=days)

    def post(self, post: Post) -> None:
        """Publish a post, then let it be marked, liked and talked about."""
        moment = self.ago(post.days_ago)
        with self.speaking(post.by, moment) as (_planet, actor):
            wish = TopicWish(
                title=post.title,
                text=post.text,
                tags=post.tags,
                series=(self.series[post.series],) if post.series else (),
                attachments=self._uploads(actor, post),
            )
            topic = compose_topic(actor, wish=wish)
            with unit_of_work():
                public_id = publish_topic(actor, draft=topic).public_id
        self._mark(
            public_id,
            pinned_at=moment if post.pinned else None,
            digest_at=moment if post.digest else None,
            public_sample_at=moment if post.sample else None,
        )
        self.like(public_id, post.liked_by, moment)
        self.talk(public_id, post.remarks, moment)
        if post.closed:
            self._mark(public_id, comments_closed_at=moment)

    def ask(self, ask: Ask) -> None:
        """Ask a question and let happen to it what the script says."""
        asked_at, answered_at = self.ago(ask.days_ago), self.ago(ask.answered_days_ago)
        with self.speaking(ask.by, asked_at) as (planet, actor):
            wish = questions.AskWish(
                text=ask.text,
                addressee=self._membership(ask.to),
                anonymous=ask.anonymous,
                private=ask.private,
            )
            question = questions.compose_question(actor, planet=planet, wish=wish)
            with unit_of_work():
                public_id = questions.ask(actor, planet=planet, question=question).public_id
        if ask.handed_to:
            self._hand_on(ask, public_id, asked_at + timedelta(hours=3))
        if ask.declined:
            with self.speaking(ask.to, asked_at + timedelta(hours=6)) as (_, actor), unit_of_work():
                topic, facts = get_topic(actor, public_id)
                questions.decline(actor, topic=topic, facts=facts, reason=ask.declined)
        if ask.answer:
            self._answer(ask, public_id, answered_at)
            self.like(public_id, ask.liked_by, answered_at)
            self.talk(public_id, ask.remarks, answered_at, asker=ask.by)

    def _hand_on(self, ask: Ask, public_id: str, moment: datetime) -> None:
        to = self._membership(ask.handed_to)
        with self.speaking(ask.to, moment) as (planet, actor), unit_of_work():
            topic, facts = get_topic(actor, public_id)
            questions.hand_on(actor, planet=planet, topic=topic, facts=facts, to=to, note="")

    def _answer(self, ask: Ask, public_id: str, moment: datetime) -> None:
        with self.speaking(ask.handed_to or ask.to, moment) as (planet, actor):
            answer = answers.compose_answer(actor, planet=planet, text=ask.answer)
            with unit_of_work():
                topic, facts = get_topic(actor, public_id)
                answers.answer_question(actor, topic=topic, facts=facts, answer=answer)
        with self.speaking(ask.by, moment + timedelta(hours=2)) as (_, actor), unit_of_work():
            topic, facts = get_topic(actor, public_id)
            if ask.accepted:
                questions.accept(actor, topic=topic, facts=facts)
        if ask.withdrawn:
            self._withdraw(ask, public_id, moment)

    def _withdraw(self, ask: Ask, public_id: str, moment: datetime) -> None:
        with self.speaking(ask.by, moment + timedelta(hours=5)) as (_, actor), unit_of_work():
            topic, facts = get_topic(actor, public_id)
            withdraw_answered(actor, topic=topic, facts=facts, hide=True, reason=ask.withdrawn)
        addressee = ask.handed_to or ask.to
        with self.speaking(addressee, moment + timedelta(hours=8)) as (_, actor), unit_of_work():
            topic, facts = get_topic(actor, public_id)
            decide_hiding(actor, topic=topic, facts=facts, grant=True, reason=ask.hidden)

    def _membership(self, persona: str) -> str:
        """Return the persona's membership in this planet by its public id."""
        found: str = db.session.scalars(
            select(Membership.public_id).where(
                Membership.planet_id == self.planet_id,
                Membership.user_id == self.people[persona],
            )
        ).one()
        return found

    def like(self, public_id: str, personas: tuple[str, ...], moment: datetime) -> None:
        """Let people like a topic."""
        for persona in personas:
            with self.speaking(persona, moment + timedelta(hours=1)) as (_, actor), unit_of_work():
                topic, facts = get_topic(actor, public_id)
                reactions.like_topic(actor, topic=topic, facts=facts)

    def talk(
        self, public_id: str, remarks: tuple[Remark, ...], since: datetime, *, asker: str = ""
    ) -> None:
        """Say the remarks one after another between `since` and now, replies right after."""
        pause = min((self.now - since) / (2 * (_count(remarks) + 1)), timedelta(hours=7))
        self._say(public_id, remarks, _moments(since, pause), parent="", asker=asker)

    def _say(
        self,
        public_id: str,
        remarks: tuple[Remark, ...],
        moments: Iterator[datetime],
        *,
        parent: str,
        asker: str,
    ) -> None:
        for remark in remarks:
            persona = asker if remark.by == "asker" else remark.by
            moment = next(moments)
            with self.speaking(persona, moment) as (planet, actor):
                said = _comment(planet, actor, public_id, remark.text, parent)
            self._react(said, remark, moment)
            self._say(public_id, remark.replies, moments, parent=said, asker=asker)

    def _react(self, comment_id: str, remark: Remark, moment: datetime) -> None:
        later = moment + timedelta(minutes=9)
        for persona in remark.liked_by:
            with self.speaking(persona, later) as (_planet, actor), unit_of_work():
                comment, facts = get_comment(actor, comment_id)
                reactions.like_comment(actor, comment=comment, facts=facts)
        if remark.stuck:
            with self.speaking("owner", later) as (_planet, actor), unit_of_work():
                comment, facts = get_comment(actor, comment_id)
                comments.stick_comment(actor, comment=comment, facts=facts)

    def _uploads(self, actor: Actor, post: Post) -> tuple[str, ...]:
        made = [
            store_image(actor, storage=self.storage, upload=self._image(name)).row
            for name in post.images
        ]
        for name, text in post.files:
            upload = Upload(filename=name, stream=io.BytesIO(text.encode()))
            made.append(store_file(actor, storage=self.storage, upload=upload, max_mib=1))
        return tuple(row.public_id for row in made)

    def _image(self, name: str) -> Upload:
        return Upload(filename=name, stream=io.BytesIO((self.images / name).read_bytes()))

    def _mark(self, public_id: str, **columns: Any) -> None:
        with unit_of_work() as session:
            session.execute(update(Topic).where(Topic.public_id == public_id).values(**columns))


def _comment(planet: PlanetView, actor: Actor, public_id: str, text: str, parent: str) -> str:
    comment = comments.compose_comment(
        actor,
        wish=comments.CommentWish(text=text, parent=parent),
        max_chars=planet.comment_max_chars,
    )
    with unit_of_work():
        topic, facts = get_topic(actor, public_id)
        written = comments.write_comment(actor, topic=topic, facts=facts, comment=comment)
    return written.public_id


def _count(remarks: tuple[Remark, ...]) -> int:
    return sum(1 + _count(remark.replies) for remark in remarks)


def _moments(since: datetime, pause: timedelta) -> Iterator[datetime]:
    moment = since
    while True:
        moment += pause
        yield moment
