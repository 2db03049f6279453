"""The policy's grid, written by hand: persona by action. `A` allows, `H` hides, a word is the reason.

Written from DESIGN, not from the code: when a cell changes, the product changes for somebody.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.policy import (
    Action,
    Actor,
    AnswerFacts,
    CommentFacts,
    ExpiredAccess,
    OrderFacts,
    PlanetRole,
    PlanetSettings,
    Standing,
    TopicFacts,
    can,
)

NOW = datetime(2026, 9, 16, 12, tzinfo=UTC)
SETTINGS = PlanetSettings(id=1)
IDS = {name: number for number, name in enumerate(
    ["owner", "partner", "admin", "guest", "member", "grace", "expired", "pending", "left",
     "removed", "isolated", "muted", "stranger"], start=1)}  # fmt: skip
ROLES = {"owner": PlanetRole.OWNER, "partner": PlanetRole.PARTNER, "admin": PlanetRole.ADMIN,
         "guest": PlanetRole.GUEST}  # fmt: skip
STANDINGS = {"grace": Standing.GRACE, "expired": Standing.EXPIRED, "pending": Standing.PENDING,
             "left": Standing.LEFT, "removed": Standing.REMOVED,
             "stranger": Standing.VISITOR}  # fmt: skip


def persona(name: str, settings: PlanetSettings = SETTINGS) -> Actor:
    """Return the persona as an actor at NOW; the expired one expired 30 days ago."""
    if name == "visitor":
        return Actor(now=NOW, planet=settings)
    standing = STANDINGS.get(name, Standing.ACTIVE)
    member = standing is not Standing.VISITOR
    return Actor(
        now=NOW,
        user_id=IDS[name],
        confirmed=True,
        may_create=True,
        planet=settings,
        membership_id=IDS[name] if member else None,
        role=ROLES.get(name, PlanetRole.MEMBER) if member else None,
        standing=standing,
        expires_at=NOW - timedelta(days=30) if name == "expired" else None,
        muted_until=NOW + timedelta(days=1) if name == "muted" else None,
        isolated=name == "isolated",
    )


def post(**changes: object) -> TopicFacts:
    """Return a guest's post of an hour ago."""
    values: dict[str, object] = {
        "planet_id": 1,
        "kind": "post",
        "writer_id": IDS["guest"],
        "published_at": NOW - timedelta(hours=1),
    }
    return TopicFacts(**{**values, **changes})  # type: ignore[arg-type]


def question(**changes: object) -> TopicFacts:
    """Return the member's open question to the guest."""
    values: dict[str, object] = {
        "kind": "question",
        "writer_id": IDS["member"],
        "addressee_id": IDS["guest"],
    }
    return post(**{**values, **changes})


def comment(topic: TopicFacts, **changes: object) -> CommentFacts:
    """Return the member's comment of 20 minutes ago."""
    values: dict[str, object] = {
        "topic": topic,
        "writer_id": IDS["member"],
        "created_at": NOW - timedelta(minutes=20),
    }
    return CommentFacts(**{**values, **changes})  # type: ignore[arg-type]


COLUMNS = [*IDS, "visitor"]
OLD = NOW - timedelta(days=31)

# Read each row against DESIGN.md, "Reading a topic" and the defaults of a new planet.
GRID: dict[str, tuple[Action, object, str]] = {
    "read a post": (Action.TOPIC_READ, post(), "A A A A A A H H H H A A H H"),
    "read a post from before the expiry": (
        Action.TOPIC_READ, post(published_at=OLD), "A A A A A A A H H H A A H H"),
    "read a public sample": (
        Action.TOPIC_READ, post(public_sample=True), "A A A A A A A A H H A A A A"),
    "read a scheduled post": (
        Action.TOPIC_READ, post(published_at=NOW + timedelta(hours=1)),
        "A A A A H H H H H H H H H H"),
    "read a deleted post": (Action.TOPIC_READ, post(deleted=True), "H H H H H H H H H H H H H H"),
    "read a deleted post's marker": (
        Action.TOPIC_READ, post(deleted=True, has_replies=True), "A A A A A A H H H H A A H H"),
    "read a deleted sample's marker": (
        Action.TOPIC_READ, post(deleted=True, has_replies=True, public_sample=True),
        "A A A A A A H H H H A A H H"),
    "read a deleted post's text": (
        Action.TOPIC_TEXT_READ, post(deleted=True, has_replies=True),
        "H H H H H H H H H H H H H H"),
    "read an isolated person's question": (
        Action.TOPIC_READ, question(writer_id=IDS["isolated"], isolated=True, answered=True),
        "H H H H H H H H H H A H H H"),
    "read an open question": (Action.TOPIC_READ, question(), "A A A A A H H H H H H H H H"),
    "read an answered question": (
        Action.TOPIC_READ, question(answered=True), "A A A A A A H H H H A A H H"),
    "read a private answered question": (
        Action.TOPIC_READ, question(answered=True, private=True), "A A A A A H H H H H H H H H"),
    "read a private question marked as a sample": (
        Action.TOPIC_READ, question(answered=True, private=True, public_sample=True),
        "A A A A A H H H H H H H H H"),
    "read a declined question": (
        Action.TOPIC_READ, question(declined=True), "A A A A A H H H H H H H H H"),
    "read a withdrawn answered question": (
        Action.TOPIC_READ, question(answered=True, withdrawn=True), "A A A A A A H H H H A A H H"),
    "read a withdrawn question's text": (
        Action.TOPIC_TEXT_READ, question(answered=True, withdrawn=True),
        "A A A A A H H H H H H H H H"),
    "read an isolated person's comment": (
        Action.COMMENT_READ, comment(post(), writer_id=IDS["isolated"], isolated=True),
        "H H H H H H H H H H A H H H"),
    "read an expired person's own question": (
        Action.TOPIC_READ, question(writer_id=IDS["expired"]), "A A A A H H A H H H H H H H"),
    "read the text of an expired person's own private question": (
        Action.TOPIC_TEXT_READ, question(writer_id=IDS["expired"], answered=True, private=True),
        "A A A A H H A H H H H H H H"),
    "read the marker of an expired person's own question": (
        Action.TOPIC_READ,
        question(writer_id=IDS["expired"], answered=True, private=True, deleted=True, has_replies=True),
        "A A A A H H A H H H H H H H"),
    "read an expired person's own post": (
        Action.TOPIC_READ, post(writer_id=IDS["expired"]), "A A A A A A H H H H A A H H"),
    "read a question of one's own after having left": (
        Action.TOPIC_READ, question(writer_id=IDS["left"]), "A A A A H H H H H H H H H H"),
    "read a question of one's own after removal": (
        Action.TOPIC_READ, question(writer_id=IDS["removed"]), "A A A A H H H H H H H H H H"),
    "read what is said below an expired person's own question": (
        Action.COMMENT_READ, comment(question(writer_id=IDS["expired"])),
        "A A A A H H A H H H H H H H"),
    "comment below an expired person's own question": (
        Action.COMMENT_WRITE, question(writer_id=IDS["expired"]),
        "A A A A H H renew H H H H H H H"),
    "edit an expired person's own question": (
        Action.TOPIC_EDIT, question(writer_id=IDS["expired"]),
        "not_yours not_yours not_yours not_yours H H renew H H H H H H H"),
    "withdraw an expired person's own question": (
        Action.QUESTION_WITHDRAW, question(writer_id=IDS["expired"]),
        "not_yours not_yours not_yours not_yours H H A H H H H H H H"),
    "list what one asked": (
        Action.ASKED_READ, None, "A A A A A A A pending join removed A A join sign_in"),
    "list what one began to write": (
        Action.DRAFTS_READ, None, "A A A A A A A pending join removed A A join sign_in"),
    "enter the feed": (
        Action.PLANET_READ, None,
        "A A A A A A A pending join removed A A join sign_in"),
    "post": (
        Action.TOPIC_POST, None,
        "A A A A ask_instead ask_instead renew pending join removed ask_instead muted join sign_in"),
    "ask": (Action.QUESTION_ASK, None, "A A A A A A renew pending join removed A muted join sign_in"),
    "comment": (
        Action.COMMENT_WRITE, post(), "A A A A A A H H H H A muted H H"),
    "comment on a sample": (
        Action.COMMENT_WRITE, post(public_sample=True),
        "A A A A A A renew pending H H A muted join sign_in"),
    "comment where comments are closed": (
        Action.COMMENT_WRITE, post(comments_closed=True),
        "A A A comments_closed comments_closed comments_closed H H H H comments_closed muted H H"),
    "edit a post": (
        Action.TOPIC_EDIT, post(),
        "A A not_yours A not_yours not_yours H H H H not_yours muted H H"),
    "edit an open question": (
        Action.TOPIC_EDIT, question(),
        "not_yours not_yours not_yours not_yours A H H H H H H H H H"),
    "edit an answered question": (
        Action.TOPIC_EDIT, question(answered=True),
        "not_yours not_yours not_yours not_yours already_answered not_yours H H H H not_yours muted H H"),
    "edit a post of one's own when isolated since": (
        Action.TOPIC_EDIT, post(writer_id=IDS["isolated"]),
        "A A not_yours not_yours not_yours not_yours H H H H window_over muted H H"),
    "edit a post of one's own that nobody else sees": (
        Action.TOPIC_EDIT, post(writer_id=IDS["isolated"], isolated=True),
        "H H H H H H H H H H A H H H"),
    "delete a post": (
        Action.TOPIC_DELETE, post(),
        "A A A A not_yours not_yours H H H H not_yours not_yours H H"),
    "delete an answered question": (
        Action.TOPIC_DELETE, question(answered=True),
        "A A A not_yours already_answered not_yours H H H H not_yours not_yours H H"),
    "pin or digest": (
        Action.TOPIC_CURATE, post(),
        "A A A staff_only staff_only staff_only H H H H staff_only staff_only H H"),
    "open a topic to everyone": (
        Action.TOPIC_SAMPLE, post(),
        "A A partners_only partners_only partners_only partners_only H H H H "
        "partners_only partners_only H H"),
    "answer": (
        Action.QUESTION_ANSWER, question(),
        "not_yours not_yours not_yours A not_yours H H H H H H H H H"),
    "decline or hand on": (
        Action.QUESTION_DECLINE, question(), "A A A A not_yours H H H H H H H H H"),
    "answer again": (
        Action.QUESTION_ANSWER, question(answered=True),
        "not_yours not_yours not_yours not_open not_yours not_yours H H H H not_yours muted H H"),
    "accept the answer": (
        Action.QUESTION_ACCEPT, question(answered=True),
        "A A A not_yours A not_yours H H H H not_yours muted H H"),
    "withdraw a question": (
        Action.QUESTION_WITHDRAW, question(answered=True),
        "not_yours not_yours not_yours not_yours A not_yours H H H H not_yours not_yours H H"),
    "hide the words of an answered question": (
        Action.QUESTION_HIDE, question(answered=True),
        "A A A A not_yours not_yours H H H H not_yours muted H H"),
    "reveal an anonymous asker": (
        Action.QUESTION_REVEAL, question(answered=True, anonymous=True),
        "A owner_only owner_only owner_only owner_only owner_only H H H H owner_only owner_only H H"),
    "reveal where nobody hides": (
        Action.QUESTION_REVEAL, question(answered=True), "H H H H H H H H H H H H H H"),
    "edit a comment": (
        Action.COMMENT_EDIT, comment(post()),
        "not_yours not_yours not_yours not_yours A not_yours H H H H not_yours muted H H"),
    "edit a comment of one's own when isolated since": (
        Action.COMMENT_EDIT, comment(post(), writer_id=IDS["isolated"]),
        "not_yours not_yours not_yours not_yours not_yours not_yours H H H H window_over muted H H"),
    "edit a comment of one's own that nobody else sees": (
        Action.COMMENT_EDIT, comment(post(), writer_id=IDS["isolated"], isolated=True),
        "H H H H H H H H H H A H H H"),
    "edit an answer of one's own when isolated since": (
        Action.ANSWER_EDIT,
        AnswerFacts(question(answered=True, addressee_id=IDS["isolated"]), IDS["isolated"]),
        "not_yours not_yours not_yours not_yours not_yours not_yours H H H H window_over muted H H"),
    "delete a comment": (
        Action.COMMENT_DELETE, comment(post()),
        "A A A not_yours A not_yours H H H H not_yours not_yours H H"),
    "stick a comment": (
        Action.COMMENT_STICK, comment(post()),
        "A A A staff_only staff_only staff_only H H H H staff_only staff_only H H"),
    "like": (Action.LIKE, post(), "A A A A A A H H H H A A H H"),
    "see who liked": (Action.LIKERS_READ, post(), "A A A H H H H H H H H H H H"),
    "bookmark a sample": (
        Action.BOOKMARK, post(public_sample=True), "A A A A A A A A H H A A A sign_in"),
    "list members": (
        Action.MEMBER_LIST, None,
        "A A A directory_hidden directory_hidden directory_hidden renew pending join removed "
        "directory_hidden directory_hidden join sign_in"),
    "change settings": (
        Action.SETTINGS_EDIT, None,
        "A A partners_only partners_only partners_only partners_only renew pending join removed "
        "partners_only partners_only join sign_in"),
    "invite": (
        Action.MEMBER_INVITE, None,
        "A A A staff_only staff_only staff_only renew pending join removed staff_only staff_only "
        "join sign_in"),
    "blank a reason in the trail": (
        Action.AUDIT_BLANK, None,
        "A owner_only owner_only owner_only owner_only owner_only renew pending join removed "
        "owner_only owner_only join sign_in"),
    "hand over": (
        Action.OWNERSHIP_HAND_OVER, None,
        "A owner_only owner_only owner_only owner_only owner_only renew pending join removed "
        "owner_only owner_only join sign_in"),
    "give a membership": (
        Action.GIFT_BUY, None,
        "A A A A A A A pending A removed A A A sign_in"),
    "say that a member's money is there": (
        Action.ORDER_DECIDE, OrderFacts(IDS["member"]),
        "A A A staff_only staff_only staff_only renew pending join removed staff_only staff_only "
        "join sign_in"),
    "say that an admin's own money is there": (
        Action.ORDER_DECIDE, OrderFacts(IDS["admin"]),
        "A A own_money staff_only staff_only staff_only renew pending join removed staff_only "
        "staff_only join sign_in"),
    "say that a partner's own money is there": (
        Action.ORDER_DECIDE, OrderFacts(IDS["partner"]),
        "A own_money A staff_only staff_only staff_only renew pending join removed staff_only "
        "staff_only join sign_in"),
    "say that the owner's own money is there": (
        Action.ORDER_DECIDE, OrderFacts(IDS["owner"]),
        "A A A staff_only staff_only staff_only renew pending join removed staff_only staff_only "
        "join sign_in"),
    "redeem a code": (
        Action.CODE_REDEEM, None,
        "never_ends never_ends never_ends never_ends never_ends never_ends A A A removed never_ends "
        "never_ends A sign_in"),
    "join": (
        Action.PLANET_JOIN, None,
        "already_member already_member already_member already_member already_member already_member "
        "A pending A removed already_member already_member A sign_in"),
}  # fmt: skip


@pytest.mark.parametrize("row", GRID)
def test_row(row: str) -> None:
    action, facts, expected = GRID[row]
    got = []
    for name in COLUMNS:
        verdict = can(persona(name), action, facts)
        got.append({"allow": "A", "hide": "H"}.get(verdict.kind, str(verdict.reason)))
    assert dict(zip(COLUMNS, got, strict=True)) == dict(zip(COLUMNS, expected.split(), strict=True))


# What stays open to somebody whose time is over in a planet that closes everything else (`lock`).
LOCKED: dict[str, tuple[Action, object, str]] = {
    "a post of before": (Action.TOPIC_READ, post(published_at=OLD), "H"),
    "somebody's answered question of before": (
        Action.TOPIC_READ, question(published_at=OLD, answered=True), "H"),
    "a question to oneself": (
        Action.TOPIC_READ, question(published_at=OLD, addressee_id=IDS["expired"]), "H"),
    "one's own question": (Action.TOPIC_READ, question(writer_id=IDS["expired"]), "A"),
    "one's own question of before": (
        Action.TOPIC_TEXT_READ, question(writer_id=IDS["expired"], published_at=OLD), "A"),
    "what is said below it": (
        Action.COMMENT_READ, comment(question(writer_id=IDS["expired"])), "A"),
    "one's own deleted question": (
        Action.TOPIC_READ, question(writer_id=IDS["expired"], deleted=True), "H"),
    "the feed": (Action.PLANET_READ, None, "renew"),
    "the list of what one asked": (Action.ASKED_READ, None, "A"),
    "the list of what one began to write": (Action.DRAFTS_READ, None, "A"),
    "asking": (Action.QUESTION_ASK, None, "renew"),
}  # fmt: skip


@pytest.mark.parametrize("row", LOCKED)
def test_what_a_locked_planet_leaves_open_to_the_expired(row: str) -> None:
    action, facts, expected = LOCKED[row]
    locked = PlanetSettings(id=1, expired_access=ExpiredAccess.LOCK)
    verdict = can(persona("expired", locked), action, facts)
    assert {"allow": "A", "hide": "H"}.get(verdict.kind, str(verdict.reason)) == expected


def test_who_comes_back_on_a_trial_keeps_their_own_questions() -> None:
    trial = replace(persona("member"), reads_from=NOW)
    assert can(trial, Action.TOPIC_READ, question())
    assert not can(trial, Action.TOPIC_READ, question(answered=True, writer_id=IDS["muted"]))
