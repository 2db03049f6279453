"""An answer while it is written: kept as a draft, gone on with, sent once."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from app.discussion.actions.questions import decline
from app.discussion.models import Answer, Draft, Revision
from app.discussion.queries.drafts import list_drafts
from app.kernel.db import db
from tests.cast import Cast
from tests.discussion.threads import act_on, put_answer, put_question

KEY = "kQ7mVx3pRt9a"


def keep(cast: Cast, question: str, text: str, persona: str = "guest", **more: str) -> TestResponse:
    """Save as the form's script does."""
    form = {"purpose": "answer", "topic": question, "draft": KEY, "tab": "a", "rev": "0"}
    return cast.client(persona).post(
        f"/p/{cast.slug}/drafts",
        data=form | {"text": text} | more,
        headers={"Accept": "application/json"},
    )


def page(cast: Cast, question: str) -> str:
    return cast.client("guest").get(f"/p/{cast.slug}/q/{question}/answer").text


def send(cast: Cast, question: str, text: str, **more: str) -> TestResponse:
    form = {"draft": KEY, "tab": "a", "rev": "1", "text": text, "do": "send"}
    return cast.client("guest").post(f"/p/{cast.slug}/q/{question}/answer", data=form | more)


def answers() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Answer.source)))


def test_an_answer_is_gone_on_with_and_its_draft_ends_with_it(cast: Cast) -> None:
    question = put_question(cast, "member", anonymous=True)
    kept = keep(cast, question, "写到一半").json
    assert kept is not None
    assert (kept["draft"], kept["rev"]) == (KEY, 1)
    assert "写到一半" in page(cast, question)
    shelf = cast.client("guest").get(f"/p/{cast.slug}/drafts").text
    assert "写到一半" in shelf
    assert f"/q/{question}/answer" in shelf
    assert send(cast, question, "写完了").status_code == 303
    assert answers() == ["写完了"]
    assert list_drafts(cast.actor("guest")) == []


@pytest.mark.parametrize("persona", ["owner", "member", "other"])
def test_only_the_addressee_keeps_an_answer(cast: Cast, persona: str) -> None:
    question = put_question(cast, "member")
    assert keep(cast, question, "代答", persona).status_code in (403, 404)
    assert db.session.scalar(sa.select(sa.func.count(Draft.id))) == 0


def test_a_second_click_is_no_second_answer(cast: Cast) -> None:
    question = put_question(cast, "member")
    sent = [send(cast, question, "一次\r\n就好") for _ in range(2)]
    assert [one.status_code for one in sent] == [303, 303]
    assert sent[0].headers["Location"] == sent[1].headers["Location"]
    assert answers() == ["一次\n就好"]
    other_words = send(cast, question, "又改了")
    assert other_words.status_code == 403
    assert "又改了" in other_words.text


def test_newer_words_of_another_tab_are_shown_first(cast: Cast) -> None:
    question = put_question(cast, "member")
    keep(cast, question, "甲")
    keep(cast, question, "乙的新段落", tab="b", rev="1")
    refused = send(cast, question, "甲的全文")
    assert refused.status_code == 409
    assert "乙的新段落" in refused.text
    assert "甲的全文" in refused.text
    assert answers() == []
    assert send(cast, question, "甲的全文", rev="2").status_code == 303
    assert answers() == ["甲的全文"]


def test_what_was_kept_outlives_the_question(cast: Cast) -> None:
    question = put_question(cast, "member")
    keep(cast, question, "来不及了")
    act_on(cast, "admin", question, decline, reason="不在这里回答")
    assert keep(cast, question, "还在写", rev="1").status_code == 403
    assert [one.fields["text"] for one in list_drafts(cast.actor("guest"))] == ["来不及了"]


def test_an_answer_that_is_changed_in_two_tabs_loses_nothing(cast: Cast) -> None:
    question = put_question(cast, "member")
    answer = put_answer(cast, "guest", question, "原来的话。")
    client, address = cast.client("guest"), f"/p/{cast.slug}/a/{answer}/edit"
    assert 'name="base" value="0"' in client.get(address).text
    for _click in range(2):
        sent = client.post(address, data={"text": "左边的话。", "base": "0", "do": "send"})
        assert sent.status_code == 303
    right = {"text": "右边的话。", "do": "send"}
    refused = client.post(address, data={**right, "base": "0"})
    assert refused.status_code == 409
    assert answers() == ["左边的话。"]
    # Both texts are shown; sent again it replaces the other one, which stays among the versions.
    assert "右边的话。" in refused.text
    assert "<del" in refused.text
    assert 'name="base" value="1"' in refused.text
    assert client.post(address, data={**right, "base": "1"}).status_code == 303
    assert answers() == ["右边的话。"]
    said = db.session.scalars(sa.select(Revision.source).order_by(Revision.number))
    assert list(said) == ["原来的话。", "左边的话。"]
