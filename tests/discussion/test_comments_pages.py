"""The door of comments: what a thread's page shows to whom, its forms, its permalinks, its cost."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from werkzeug.test import TestResponse

from app.discussion.models import Comment
from app.kernel import clock
from app.kernel.db import unit_of_work
from tests.cast import Cast
from tests.discussion.threads import (
    change,
    counted,
    erase,
    many_comments,
    post,
    say,
    the_comment,
    the_topic,
)


def get(cast: Cast, persona: str, path: str, **kwargs: object) -> TestResponse:
    return cast.client(persona).get(path, follow_redirects=True, **kwargs)  # type: ignore[arg-type]


def topic_path(cast: Cast, topic: str) -> str:
    return f"/p/{cast.slug}/t/{topic}"


def comment_path(cast: Cast, comment: str, act: str = "") -> str:
    return f"/p/{cast.slug}/c/{comment}" + (f"/{act}" if act else "")


def item(page: str, comment: str) -> str:
    """Return the part of a page from a comment on."""
    return page[page.index(f'id="c-{comment}"') :]


def test_a_thread_is_shown_nested_with_a_form(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    one = say(cast, "member", topic, "**第一**")
    two = say(cast, "guest", topic, "回第一", one)
    page = get(cast, "other", topic_path(cast, topic)).text
    assert "<strong>第一</strong>" in page
    assert page.index(f'id="c-{one}"') < page.index(f'id="c-{one}-replies"')
    assert page.index(f'id="c-{one}-replies"') < page.index(f'id="c-{two}"')
    assert f'action="{topic_path(cast, topic)}/comments"' in page
    assert f'href="{comment_path(cast, two, "reply")}"' in page
    # Nothing of his own stands here, so nothing is offered that is his to do.
    assert comment_path(cast, one, "edit") not in page
    assert comment_path(cast, one, "delete") not in page


def test_the_writer_and_staff_are_offered_what_they_may_do(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    one = say(cast, "member", topic)
    acts = ("edit", "delete", "stick")
    offered = {
        persona: [
            act
            for act in acts
            if comment_path(cast, one, act) in get(cast, persona, topic_path(cast, topic)).text
        ]
        for persona in ("member", "admin", "other", "muted")
    }
    assert offered == {
        "member": ["edit", "delete"],
        "admin": ["delete", "stick"],
        "other": [],
        "muted": [],
    }


def test_readers_who_follow_each_other_get_their_own_buttons(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    one = say(cast, "member", topic)
    cast.client("guest").post(comment_path(cast, one, "like"), data={"on": "1"})
    pressed = 'aria-pressed="true"'
    for _ in range(2):
        for persona, liked, edits in (
            ("guest", True, False),
            ("member", False, True),
            ("other", False, False),
        ):
            part = item(get(cast, persona, topic_path(cast, topic)).text, one)
            assert (pressed in part) == liked, persona
            assert (comment_path(cast, one, "edit") in part) == edits, persona
            assert "Like (1)" in part or "赞 (1)" in part or "(1)" in part


def test_a_kept_page_never_shows_what_an_isolated_person_wrote(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    one = say(cast, "member", topic, "看得见")
    say(cast, "isolated", topic, "只有自己看得见", one)
    for persona in ("isolated", "other", "isolated", "owner", "other"):
        page = get(cast, persona, topic_path(cast, topic)).text
        assert ("只有自己看得见" in page) == (persona == "isolated"), persona
        assert "看得见" in page
    # Heard again, what was written alone stays his alone, also when his page is the first drawn.
    cast.set_membership("isolated", isolated_at=None)
    say(cast, "member", topic, "新的")
    assert "只有自己看得见" in get(cast, "isolated", topic_path(cast, topic)).text
    assert "只有自己看得见" not in get(cast, "other", topic_path(cast, topic)).text


def test_a_page_is_drawn_again_when_the_thread_changes(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    path = topic_path(cast, topic)
    one = say(cast, "member", topic, "旧话")
    assert "旧话" in get(cast, "other", path).text
    change(cast, "member", one, "新话")
    assert "新话" in get(cast, "other", path).text
    assert "旧话" not in get(cast, "other", path).text
    erase(cast, "member", one)
    assert "新话" not in get(cast, "other", path).text


def test_each_language_and_zone_has_its_own_page(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    say(cast, "member", topic)
    path = topic_path(cast, topic)
    texts = {
        language: get(cast, "other", path, headers={"Accept-Language": language}).text
        for language in ("en", "zh-CN", "en")
    }
    assert "More about this comment" not in texts["zh-CN"]
    assert "Reply" in texts["en"]
    assert "回复" in texts["zh-CN"]


def test_a_page_costs_the_same_queries_for_20_and_2000_comments(noon: datetime, cast: Cast) -> None:
    costs = []
    for roots, replies in ((20, 0), (60, 240)):
        topic = post(cast)
        many_comments(cast, topic, roots=roots, replies=replies, per_root=2)
        path = topic_path(cast, topic) + f"/{the_topic(topic).slug}" * bool(the_topic(topic).slug)
        client = cast.client("other")
        client.get(path)
        client.get(path)
        with counted() as statements:
            assert client.get(path).status_code == 200
        costs.append(len(statements))
    assert costs[0] == costs[1]


def test_writing_leads_to_the_new_comment(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    client = cast.client("member")
    answer = client.post(f"{topic_path(cast, topic)}/comments", data={"text": "你好"})
    assert answer.status_code == 303
    place = client.get(answer.headers["Location"])
    assert place.status_code == 302
    public_id = answer.headers["Location"].rsplit("/", 1)[1]
    assert place.headers["Location"].endswith(f"#c-{public_id}")
    page = client.get(place.headers["Location"], follow_redirects=True).text
    assert "你好" in item(page, public_id)


def test_a_form_sent_twice_writes_once_and_an_old_form_loses_nothing(
    noon: datetime, cast: Cast
) -> None:
    topic = post(cast)
    client = cast.client("member")
    page = client.get(topic_path(cast, topic), follow_redirects=True).text
    key = re.findall(r'name="key" value="(\w+)"', page)[0]
    path = f"{topic_path(cast, topic)}/comments"
    for text in ("一", "一", "二"):
        assert client.post(path, data={"text": text, "key": key}).status_code == 303
    assert the_topic(topic).comment_count == 2


def test_a_refused_comment_keeps_what_was_typed(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    one = say(cast, "member", topic)
    client = cast.client("guest")
    path = f"{topic_path(cast, topic)}/comments"
    long = "长" * 1_001
    answer = client.post(path, data={"text": long, "parent": one})
    assert answer.status_code == 422
    assert long in answer.text
    assert f'name="parent" value="{one}"' in answer.text
    assert client.post(path, data={"text": " "}).status_code == 422
    erase(cast, "member", one)
    answer = client.post(path, data={"text": "还在吗", "parent": one})
    assert answer.status_code == 422
    assert "还在吗" in answer.text
    assert 'name="parent"' not in answer.text


@pytest.mark.parametrize(
    ("persona", "status"),
    [("visitor", 404), ("stranger", 404), ("left", 404), ("removed", 404), ("muted", 403)],
)
def test_who_may_not_write_is_refused_at_the_door(
    noon: datetime, cast: Cast, persona: str, status: int
) -> None:
    topic = post(cast)
    answer = cast.client(persona).post(f"{topic_path(cast, topic)}/comments", data={"text": "x"})
    assert answer.status_code == status
    assert the_topic(topic).comment_count == 0


def test_a_form_that_comes_too_late_gives_the_words_back(noon: datetime, cast: Cast) -> None:
    topic = post(cast, comments_closed_at=noon)
    path = topic_path(cast, topic) + "/comments"
    form = {"text": "写了<很久>的话"}
    here = {"Referer": f"http://localhost{topic_path(cast, topic)}"}
    refused = cast.client("member").post(path, data=form, headers=here)
    assert refused.status_code == 403
    assert "写了&lt;很久&gt;的话" in refused.text
    gone = cast.client("member").post(f"/p/{cast.slug}/t/none/comments", data=form, headers=here)
    assert gone.status_code == 404
    assert "写了&lt;很久&gt;的话" in gone.text
    elsewhere = {"Referer": "http://elsewhere.example/"}
    foreign = cast.client("member").post(path, data=form, headers=elsewhere)
    assert foreign.status_code == 403
    assert "很久" not in foreign.text


def test_the_reason_stands_where_the_form_would(noon: datetime, cast: Cast) -> None:
    topic = post(cast, comments_closed_at=noon)
    english = {"Accept-Language": "en"}
    page = get(cast, "member", topic_path(cast, topic), headers=english).text
    assert "Comments on this topic are closed." in page
    assert "/comments" not in page
    assert "/comments" in get(cast, "admin", topic_path(cast, topic)).text


def test_a_reply_is_written_on_a_page_of_its_own(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    one = say(cast, "member", topic, "原话")
    page = get(cast, "guest", comment_path(cast, one, "reply")).text
    assert "原话" in page
    assert 'name="quotes"' in page
    fragment = get(cast, "guest", comment_path(cast, one, "reply"), headers={"X-Fragment": "1"})
    assert "<html" not in fragment.text
    assert f'name="parent" value="{one}"' in fragment.text
    data = {"text": "答", "parent": one, "quotes": "1"}
    cast.client("guest").post(f"{topic_path(cast, topic)}/comments", data=data)
    shown = get(cast, "other", topic_path(cast, topic)).text
    assert f'href="{comment_path(cast, one)}"' in shown
    assert "原话" in shown[shown.index("comment__quote") :]


def test_an_edit_after_the_window_shows_its_versions_to_writer_and_staff(
    noon: datetime, cast: Cast
) -> None:
    topic = post(cast)
    one = say(cast, "member", topic, "起初")
    with clock.fixed(noon + timedelta(hours=1)):
        client = cast.client("member")
        assert "起初" in client.get(comment_path(cast, one, "edit")).text
        answer = client.post(comment_path(cast, one, "edit"), data={"text": "后来"})
        assert answer.status_code == 303
        for persona, status in (("member", 200), ("admin", 200), ("other", 403), ("left", 404)):
            answer = cast.client(persona).get(comment_path(cast, one, "history"))
            assert answer.status_code == status
            assert ("起初" in answer.text) == (status == 200)
        assert cast.client("other").get(comment_path(cast, one, "edit")).status_code == 403


def test_deleting_asks_first_and_then_leaves_a_marker(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    one = say(cast, "member", topic, "要删的话")
    two = say(cast, "guest", topic, "回", one)
    client = cast.client("member")
    assert client.get(comment_path(cast, one, "delete")).status_code == 200
    assert the_comment(one).deleted_at is None
    assert client.post(comment_path(cast, one, "delete")).status_code == 303
    page = get(cast, "other", topic_path(cast, topic)).text
    assert f'id="c-{one}"' in page
    assert "要删的话" not in page
    assert f'id="c-{two}"' in page
    assert get(cast, "other", comment_path(cast, one)).status_code == 200


def test_permalinks_lead_to_the_comment_wherever_it_stands(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    roots = many_comments(cast, topic, roots=45, per_root=1, replies=70)
    with unit_of_work() as session:
        deep = [
            row.public_id
            for row in session.query(Comment).filter_by(root_id=the_id(roots[0])).order_by("id")
        ]
    for public_id in (roots[0], roots[30], deep[1], deep[40], deep[70]):
        answer = get(cast, "other", comment_path(cast, public_id))
        assert answer.status_code == 200
        assert f'id="c-{public_id}"' in answer.text


def the_id(comment: str) -> int:
    return the_comment(comment).id


def test_more_replies_come_as_a_page_and_as_a_fragment(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    top = many_comments(cast, topic, roots=1, replies=60)[0]
    page = get(cast, "other", topic_path(cast, topic)).text
    link = re.findall(rf'href="([^"]*/c/{top}/replies\?after=\w+)"', page)[0]
    assert "57" in page[page.index(link) :][:300]
    fragment = get(cast, "other", link, headers={"X-Fragment": "1"}).text
    assert "<html" not in fragment
    assert f'id="c-{top}-replies"' in fragment
    assert fragment.count("<li class=") == 50
    assert "复0-3" in fragment
    full = get(cast, "other", link).text
    assert "复0-3" in full
    assert "?before=" in full


def test_a_hidden_comment_is_404_on_every_path(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    hidden = say(cast, "isolated", topic)
    elsewhere = say(cast, "member", topic)
    for act in ("", "replies", "reply", "edit", "history", "delete"):
        assert get(cast, "owner", comment_path(cast, hidden, act)).status_code == 404, act
        assert get(cast, "stranger", comment_path(cast, elsewhere, act)).status_code == 404, act
    for act in ("edit", "delete", "stick", "unstick", "like"):
        path = comment_path(cast, hidden, act)
        assert cast.client("owner").post(path, data={"text": "x"}).status_code == 404, act
    # An unknown place in the thread is its first page, whatever stands at the place.
    for unknown in (hidden, "zzzzzzzzzzzz"):
        assert get(cast, "owner", f"{topic_path(cast, topic)}?after={unknown}").status_code == 200


def test_a_withdrawn_questions_words_are_not_in_a_comments_address(
    noon: datetime, cast: Cast
) -> None:
    topic = post(cast, title="私密题目", slug="私密题目")
    one = say(cast, "member", topic)
    answer = cast.client("other").get(comment_path(cast, one))
    assert answer.headers["Location"].endswith(f"#c-{one}")
