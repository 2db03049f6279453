"""What people asked and began to write stays open to them when their time is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from werkzeug.test import TestResponse

from app.discussion.actions.drafts import DraftSave, Hold, delete_draft, save_draft
from app.discussion.queries.drafts import list_drafts
from app.discussion.queries.inbox import list_asked
from app.kernel import clock
from app.kernel.db import unit_of_work
from app.kernel.errors import Refused
from app.kernel.ids import new_public_id
from tests.cast import Cast
from tests.discussion.threads import put_answer, put_question, say

ENGLISH = {"Accept-Language": "en"}
DRAFT = "还没问完的话"


def get(cast: Cast, persona: str, path: str) -> TestResponse:
    to = f"/p/{cast.slug}{path}"
    return cast.client(persona).get(to, headers=ENGLISH, follow_redirects=True)


def kept_draft(cast: Cast) -> str:
    key = new_public_id()
    draft = DraftSave(key=key, purpose="question", fields={"text": DRAFT}, hold=Hold("a", 0))
    with unit_of_work():
        save_draft(cast.actor("expired"), draft=draft)
    return key


@pytest.fixture
def asked(noon: datetime, cast: Cast) -> Iterator[tuple[str, str]]:
    """A private question of who has expired since, answered and talked about; and a draft of theirs."""
    with clock.fixed(noon - timedelta(days=40)):
        topic, draft = put_question(cast, "expired", private=True), kept_draft(cast)
        put_answer(cast, "guest", topic)
        say(cast, "guest", topic, "再补充一句")
    cast.set_planet(expired_access="lock")
    yield topic, draft


def test_the_expired_read_their_question_and_its_answer_in_a_locked_planet(
    asked: tuple[str, str], cast: Cast
) -> None:
    page = get(cast, "expired", f"/t/{asked[0]}")
    assert page.status_code == 200
    assert "再补充一句" in page.text
    assert "Your membership has ended" in page.text and "A free sample" not in page.text
    assert get(cast, "expired", f"/t/{asked[0]}.md").status_code == 200
    assert get(cast, "other", f"/t/{asked[0]}").status_code == 404
    cast.set_membership("expired", left_at=clock.now())
    assert get(cast, "expired", f"/t/{asked[0]}").status_code == 404


def test_their_list_of_questions_is_there_and_says_how_to_renew(
    asked: tuple[str, str], cast: Cast
) -> None:
    page = get(cast, "expired", "/asked")
    assert page.status_code == 200
    assert asked[0] in page.text and "Your membership has ended" in page.text
    assert [row.public_id for row in list_asked(cast.actor("expired")).items] == [asked[0]]
    about = get(cast, "expired", "/about").text
    assert f"/p/{cast.slug}/asked" in about and f"/p/{cast.slug}/drafts" in about
    assert f"/p/{cast.slug}/asked" not in get(cast, "stranger", "/about").text
    assert "Your membership has ended" not in get(cast, "member", "/asked").text


def test_a_draft_is_read_copied_and_deleted_but_not_gone_on_with(
    asked: tuple[str, str], cast: Cast
) -> None:
    shelf, page = get(cast, "expired", "/drafts").text, get(cast, "expired", f"/drafts/{asked[1]}")
    assert f"/drafts/{asked[1]}" in shelf and "Go on" not in shelf
    assert page.status_code == 200 and DRAFT in page.text and "Copy" in page.text
    assert "Your membership has ended" in page.text and "Go on" not in page.text
    assert get(cast, "other", f"/drafts/{asked[1]}").status_code == 404
    again = DraftSave(asked[1], "question", {"text": "改"}, Hold("a", 1))
    with pytest.raises(Refused), unit_of_work():
        save_draft(cast.actor("expired"), draft=again)
    with unit_of_work():
        delete_draft(cast.actor("expired"), public_id=asked[1])
    assert list_drafts(cast.actor("expired")) == []


def test_the_muted_read_their_drafts_too(asked: tuple[str, str], cast: Cast) -> None:
    assert get(cast, "muted", "/drafts").status_code == 200
    cast.set_membership("expired", expires_at=clock.now() + timedelta(days=9))
    shelf = get(cast, "expired", "/drafts").text
    assert f"/ask?draft={asked[1]}" in shelf
    assert "Go on" in get(cast, "expired", f"/drafts/{asked[1]}").text
