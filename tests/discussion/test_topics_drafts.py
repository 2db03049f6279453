"""Drafts: kept from the first words, one tab at a time, gone when they are published."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.discussion.actions.composing import TopicWish, compose_topic
from app.discussion.actions.drafts import DraftSave, Hold, delete_draft, save_draft
from app.discussion.actions.topics import publish_topic
from app.discussion.models import Draft, Topic
from app.discussion.queries.drafts import get_draft, list_drafts
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid, NotFound, Refused
from app.kernel.ids import new_public_id
from tests.cast import Cast
from tests.discussion.writing import post

KEY = "kQ7mVx3pRt9a"


def _save(
    cast: Cast, persona: str = "guest", *, tab: str = "a", rev: int = 0, **fields: Any
) -> int:
    save = DraftSave(key=KEY, purpose="post", fields=fields, hold=Hold(tab, rev))
    with unit_of_work():
        return save_draft(cast.actor(persona), draft=save).rev


def test_a_draft_is_kept_and_found_again(cast: Cast, noon: datetime) -> None:
    assert _save(cast, text="开头") == 1
    assert _save(cast, rev=1, text="开头，再写") == 2
    draft = get_draft(cast.actor("guest"), KEY)
    assert (draft.rev, draft.fields) == (2, {"text": "开头，再写"})
    assert list_drafts(cast.actor("owner")) == []
    with pytest.raises(NotFound):
        get_draft(cast.actor("owner"), KEY)


def test_a_second_tab_takes_over_and_the_first_is_told(cast: Cast, noon: datetime) -> None:
    _save(cast, tab="a", text="甲")
    assert _save(cast, tab="b", rev=1, text="乙") == 2
    with pytest.raises(Conflict):
        _save(cast, tab="a", rev=1, text="丙")
    assert get_draft(cast.actor("guest"), KEY).fields == {"text": "乙"}


def test_a_lost_answer_does_not_lock_the_tab_out(cast: Cast, noon: datetime) -> None:
    _save(cast, tab="a", text="甲")
    _save(cast, tab="a", rev=1, text="乙")
    # The answer with rev 2 was lost on the way: the same tab still says 1.
    assert _save(cast, tab="a", rev=1, text="丙") == 3


def test_nobody_saves_into_anothers_draft(cast: Cast, noon: datetime) -> None:
    _save(cast, text="甲")
    with pytest.raises(Conflict):
        _save(cast, "owner", tab="a", rev=1, text="乙")
    with pytest.raises(NotFound), unit_of_work():
        delete_draft(cast.actor("owner"), public_id=KEY)


def test_those_who_may_not_publish_keep_no_draft(cast: Cast, noon: datetime) -> None:
    with pytest.raises(Refused):
        _save(cast, "member", text="甲")


def test_publishing_drops_the_draft_and_a_late_save_finds_it_gone(
    cast: Cast, noon: datetime
) -> None:
    _save(cast, text="甲")
    actor = cast.actor("guest")
    draft = compose_topic(actor, wish=TopicWish(text="甲"), key=KEY)
    with unit_of_work():
        topic = publish_topic(actor, draft=draft, hold=Hold("a", 1))
    assert topic.public_id == KEY
    assert list_drafts(actor) == []
    with pytest.raises(Conflict):
        _save(cast, rev=1, text="甲，太迟")


def test_publishing_from_an_old_tab_does_not_drop_newer_words(cast: Cast, noon: datetime) -> None:
    _save(cast, tab="a", text="甲")
    _save(cast, tab="b", rev=1, text="乙，更长")
    actor = cast.actor("guest")
    draft = compose_topic(actor, wish=TopicWish(text="甲"), key=KEY)
    with pytest.raises(Conflict), unit_of_work():
        publish_topic(actor, draft=draft, hold=Hold("a", 1))
    assert db.session.scalar(sa.select(sa.func.count(Topic.id))) == 0
    assert get_draft(actor, KEY).fields == {"text": "乙，更长"}


def test_there_is_an_end_to_drafts(cast: Cast, noon: datetime) -> None:
    with unit_of_work() as session:
        session.add_all(
            Draft(
                planet_id=cast.planet_id,
                user_id=cast.users["guest"],
                purpose="post",
                fields={},
                created_at=noon,
                updated_at=noon,
            )
            for _ in range(100)
        )
    with pytest.raises(Invalid, match="too_many_drafts"):
        _save(cast, text="甲")


# --- through the door ----------------------------------------------------------------------------


def _autosave(cast: Cast, **form: Any) -> Any:
    return cast.client("guest").post(
        f"/p/{cast.slug}/drafts", data=form, headers={"Accept": "application/json"}
    )


def test_the_composers_script_keeps_and_goes_on(cast: Cast, noon: datetime) -> None:
    first = _autosave(cast, draft=KEY, tab="a", rev=0, text="开头", tags="#读书")
    assert first.status_code == 200
    assert first.json == {"draft": KEY, "rev": 1, "saved_at": noon.isoformat()}
    page = cast.client("guest").get(f"/p/{cast.slug}/write?draft={KEY}")
    assert "开头" in page.text
    assert "#读书" in page.text
    assert KEY in cast.client("guest").get(f"/p/{cast.slug}/drafts").text
    other = _autosave(cast, draft=KEY, tab="b", rev=1, text="别处")
    assert other.json["rev"] == 2
    refused = _autosave(cast, draft=KEY, tab="a", rev=1, text="旧的")
    assert refused.status_code == 409
    assert refused.json["conflict"] is True


def test_an_empty_composer_leaves_no_draft(cast: Cast, noon: datetime) -> None:
    assert _autosave(cast, draft=KEY, tab="a", rev=0, text=" ").json["rev"] == 0
    assert list_drafts(cast.actor("guest")) == []


def test_a_draft_survives_sign_out(cast: Cast, noon: datetime) -> None:
    _autosave(cast, draft=KEY, tab="a", rev=0, text="三天后再写")
    with clock.fixed(noon + timedelta(days=3)):
        fresh = cast.client("guest")
        assert "三天后再写" in fresh.get(f"/p/{cast.slug}/drafts").text


def test_without_scripts_a_button_keeps_the_draft(cast: Cast, noon: datetime) -> None:
    client = cast.client("guest")
    answer = client.post(
        f"/p/{cast.slug}/write", data={"draft": KEY, "tab": "a", "text": "手动", "do": "keep"}
    )
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith(f"draft={KEY}")
    assert get_draft(cast.actor("guest"), KEY).fields["text"] == "手动"


def test_publishing_over_newer_words_shows_both_and_asks_again(cast: Cast, noon: datetime) -> None:
    _autosave(cast, draft=KEY, tab="a", rev=0, text="甲")
    _autosave(cast, draft=KEY, tab="b", rev=1, text="乙的新段落")
    client = cast.client("guest")
    form = {"draft": KEY, "tab": "a", "rev": "1", "text": "甲的全文"}
    refused = client.post(f"/p/{cast.slug}/write", data=form)
    assert refused.status_code == 409
    assert "乙的新段落" in refused.text
    assert "甲的全文" in refused.text
    assert 'name="rev" value="2"' in refused.text
    again = client.post(f"/p/{cast.slug}/write", data=form | {"rev": "2"})
    assert again.status_code == 303
    assert db.session.scalars(sa.select(Topic.source)).all() == ["甲的全文"]


def test_a_form_sent_twice_publishes_once(cast: Cast, noon: datetime) -> None:
    client = cast.client("guest")
    form = {"draft": new_public_id(), "tab": "a", "rev": "0", "text": "一次就好"}
    answers = [client.post(f"/p/{cast.slug}/write", data=form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert db.session.scalar(sa.select(sa.func.count(Topic.id))) == 1


def test_a_key_that_is_anothers_topic_takes_nothing_over(cast: Cast, noon: datetime) -> None:
    theirs = post(cast, "owner", title="星主的")
    form = {"draft": theirs.public_id, "tab": "a", "rev": "0", "text": "冒名"}
    answer = cast.client("guest").post(f"/p/{cast.slug}/write", data=form)
    assert answer.status_code == 409
    assert "冒名" in answer.text
    assert db.session.scalars(sa.select(Topic.title)).all() == ["星主的"]


def test_deleting_a_draft(cast: Cast, noon: datetime) -> None:
    _autosave(cast, draft=KEY, tab="a", rev=0, text="不要了")
    client = cast.client("guest")
    assert client.post(f"/p/{cast.slug}/drafts/{KEY}/delete").status_code == 303
    assert client.post(f"/p/{cast.slug}/drafts/{KEY}/delete").status_code == 404
