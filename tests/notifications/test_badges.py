"""What the badge counts: nothing of what is gone, nothing that was read by whatever way one came."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.cast import Cast
from tests.discussion.threads import post, say
from tests.notifications.telling import answer, kinds, put_question


def badge(client: FlaskClient, path: str = "/discover") -> str:
    """Return what the badge on a page says; "" without one."""
    page = client.get(path, headers={"Accept-Language": "en"}).text
    rail = page.split('href="/notices"', 1)[1].split("</a>", 1)[0]
    return rail.split('class="count">', 1)[1].split("<", 1)[0] if 'class="count">' in rail else ""


@pytest.mark.parametrize("gone", ["comment", "topic"])
def test_a_notice_of_a_deleted_thing_does_not_count(cast: Cast, gone: str) -> None:
    topic = post(cast, "guest")
    one = say(cast, "member", topic)
    kinds(cast, "guest")
    guest = cast.client("guest")
    assert badge(guest) == "1"
    if gone == "comment":
        assert cast.client("owner").post(f"/p/orbit/c/{one}/delete").status_code == 303
    else:
        assert cast.client("owner").post(f"/p/orbit/t/{topic}/delete").status_code == 303
    assert badge(guest) == ""


def test_a_notice_of_a_planet_one_left_does_not_count(cast: Cast) -> None:
    topic = post(cast, "other")
    say(cast, "member", topic)
    kinds(cast, "other")
    client = cast.client("other")
    assert badge(client) == "1"
    assert client.post("/p/orbit/leave", data={"sure": "1"}).status_code == 303
    assert badge(client) == ""


def test_reading_the_topic_clears_its_notices_by_whatever_way(cast: Cast) -> None:
    topic, beside = post(cast, "guest"), post(cast, "guest")
    for where in (topic, topic, beside):
        say(cast, "member", where)
    kinds(cast, "guest")
    guest = cast.client("guest")
    assert badge(guest) == "3"
    # The page itself counts them no more.
    assert badge(guest, f"/p/orbit/t/{topic}") == "1"
    assert badge(guest) == "1"


def test_an_answer_read_from_the_feed_waits_no_longer(cast: Cast) -> None:
    topic = put_question(cast, "member")
    answer(cast, topic)
    assert "question_answered" in kinds(cast, "member")
    member = cast.client("member")
    assert badge(member) == "1"
    member.get(f"/p/orbit/t/{topic}")
    assert badge(member) == ""


def test_a_comment_on_a_later_page_waits_until_it_is_shown(cast: Cast) -> None:
    topic = post(cast, "guest")
    for _number in range(20):
        say(cast, "guest", topic)
    late = say(cast, "member", topic)
    kinds(cast, "guest")
    guest = cast.client("guest")
    guest.get(f"/p/orbit/t/{topic}")
    assert badge(guest) == "1"
    guest.get(f"/p/orbit/c/{late}", follow_redirects=True)
    assert badge(guest) == ""


def test_a_reply_unfolded_by_the_script_is_read(cast: Cast) -> None:
    topic = post(cast, "owner")
    top = say(cast, "guest", topic)
    for _number in range(3):
        say(cast, "guest", topic, "先", top)
    say(cast, "member", topic, "后", top)
    kinds(cast, "guest")
    guest = cast.client("guest")
    assert badge(guest, f"/p/orbit/t/{topic}") == "1"
    guest.get(f"/p/orbit/c/{top}/replies", headers={"X-Fragment": "1"})
    assert badge(guest) == ""


def test_the_list_of_requests_is_read_with_its_notices(cast: Cast) -> None:
    cast.set_planet(joining="approval", join_question="为什么？")
    owner = cast.client("owner")
    assert cast.client("stranger").post("/p/orbit/join", data={"answer": "想学"}).status_code < 400
    assert kinds(cast, "owner") == ["join_requested"]
    assert badge(owner) == "1"
    owner.get("/p/orbit/members/requests")
    assert badge(owner) == ""
