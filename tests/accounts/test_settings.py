"""A person's own pages."""

import io

import pytest
import sqlalchemy as sa
from PIL import Image

from app.accounts.models import User
from app.kernel.db import db
from app.media.models import Attachment
from app.memberships.models import Membership
from tests.accounts.browser import Visitor
from tests.cast import Cast

PAGES = ("/account", "/account/preferences", "/account/security", "/account/sessions")


@pytest.fixture
def here(cast: Cast) -> Visitor:
    """Return the member at his desk."""
    person = Visitor(cast.app)
    person.sign_in("member@example.test")
    return person


def row(cast: Cast) -> User:
    db.session.rollback()
    return db.session.get_one(User, cast.users["member"])


@pytest.mark.parametrize("path", PAGES)
def test_own_pages_are_for_oneself(cast: Cast, here: Visitor, path: str) -> None:
    assert here.get(path).status_code == 200
    visitor = Visitor(cast.app).get(path)
    assert (visitor.status_code, visitor.location) == (303, f"/sign-in?next={path}")


@pytest.mark.parametrize("path", PAGES)
def test_own_pages_in_chinese(here: Visitor, path: str) -> None:
    page = here.get(path, headers={"Accept-Language": "zh-CN"}).get_data(as_text=True)
    assert 'lang="zh-Hans"' in page and "我的账号" in page


def test_name_and_bio(cast: Cast, here: Visitor) -> None:
    answer = here.post("/account", name=" Ｗang　小雨 ", bio="读书。\r\n写字。\u202e")
    assert answer.status_code == 303
    assert (row(cast).name, row(cast).bio) == ("Ｗang 小雨", "读书。\n写字。")


def test_the_name_is_carried_into_planets(cast: Cast, here: Visitor) -> None:
    here.post("/account", name="王大雨", bio="")
    key = sa.select(Membership.name_key).where(Membership.user_id == cast.users["member"])
    assert db.session.scalar(key) == row(cast).name_key == "王大雨"


def test_where_the_name_is_taken_the_former_one_stays(cast: Cast, here: Visitor) -> None:
    here.post("/account", name="林 悦", bio="")
    held = sa.select(Membership).where(Membership.user_id == cast.users["member"])
    assert db.session.scalars(held).one().nickname == "王小雨"
    assert row(cast).name == "林 悦"


@pytest.mark.parametrize(("field", "value"), [("name", "林\u200b悦"), ("bio", "长" * 301)])
def test_what_is_refused_stays_typed(cast: Cast, here: Visitor, field: str, value: str) -> None:
    typed = {"name": "新名字", "bio": "新的简介"} | {field: value}
    answer = here.post("/account", **typed)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and f'id="f-{field}-error"' in page
    assert all(text in page for text in typed.values())
    assert row(cast).name == "王小雨"


def test_a_bio_is_text(here: Visitor) -> None:
    here.post("/account", name="王小雨", bio="<script>alert(1)</script>")
    page = here.get("/account").get_data(as_text=True)
    assert "<script>alert(1)" not in page and "&lt;script&gt;" in page


def test_preferences(cast: Cast, here: Visitor) -> None:
    answer = here.post(
        "/account/preferences", language="zh_Hans", timezone="Europe/Berlin", theme="dark"
    )
    assert answer.status_code == 303
    held = row(cast)
    assert (held.language, held.timezone, held.theme) == ("zh_Hans", "Europe/Berlin", "dark")
    assert held.mail_notices is False
    page = here.get("/account/preferences").get_data(as_text=True)
    assert 'data-theme="dark"' in page and 'lang="zh-Hans"' in page
    assert '<option value="Europe/Berlin" selected>柏林' in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("language", "xx"),
        ("timezone", "Mars/Olympus"),
        ("timezone", "Etc/GMT+8"),
        ("theme", "neon"),
    ],
)
def test_what_is_not_offered_is_refused(cast: Cast, here: Visitor, field: str, value: str) -> None:
    typed = {"language": "en", "timezone": "", "theme": "auto"} | {field: value}
    assert here.post("/account/preferences", **typed).status_code == 422
    assert row(cast).theme == "auto"


def picture(kind: str = "PNG") -> io.BytesIO:
    data = io.BytesIO()
    Image.new("RGB", (300, 200), "#884422").save(data, kind)
    data.seek(0)
    return data


def test_a_picture_comes_is_replaced_and_goes(cast: Cast, here: Visitor) -> None:
    for _ in range(2):
        answer = here.post("/account/avatar", avatar=(picture(), "me.png"))
        assert answer.status_code == 303
    shown = row(cast).avatar
    assert here.get(f"/media/{shown}").status_code == 200
    waiting = sa.select(sa.func.count()).where(Attachment.owner_id.is_(None))
    assert db.session.scalar(waiting) == 1
    assert here.post("/account/avatar", remove="1").status_code == 303
    assert row(cast).avatar == ""
    assert db.session.scalar(waiting) == 2


def test_what_is_no_picture_is_refused(cast: Cast, here: Visitor) -> None:
    assert here.post("/account/avatar").status_code == 422
    fake = (io.BytesIO(b"<svg onload=alert(1)>"), "me.png")
    assert here.post("/account/avatar", avatar=fake).status_code == 422
    assert row(cast).avatar == ""
