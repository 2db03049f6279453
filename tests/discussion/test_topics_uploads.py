"""Pictures and files of topics: sent with or without scripts, put in order, shown, taken out."""

from __future__ import annotations

import io
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from app.discussion.models import Topic
from app.discussion.queries.drafts import list_drafts
from app.kernel import clock
from app.kernel.db import db
from app.media import actions as media
from app.media.queries import list_attachments
from tests.cast import Cast
from tests.media.samples import picture

KEY = "kQ7mVx3pRt9a"


def _send(cast: Cast, persona: str = "guest", **form: Any) -> TestResponse:
    data = {"draft": KEY, "tab": "a", "rev": "0", "text": "看图", **form}
    return cast.client(persona).post(f"/p/{cast.slug}/write", data=data)


def _upload(cast: Cast, persona: str = "guest", kind: str = "image") -> str:
    name = "a.png" if kind == "image" else "稿.pdf"
    content = picture() if kind == "image" else io.BytesIO(b"%PDF-1.7 x")
    answer = cast.client(persona).post(
        f"/p/{cast.slug}/uploads", data={"file": (content, name), "kind": kind}
    )
    assert answer.json is not None
    return str(answer.json["id"])


def _stored() -> list[str]:
    topic = db.session.scalars(sa.select(Topic)).one()
    return [one.public_id for one in list_attachments("topic", [topic.id]).get(topic.id, [])]


def test_uploads_stand_in_the_order_of_the_form(cast: Cast, noon: datetime) -> None:
    first, second, file = _upload(cast), _upload(cast), _upload(cast, kind="file")
    assert _send(cast, attachment=[second, file, first]).status_code == 303
    assert _stored() == [second, file, first]
    topic = db.session.scalars(sa.select(Topic)).one()
    assert (topic.image_count, topic.file_count) == (2, 1)
    page = cast.client("member").get(f"/p/{cast.slug}").text
    assert page.index(f"/media/{second}/thumb") < page.index(f"/media/{first}/thumb")
    assert "稿.pdf" in page
    files = cast.client("member").get(f"/p/{cast.slug}?show=files").text
    assert "稿.pdf" in files


def test_a_form_without_scripts_sends_the_files_along(cast: Cast, noon: datetime) -> None:
    sent = [(picture(), "一.png"), (io.BytesIO(b"%PDF-1.7 x"), "二.pdf")]
    preview = _send(cast, files=sent, do="preview", title="题")
    assert preview.status_code == 200
    kept = re.findall(r'name="attachment" value="(\w+)"', preview.text)
    assert len(kept) == 2
    assert "看图" in preview.text
    swapped = _send(cast, attachment=kept, move_attachment=kept[1])
    assert re.findall(r'name="attachment" value="(\w+)"', swapped.text) == kept[::-1]
    one = _send(cast, attachment=kept, remove_attachment=kept[0])
    assert re.findall(r'name="attachment" value="(\w+)"', one.text) == kept[1:]
    assert _send(cast, attachment=kept).status_code == 303
    assert _stored() == kept


def test_what_is_no_picture_is_said_and_nothing_is_lost(cast: Cast, noon: datetime) -> None:
    broken = [(io.BytesIO(b"no picture at all"), "坏.png")]
    answer = _send(cast, files=broken, title="留下的题目")
    assert answer.status_code == 422
    assert "留下的题目" in answer.text
    assert "看图" in answer.text


def test_anothers_upload_cannot_be_taken(cast: Cast, noon: datetime) -> None:
    theirs = _upload(cast, "owner")
    answer = _send(cast, attachment=[theirs])
    assert answer.status_code == 422
    assert db.session.scalar(sa.select(sa.func.count(Topic.id))) == 0


def test_ten_pictures_are_too_many(cast: Cast, noon: datetime) -> None:
    ten = [_upload(cast) for _ in range(10)]
    assert _send(cast, attachment=ten).status_code == 422
    assert _send(cast, attachment=ten[:9]).status_code == 303


def test_a_picture_in_the_text_is_not_shown_twice(cast: Cast, noon: datetime) -> None:
    inline, below = _upload(cast), _upload(cast)
    text = f"看这里：\n\n![图](image:{inline})\n"
    assert _send(cast, text=text, attachment=[inline, below]).status_code == 303
    page = cast.client("member").get(f"/p/{cast.slug}/t/{KEY}", follow_redirects=True).text
    assert f'src="/media/{inline}"' in page
    assert f"/media/{inline}/thumb" not in page
    assert f"/media/{below}/thumb" in page


def test_an_edit_takes_pictures_out_and_keeps_the_others(cast: Cast, noon: datetime) -> None:
    first, second = _upload(cast), _upload(cast)
    _send(cast, attachment=[first, second])
    address = f"/p/{cast.slug}/t/{KEY}/edit"
    page = cast.client("guest").get(address).text
    assert re.findall(r'name="attachment" value="(\w+)"', page) == [first, second]
    third = _upload(cast, "owner")
    form = {"text": "看图", "base": "0", "tab": "b", "attachment": [second, third]}
    assert cast.client("owner").post(address, data=form).status_code == 303
    assert _stored() == [second, third]
    assert cast.client("member").get(f"/media/{first}").status_code == 404
    assert cast.client("member").get(f"/media/{third}").status_code == 200


def test_a_draft_keeps_its_uploads(cast: Cast, noon: datetime) -> None:
    upload = _upload(cast)
    cast.client("guest").post(
        f"/p/{cast.slug}/drafts",
        data={"draft": KEY, "tab": "a", "rev": "0", "text": "x", "attachment": [upload]},
        headers={"Accept": "application/json"},
    )
    (draft,) = list_drafts(cast.actor("guest"))
    assert draft.fields["attachments"] == [upload]
    page = cast.client("guest").get(f"/p/{cast.slug}/write?draft={KEY}").text
    assert f'name="attachment" value="{upload}"' in page


def test_the_preview_shows_pictures_and_harms_nobody(cast: Cast, noon: datetime) -> None:
    upload = _upload(cast)
    text = f"![](image:{upload}) <script>alert(1)</script> **粗**"
    answer = cast.client("guest").post(f"/p/{cast.slug}/preview", data={"text": text})
    assert answer.json is not None
    assert f'src="/media/{upload}"' in answer.json["html"]
    assert "<strong>粗</strong>" in answer.json["html"]
    assert "<script>" not in answer.json["html"]
    assert cast.client("visitor").post(f"/p/{cast.slug}/preview").status_code == 403


def test_a_deleted_draft_gives_its_uploads_room_back(cast: Cast, noon: datetime) -> None:
    kept, loose = _upload(cast), _upload(cast)
    client = cast.client("guest")
    for key, held in ((KEY, [kept, loose]), ("bQ7mVx3pRt9a", [kept])):
        _send(cast, draft=key, attachment=held, do="keep")
    assert client.post(f"/p/{cast.slug}/drafts/{KEY}/delete").status_code == 303
    assert client.get(f"/media/{loose}").status_code == 404
    assert client.get(f"/media/{kept}").status_code == 200


def test_uploads_of_closed_forms_do_not_block_further_ones(
    cast: Cast, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "MAX_WAITING", 2)
    drafted, left = _upload(cast), _upload(cast)
    _send(cast, attachment=[drafted], do="keep")
    refused = cast.client("guest").post(
        f"/p/{cast.slug}/uploads", data={"file": (picture(), "a.png"), "kind": "image"}
    )
    assert refused.status_code == 422
    with clock.fixed(noon + timedelta(hours=2)):
        assert _upload(cast)
    assert cast.client("guest").get(f"/media/{left}").status_code == 404
    assert cast.client("guest").get(f"/media/{drafted}").status_code == 200
