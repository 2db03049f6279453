"""`visible_topics` and the facts agree with the policy for every persona and every topic state."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import product

import pytest
import sqlalchemy as sa

from app.discussion.models import Topic
from app.discussion.queries.facts import find_owner_facts, get_topic, get_topic_by_id
from app.discussion.queries.visible import text_is_visible, visible_topics
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.policy import Action, can
from tests.cast import PERSONAS, Cast
from tests.discussion.states import State, all_posts, all_questions, facts_of, write

STATES = [*all_posts(), *all_questions()]
SETTINGS = [
    {"expired_access": access, "question_queue_open": queue}
    for access, queue in product(("keep", "lock"), (False, True))
]


@pytest.fixture
def topics(cast: Cast, noon: datetime) -> Iterator[list[int]]:
    yield write(STATES, cast, noon)


def test_visible_topics_agree_with_the_policy(
    cast: Cast, noon: datetime, topics: list[int]
) -> None:
    facts = [facts_of(state, cast, noon) for state in STATES]
    for settings in SETTINGS:
        cast.set_planet(**settings)
        for persona in PERSONAS:
            actor = cast.actor(persona)
            found = set(db.session.scalars(visible_topics(actor)))
            readable = db.session.scalars(visible_topics(actor).where(text_is_visible(actor)))
            with_text = set(readable)
            for state, topic_id, fact in zip(STATES, topics, facts, strict=True):
                told = (persona, settings, state)
                assert (topic_id in found) == bool(can(actor, Action.TOPIC_READ, fact)), told
                text = bool(can(actor, Action.TOPIC_TEXT_READ, fact))
                assert (topic_id in with_text) == text, told


def test_a_trial_reads_no_further_back_than_it_may(
    cast: Cast, noon: datetime, topics: list[int]
) -> None:
    facts = [facts_of(state, cast, noon) for state in STATES]
    ages = sorted({fact.published_at for fact in facts})
    for persona in ("member", "other", "grace", "expired"):
        for limit in (ages[0], ages[len(ages) // 2], ages[-1]):
            cast.set_membership(persona, reads_from=limit)
            actor = cast.actor(persona)
            assert actor.reads_from == limit
            found = set(db.session.scalars(visible_topics(actor)))
            for state, topic_id, fact in zip(STATES, topics, facts, strict=True):
                told = (persona, limit, state)
                assert (topic_id in found) == bool(can(actor, Action.TOPIC_READ, fact)), told


def test_facts_read_from_rows_say_what_the_rows_say(cast: Cast, noon: datetime) -> None:
    states = STATES[::37]
    for state, topic_id in zip(states, write(states, cast, noon), strict=True):
        assert find_owner_facts("topic", topic_id) == facts_of(state, cast, noon)


def test_get_topic_hides_what_the_policy_hides(cast: Cast, noon: datetime) -> None:
    states = [
        State("post", "guest", 1),
        State("post", "guest", 1, sample=True),
        State("question", "member", 1, private=True, addressee="guest"),
    ]
    ids = write(states, cast, noon)
    seen = {"owner": [True] * 3, "other": [True, True, False], "visitor": [False, True, False]}
    for persona, expected in seen.items():
        actor = cast.actor(persona)
        for topic_id, readable in zip(ids, expected, strict=True):
            public_id = db.session.scalars(
                sa.select(Topic.public_id).where(Topic.id == topic_id)
            ).one()
            if readable:
                assert get_topic(actor, public_id)[0].id == topic_id
                assert get_topic_by_id(actor, topic_id)[0].public_id == public_id
            else:
                with pytest.raises(NotFound):
                    get_topic(actor, public_id)


def test_topics_are_read_inside_a_planet_only(cast: Cast) -> None:
    actor = cast.actor("owner")
    outside = type(actor)(now=actor.now, user_id=actor.user_id)
    with pytest.raises(ValueError, match="planet"):
        visible_topics(outside)
