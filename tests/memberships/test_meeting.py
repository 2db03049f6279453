"""Whom one may meet, what is counted, and what it costs: directory, persons, honest and unread counts."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.accounts.limits import NAMES_PER_PERSON
from app.discussion.queries import waiting
from app.discussion.queries.samples import count_activity
from app.insights.members import count_inside
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships.models import Membership
from app.planets.models import Planet
from app.policy import Action, can
from tests.cast import PEOPLE, PERSONAS, Cast
from tests.discussion.states import all_posts, all_questions, facts_of, write
from tests.discussion.threads import counted, post, put_answer, put_question, say
from tests.memberships.people import newcomer, row

INSIDERS = ("owner", "partner", "admin", "guest", "member", "other", "grace", "isolated", "muted")


def person(cast: Cast, persona: str) -> str:
    return f"/p/orbit/people/{row(cast, persona).public_id}"


def test_with_the_directory_hidden_silent_members_do_not_exist(cast: Cast) -> None:
    member = cast.client("member")
    assert member.get("/p/orbit/members").status_code == 403
    for silent in ("other", "partner", "muted", "removed", "left", "pending", "expired"):
        assert member.get(person(cast, silent)).status_code == 404, silent
        own_id = f"/p/orbit/people/{cast.public_ids[silent]}"
        assert member.get(own_id).status_code == 404
    assert member.get("/p/orbit/people/nobody").status_code == 404
    assert member.get(person(cast, "member")).status_code == 200
    assert cast.client("admin").get(person(cast, "removed")).status_code == 200


def test_an_open_directory_shows_who_is_inside(cast: Cast) -> None:
    cast.set_planet(directory_open=True)
    member = cast.client("member")
    listed = member.get("/p/orbit/members").text
    for persona in ("owner", "other", "grace", "muted"):
        assert PEOPLE[persona][0] in listed
        assert member.get(person(cast, persona)).status_code == 200
    for persona in ("removed", "left", "pending", "expired", "isolated"):
        assert PEOPLE[persona][0] not in listed
    for persona in ("removed", "left", "pending", "expired"):
        assert member.get(person(cast, persona)).status_code == 404
    for outsider in ("expired", "stranger", "left", "removed"):
        assert cast.client(outsider).get("/p/orbit/members").status_code == 403
        assert cast.client(outsider).get(person(cast, "other")).status_code == 404


def test_no_member_finds_whose_account_is_behind_a_nickname(cast: Cast) -> None:
    cast.set_planet(directory_open=True)
    cast.set_membership("other", nickname="夜航船", name_key="夜航船")
    path = "/p/orbit/members?name="
    for reader, found in (("member", False), ("admin", True)):
        client = cast.client(reader)
        assert ("夜航船" in client.get(path + PEOPLE["other"][0]).text) is found
        assert "夜航船" in client.get(path + "航").text


def test_names_cannot_be_tried_one_after_the_other(noon: datetime, cast: Cast) -> None:
    """That a name is taken tells that its bearer is a member: nobody goes through a list of names."""
    cast.set_planet(joining="approval", join_question="?")
    member, stranger = cast.client("member"), cast.client("stranger")
    answers = set()
    for n in range(NAMES_PER_PERSON):
        form = {"nickname": PEOPLE["other"][0] if n % 2 else f"名{n}"}
        answers.add(member.post("/p/orbit/me/nickname", data=form).status_code)
        stranger.post("/p/orbit/join", data={"nickname": PEOPLE["other"][0], "answer": "好"})
    assert answers == {303, 422}
    taken = {"nickname": PEOPLE["other"][0], "answer": "好"}
    assert member.post("/p/orbit/me/nickname", data=taken).status_code == 429
    assert member.post("/account", data={"name": PEOPLE["other"][0]}).status_code == 429
    assert member.post("/account", data={"name": PEOPLE["member"][0]}).status_code == 303
    assert stranger.post("/p/orbit/join", data=taken).status_code == 429


def test_words_that_may_be_read_are_an_introduction(noon: datetime, cast: Cast) -> None:
    topic = post(cast, "guest")
    say(cast, "other", topic)
    member, visitor = cast.client("member"), cast.client("visitor")
    page = member.get(person(cast, "guest"))
    assert page.status_code == 200
    assert topic in page.text
    assert member.get(person(cast, "other")).status_code == 200
    assert visitor.get(person(cast, "guest")).status_code == 404
    assert "@example.test" not in page.text
    with unit_of_work() as session:
        session.execute(sa.text("UPDATE topics SET public_sample_at = :t"), {"t": noon.isoformat()})
    assert visitor.get(person(cast, "guest")).status_code == 200
    with unit_of_work() as session:
        session.execute(
            sa.text("UPDATE topics SET public_sample_at = NULL, deleted_at = :t"),
            {"t": noon.isoformat()},
        )
    assert member.get(person(cast, "guest")).status_code == 404


def test_hidden_words_introduce_nobody(cast: Cast) -> None:
    asked = put_question(cast, "other", anonymous=True)
    put_answer(cast, "guest", asked)
    member = cast.client("member")
    assert member.get(f"/p/orbit/t/{asked}").status_code == 200
    assert member.get(person(cast, "other")).status_code == 404
    assert member.get(person(cast, "guest")).status_code == 200
    waiting_question = put_question(cast, "grace")
    assert member.get(f"/p/orbit/t/{waiting_question}").status_code == 404
    assert member.get(person(cast, "grace")).status_code == 404
    post(cast, "isolated", isolated=True)
    assert member.get(person(cast, "isolated")).status_code == 404


@pytest.mark.parametrize("persona", PERSONAS)
def test_every_byline_leads_to_a_page_that_opens(cast: Cast, persona: str) -> None:
    topic = post(cast, "guest")
    say(cast, "other", topic)
    post(cast, "owner", public_sample_at=db.session.scalar(sa.select(Membership.joined_at)))
    put_answer(cast, "partner", put_question(cast, "grace", to="partner"))
    client = cast.client(persona)
    seen = set()
    for path in ("/p/orbit", "/p/orbit/about", f"/p/orbit/t/{topic}"):
        page = client.get(path)
        seen |= set(re.findall(r'href="(/p/orbit/people/\w+)"', page.text))
    if persona in INSIDERS:
        assert len(seen) >= 4
    for path in seen:
        assert client.get(path).status_code == 200, path


@pytest.mark.parametrize("persona", INSIDERS)
@pytest.mark.parametrize("queue", [False, True])
def test_unread_counts_agree_with_the_policy(
    noon: datetime, cast: Cast, monkeypatch: pytest.MonkeyPatch, persona: str, queue: bool
) -> None:
    monkeypatch.setattr(waiting, "CAP", 100_000)
    monkeypatch.setattr(waiting, "WINDOW", 100_000)
    cast.set_planet(question_queue_open=queue)
    states = [*all_posts(), *all_questions()][::7]
    write(states, cast, noon)
    actor = cast.actor(persona)
    expected = sum(
        bool(can(actor, Action.TOPIC_READ, facts_of(state, cast, noon)))
        and not state.deleted
        and state.age > 0
        and state.writer != persona
        for state in states
    )
    found = waiting.count_waiting(cast.users[persona], noon, [cast.planet_id])
    assert {planet: there.unread for planet, there in found.items()} == {cast.planet_id: expected}
    assert expected


def test_what_was_opened_or_counts_as_read_is_not_unread(noon: datetime, cast: Cast) -> None:
    first, second = post(cast, "owner"), post(cast, "owner")
    member = cast.client("member")
    user_id = cast.users["member"]
    assert waiting.count_waiting(user_id, noon, [cast.planet_id])[cast.planet_id].unread == 2
    assert member.get(f"/p/orbit/t/{first}").status_code == 200
    assert waiting.count_waiting(user_id, noon, [cast.planet_id])[cast.planet_id].unread == 1
    cast.set_membership("member", read_through_at=noon)
    assert waiting.count_waiting(user_id, noon, [cast.planet_id])[cast.planet_id].unread == 0
    assert second


def test_questions_that_wait_are_counted_for_the_addressee(cast: Cast) -> None:
    first = put_question(cast, "member")
    put_question(cast, "other", anonymous=True)
    guest = cast.users["guest"]
    assert asked_of(guest, cast) == 2
    put_answer(cast, "guest", first)
    assert asked_of(guest, cast) == 1
    assert asked_of(cast.users["owner"], cast) == 0
    assert cast.client("guest").get("/").text.count('href="/questions"') > 1


def asked_of(user_id: int, cast: Cast) -> int:
    return waiting.count_waiting(user_id, clock.now(), [cast.planet_id])[cast.planet_id].questions


def test_counts_are_those_of_the_system(noon: datetime, cast: Cast) -> None:
    assert count_inside([cast.planet_id], clock.now()) == {cast.planet_id: len(INSIDERS)}
    for days, inside in ((0, len(INSIDERS) - 1), (7, len(INSIDERS))):
        with unit_of_work() as session:
            session.get_one(Planet, cast.planet_id).grace_days = days
        assert count_inside([cast.planet_id], clock.now()) == {cast.planet_id: inside}
    old = noon - timedelta(days=31)
    post(cast, "owner")
    post(cast, "owner", published_at=old)
    post(cast, "owner", published_at=noon + timedelta(days=1))
    post(cast, "owner", deleted_at=noon)
    post(cast, "isolated", isolated=True)
    put_answer(cast, "guest", put_question(cast, "member"))
    put_answer(cast, "guest", put_question(cast, "member", private=True))
    put_question(cast, "member")
    found = count_activity(cast.planet_id, since=noon - timedelta(days=30), now=noon)
    assert (found.posts, found.answers) == (1, 1)
    page = cast.client("visitor").get("/p/orbit/about").text
    numbers = re.findall(r'<dd class="stat__number">(\d+)', page)
    # Once in the right column, once in the text for windows without room for that column.
    assert numbers == [str(len(INSIDERS)), "1", "1"] * 2


def test_home_costs_the_same_however_many_planets(cast: Cast) -> None:
    def cost() -> int:
        client = cast.client("member")
        client.get("/")
        with counted() as seen:
            assert client.get("/").status_code == 200
        return len(seen)

    few = cost()
    found_planets(cast, 11)
    assert cost() == few
    assert few <= 9


def found_planets(cast: Cast, number: int) -> None:
    """Let the member belong to as many more planets."""
    moment = db.session.scalar(sa.select(Membership.read_through_at))
    with unit_of_work() as session:
        for n in range(number):
            planet = Planet(
                slug=f"more-{n}", name=f"{n}", created_at=moment, created_by=cast.users["owner"]
            )
            session.add(planet)
            session.flush()
            session.add(
                Membership(
                    planet_id=planet.id,
                    user_id=cast.users["member"],
                    joined_at=moment,
                    read_through_at=moment,
                    number=1,
                )
            )


def test_the_members_page_costs_the_same_however_many_members(cast: Cast) -> None:
    client = cast.client("owner")

    def cost() -> int:
        client.get("/p/orbit/members")
        with counted() as seen:
            assert client.get("/p/orbit/members").status_code == 200
        return len(seen)

    few = cost()
    people = [newcomer(n) for n in range(30)]
    with unit_of_work() as session:
        moment = session.scalar(sa.select(Membership.read_through_at))
        for user_id in people:
            session.add(
                Membership(
                    planet_id=cast.planet_id,
                    user_id=user_id,
                    joined_at=moment,
                    read_through_at=moment,
                )
            )
    assert cost() == few
