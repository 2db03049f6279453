"""Every key that can be written into trail or story has words in both languages: none is shown raw."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Flask
from flask_babel import force_locale

from app.billing import stripe_facts
from app.billing.queries.timeline import Happening
from app.billing.states import OrderState
from app.blueprints.billing import story_words
from app.blueprints.billing.story_words import line_of
from app.blueprints.memberships.audit_words import ACTS
from app.blueprints.planets.settings_words import WORDS
from app.discussion.actions.marks import TopicMark
from app.kernel import clock
from app.memberships.parted import Way
from app.notifications.kinds import COMMENTS, REMINDERS, Kind
from tests.house.flows import Values, values_into

# What is no literal where it is written, and all that it can be.
COMPUTED: dict[tuple[str, str], tuple[str, ...]] = {
    ("app.discussion.actions.marks", "f'topic.{mark.value}'"): tuple(
        f"topic.{mark.value}" for mark in TopicMark
    ),
    ("app.discussion.actions.marks", "f'topic.not_{mark.value}'"): tuple(
        f"topic.not_{mark.value}" for mark in TopicMark
    ),
    ("app.billing.actions.transfers", "f'transfer.{state}'"): (
        "transfer.paid",
        "transfer.declined",
    ),
    ("app.billing.actions.applying", "state.value"): tuple(OrderState),
    ("app.billing.actions.ending", "f'end_asked_{when}'"): ("end_asked_now", "end_asked_at_end"),
    (
        "app.discussion.actions.paid_questions",
        "_outcome(question, deleted_at, paid.due_at)",
    ): ("late", "declined", "withdrawn", "deleted"),
    ("app.discussion.actions.withdrawing", "f'question.{event}'"): (
        "question.hidden",
        "question.kept",
    ),
    # Whose deed a refund is.
    ("app.billing.actions.refunds", "cause"): ("job", "buyer", "staff"),
}


def keys(*found: Values) -> list[str]:
    """Return all that can be written; fails for an expression that nobody has explained."""
    known: set[str] = set()
    for values in found:
        known |= values.known
        for place in values.unknown:
            assert place in COMPUTED, f"say in COMPUTED what {place[1]} in {place[0]} can be"
            known |= set(COMPUTED[place])
    return sorted(known)


def assert_worded(app: Flask, wanted: Iterable[str], words: dict[str, Any]) -> None:
    """Each key has words, other ones than the key, and others in each language."""
    missing = [key for key in wanted if key not in words]
    assert missing == []
    for key in wanted:
        with app.test_request_context():
            with force_locale("en"):
                english = str(words[key])
            with force_locale("zh_Hans"):
                chinese = str(words[key])
        assert english
        assert english != key
        assert chinese != english, key


def test_every_act_that_the_trail_can_hold(app: Flask) -> None:
    acts = keys(values_into(("app.kernel.audit", "record"), "action"))
    assert {"member.return", "transfer.declined", "plan.move", "topic.not_sample"} <= set(acts)
    assert len(acts) > 60
    assert_worded(app, acts, ACTS)
    # And none is kept that nothing writes any more.
    assert sorted(set(ACTS) - set(acts)) == []


def test_everything_that_happens_to_an_order(app: Flask) -> None:
    happened = keys(values_into(("app.billing.actions.orders", "change"), "what"))
    assert {"transfer_stated", "cancelled", "charges_held", "refunded"} <= set(happened)
    data = {"amount": 100, "currency": "CNY"}
    for what in happened:
        told = set()
        for language in ("en", "zh_Hans"):
            with app.test_request_context(), force_locale(language):
                told.add(line_of(Happening(clock.now(), f"order.{what}", data), {}).what)
        assert len(told) == 2, what
        assert str(what) not in told


def test_every_cause(app: Flask) -> None:
    causes = keys(
        values_into(("app.billing.actions.orders", "change"), "cause"),
        values_into(("app.billing.actions.sync", "sync"), "cause"),
        values_into(("app.billing.actions.sync_many", "sync_many"), "cause"),
    )
    assert {"staff", "buyer", "job", "return", "webhook", "reconcile"} <= set(causes)
    assert_worded(app, causes, story_words.CAUSE_NAMES)


def test_every_reason_that_nobody_wrote(app: Flask) -> None:
    reasons = keys(
        values_into(("app.billing.actions.asking", "ask_everything_back"), "reason"),
        values_into(("app.billing.actions.question_orders", "give_back"), "outcome"),
    )
    assert {"double", "not_asked"} <= set(reasons)
    # What `actions.late` says: how somebody went, or that his subscription was to end.
    late = [*(way.value for way in Way), "ended"]
    assert_worded(app, [*reasons, *late], story_words.REASON_NAMES)


def test_every_source_of_access(app: Flask) -> None:
    given = values_into(("app.memberships.actions.granting", "start_membership"), "source")
    sources = {*given.known, "order", "invoice"}
    assert given.unknown == set()
    assert_worded(app, sorted(sources), story_words.SOURCE_NAMES)


def test_every_word_of_a_bank(app: Flask) -> None:
    assert_worded(app, stripe_facts.GRAVITY, story_words.DISPUTE_NAMES)


def test_every_notice_of_the_story(app: Flask) -> None:
    talk = {kind for kind in Kind if kind.value.startswith("question_")}
    told = [
        kind.value for kind in Kind if kind not in COMMENTS | REMINDERS | talk | {Kind.SEARCH_HIT}
    ]
    assert_worded(app, told, story_words.NOTICES)


def test_every_setting_in_the_trail(app: Flask) -> None:
    assert_worded(app, sorted(WORDS), {name: words.label for name, words in WORDS.items()})
