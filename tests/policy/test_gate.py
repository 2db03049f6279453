"""The gate turns verdicts into errors: hidden into NotFound, refused into Refused with its reason."""

from datetime import UTC, datetime

import pytest

from app.kernel.errors import NotFound, Refused
from app.policy import Action, Actor, PlanetSettings, TopicFacts, require

NOW = datetime(2026, 9, 16, 12, 0, tzinfo=UTC)
VISITOR = Actor(now=NOW, planet=PlanetSettings(id=1))
POST = TopicFacts(planet_id=1, kind="post", writer_id=1, published_at=NOW)


def test_hidden_is_not_found() -> None:
    with pytest.raises(NotFound):
        require(VISITOR, Action.TOPIC_READ, POST)


def test_refused_says_why() -> None:
    with pytest.raises(Refused) as refused:
        require(VISITOR, Action.TOPIC_POST)
    assert refused.value.reason == "sign_in"


def test_allowed_says_nothing() -> None:
    require(VISITOR, Action.LANDING_READ)
