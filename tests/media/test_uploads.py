"""Uploads over HTTP: taken, attached, served through the policy, swept."""

from __future__ import annotations

import io
from datetime import timedelta
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.discussion.models import Draft, Topic
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Invalid, NotFound
from app.media import actions
from app.media.models import Attachment
from app.media.queries import get_attachment
from app.media.quota import BAD_PICTURES, quotas
from tests.cast import PERSONAS, Cast
from tests.media.samples import animation, huge_png, many_scans, picture


def _send(client: FlaskClient, content: io.BytesIO, name: str, kind: str = "image") -> TestResponse:
    return client.post(
        "/p/orbit/uploads",
        data={"file": (content, name), "kind": kind},
        headers={"Accept": "application/json"},
    )


def _topic(cast: Cast, public_ids: list[str], writer: str = "guest", **columns: object) -> str:
    moment = clock.now()
    with unit_of_work() as session:
        topic = Topic(
            planet_id=cast.planet_id,
            kind="post",
            author_id=cast.users[writer],
            source="x",
            html="<p>x</p>",
            created_at=moment,
            published_at=moment,
            last_activity_at=moment,
            **columns,
        )
        session.add(topic)
        session.flush()
        actions.attach(
            cast.actor(writer), owner_type="topic", owner_id=topic.id, public_ids=public_ids
        )
        return topic.public_id


def _storage(cast: Cast) -> actions.Storage:
    return cast.app.extensions["planetarium.storage"]  # type: ignore[no-any-return]


def test_an_image_is_stored_and_described(cast: Cast) -> None:
    answer = _send(cast.client("guest"), picture(), "海报 1.png")
    assert answer.status_code == 201
    body = answer.get_json()
    assert (body["kind"], body["name"], body["width"], body["height"]) == (
        "image", "海报 1.png", 64, 48,
    )  # fmt: skip
    assert body["url"] == f"/media/{body['id']}"


def test_only_the_uploader_sees_what_waits(cast: Cast) -> None:
    url = _send(cast.client("guest"), picture(), "a.png").get_json()["url"]
    seen = {name for name in PERSONAS if cast.client(name).get(url).status_code == 200}
    assert seen == {"guest"}


def test_who_reads_the_topic_reads_its_attachments(cast: Cast) -> None:
    public_id = _send(cast.client("guest"), picture(), "a.png").get_json()["id"]
    _topic(cast, [public_id])
    readers = {
        "owner",
        "partner",
        "admin",
        "guest",
        "member",
        "other",
        "grace",
        "isolated",
        "muted",
    }
    for variant in ("", "/thumb"):
        url = f"/media/{public_id}{variant}"
        assert {n for n in PERSONAS if cast.client(n).get(url).status_code == 200} == readers


def test_a_deleted_topic_takes_its_attachments_along(cast: Cast) -> None:
    public_id = _send(cast.client("guest"), picture(), "a.png").get_json()["id"]
    _topic(cast, [public_id], deleted_at=clock.now(), comment_count=1)
    assert cast.client("member").get(f"/media/{public_id}").status_code == 404


def test_files_are_downloads_that_cannot_run(cast: Cast) -> None:
    page = io.BytesIO(b"<script>alert(1)</script>")
    body = _send(cast.client("guest"), page, "../..\\evil\u202egnp.html", "file").get_json()
    assert body["name"] == "evilgnp.html"
    answer = cast.client("guest").get(body["url"])
    assert answer.data == b"<script>alert(1)</script>"
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_a_chinese_name_reaches_the_browser(cast: Cast) -> None:
    name = "讲义 “一”📖.txt"
    url = _send(cast.client("guest"), io.BytesIO(b"x"), name, "file").get_json()["url"]
    disposition = cast.client("guest").get(url).headers["Content-Disposition"]
    assert disposition.isascii()
    assert disposition.startswith("attachment; filename=")
    assert disposition.endswith(f"filename*=UTF-8''{quote(name)}")


def test_faces_do_not_say_what_their_file_was_called(cast: Cast) -> None:
    upload = actions.Upload("王小雨 member@example.test.png", picture())
    public_id = actions.store_picture(
        cast.actor("member"), storage=_storage(cast), upload=upload, purpose="avatar"
    )
    answer = cast.client("visitor").get(f"/media/{public_id}")
    assert (answer.status_code, answer.headers["Content-Disposition"]) == (200, "inline")


def test_ranges_continue_a_broken_download(cast: Cast) -> None:
    url = _send(cast.client("guest"), io.BytesIO(b"0123456789"), "n.bin", "file").get_json()["url"]
    answer = cast.client("guest").get(url, headers={"Range": "bytes=4-6"})
    assert (answer.status_code, answer.data) == (206, b"456")
    assert answer.headers["Content-Range"] == "bytes 4-6/10"
    beyond = cast.client("guest").get(url, headers={"Range": "bytes=20-"})
    assert beyond.status_code == 416


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (io.BytesIO(b"no image"), "image", "JPEG"),
        (huge_png(), "image", "80"),
        (io.BytesIO(b""), "file", ""),
    ],
)
def test_refused_uploads_say_what_to_do(
    cast: Cast, content: io.BytesIO, kind: str, words: str
) -> None:
    content.seek(0)
    answer = _send(cast.client("guest"), io.BytesIO(content.read()), "x.png", kind)
    assert answer.status_code == 422
    assert words in answer.get_json()["error"]
    assert db.session.query(Attachment).count() == 0


def test_an_animation_that_was_stilled_is_told(cast: Cast) -> None:
    assert _send(cast.client("guest"), animation(4), "a.gif").get_json()["note"] == ""
    assert _send(cast.client("guest"), animation(601), "a.gif").get_json()["note"]


def test_each_person_has_a_quota_that_counts_what_is_kept(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotas, "member_mib", 1)
    monkeypatch.setattr(quotas, "staff_mib", 2)
    half = b"x" * (600 * 1024)
    member, guest = cast.client("member"), cast.client("guest")
    assert _send(member, io.BytesIO(half), "a.bin", "file").status_code == 201
    refused = _send(member, io.BytesIO(half), "b.bin", "file")
    assert (refused.status_code, "1 MiB" in refused.get_json()["error"]) == (422, True)
    # Whoever teaches there has more, and nobody's room is taken by others.
    assert [_send(guest, io.BytesIO(half), "a.bin", "file").status_code for _ in range(4)] == [
        201, 201, 201, 422,
    ]  # fmt: skip
    with unit_of_work():
        db.session.query(Attachment).filter_by(uploader_id=cast.users["member"]).delete()
    assert _send(member, io.BytesIO(half), "b.bin", "file").status_code == 201


def test_a_full_quota_takes_no_face_either(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "member_mib", 0)
    assert _send(cast.client("member"), io.BytesIO(b"x"), "a.bin", "file").status_code == 422
    with unit_of_work() as session:
        session.add(_waiting_upload(cast, "member", size=1))
    answer = cast.client("member").post("/account/avatar", data={"avatar": (picture(), "a.png")})
    assert answer.status_code == 422


def _waiting_upload(cast: Cast, uploader: str, *, size: int) -> Attachment:
    return Attachment(
        uploader_id=cast.users[uploader],
        purpose="file",
        filename="x",
        content_type="application/octet-stream",
        size=size,
        sha256="",
        storage_key="abcdef",
        created_at=clock.now(),
    )


@pytest.mark.usefixtures("noon")
def test_who_sends_pictures_that_have_to_be_stopped_waits(cast: Cast) -> None:
    client = cast.client("member")
    for _ in range(BAD_PICTURES):
        assert _send(client, many_scans(100), "a.jpg").status_code == 422
    refused = _send(client, picture(), "a.png")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.get_json()["error"]
    face = client.post("/account/avatar", data={"avatar": (picture(), "a.png")})
    assert face.status_code == 429
    assert _send(cast.client("guest"), picture(), "a.png").status_code == 201


def test_a_photograph_of_a_telephone_is_taken_without_scripts(cast: Cast) -> None:
    form = {"text": "看图", "files": (picture("HEIF"), "IMG_0001.HEIC", "application/octet-stream")}
    assert cast.client("owner").post("/p/orbit/write", data=form).status_code == 303
    kept = db.session.query(Attachment).one()
    assert (kept.purpose, kept.content_type) == ("image", "image/jpeg")


def test_a_document_on_a_comment_s_form_is_refused_in_words(cast: Cast) -> None:
    topic = _topic(cast, [])
    form = {"text": "请看附件", "files": (io.BytesIO(b"%PDF-1.7"), "a.pdf", "application/pdf")}
    answer = cast.client("member").post(f"/p/orbit/t/{topic}/comments", data=form)
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "请看附件" in page
    assert "这里只能添加图片" in page


def test_files_above_the_planet_limit_are_refused(cast: Cast) -> None:
    cast.set_planet(file_max_mib=1)
    answer = _send(cast.client("guest"), io.BytesIO(b"x" * (1024 * 1024 + 1)), "big.bin", "file")
    assert answer.status_code == 422


@pytest.mark.parametrize("persona", ["muted", "expired", "pending", "left", "removed", "stranger"])
def test_who_may_not_write_uploads_nothing(cast: Cast, persona: str) -> None:
    assert _send(cast.client(persona), picture(), "a.png").status_code == 403


def test_nobody_attaches_what_another_uploaded(cast: Cast) -> None:
    public_id = _send(cast.client("guest"), picture(), "a.png").get_json()["id"]
    with pytest.raises(Invalid, match="attachment_gone"):
        _topic(cast, [public_id], writer="owner")


def test_nine_images_are_the_most(cast: Cast) -> None:
    ids = [_send(cast.client("guest"), picture(), "a.png").get_json()["id"] for _ in range(10)]
    with pytest.raises(Invalid, match="too_many_images"):
        _topic(cast, ids)
    _topic(cast, ids[:9])


def test_discarding_is_for_one_s_own_waiting_uploads(cast: Cast) -> None:
    public_id = _send(cast.client("guest"), picture(), "a.png").get_json()["id"]
    cast.client("owner").post(f"/p/orbit/uploads/{public_id}/discard")
    assert get_attachment(public_id).public_id == public_id
    assert cast.client("guest").post(f"/p/orbit/uploads/{public_id}/discard").status_code == 204
    with pytest.raises(NotFound):
        get_attachment(public_id)


def test_the_purge_spares_the_young_the_attached_and_the_drafted(cast: Cast) -> None:
    ids = [_send(cast.client("guest"), picture(), "a.png").get_json()["id"] for _ in range(4)]
    young, attached, drafted, orphan = ids
    _topic(cast, [attached])
    moment = clock.now()
    with unit_of_work() as session:
        session.query(Attachment).filter(Attachment.public_id != young).update(
            {"created_at": moment - timedelta(days=3)}
        )
        session.add(
            Draft(
                planet_id=cast.planet_id,
                user_id=cast.users["guest"],
                purpose="post",
                fields={"attachments": [drafted]},
                created_at=moment,
                updated_at=moment,
            )
        )
    gone = get_attachment(orphan)
    assert actions.purge_orphans(_storage(cast), keep={drafted}) == 1
    with pytest.raises(NotFound):
        _storage(cast).open(gone.storage_key)
    assert [get_attachment(i).public_id for i in (young, attached, drafted)] == ids[:3]


def test_a_full_disk_is_told_and_leaves_no_row(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_storage(cast), "put", full)
    assert _send(cast.client("guest"), io.BytesIO(b"x"), "a.bin", "file").status_code == 503
    assert db.session.query(Attachment).count() == 0


def test_storage_keys_cannot_leave_the_folder(cast: Cast) -> None:
    for key in ("../../etc/passwd", "/etc/passwd", "a", ""):
        with pytest.raises(NotFound):
            _storage(cast).open(key)
