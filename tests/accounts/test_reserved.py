"""Names kept for the site and its staff: for accounts, nicknames and planets, look-alikes too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.accounts.reserved import DEFAULT, reserved
from app.kernel.db import db
from app.memberships.models import Membership
from app.planets.models import Planet
from tests.cast import Cast

KEPT = [
    "管理员", "管 理 员", "官方", "官方客服", "客服01", "客服小助手", "星主", "官方·账号", "管理員",
    "Support", "ＳＵＰＰＯＲＴ", "Suppоrt", "Admin", "admіn", "Stripe", "Strlpe", "Support Team",
]  # fmt: skip
FREE = [
    "林悦",
    "非官方读书会",
    "客服部老王的日记",
    "Adminah",
    "Supportive Sue",
    "平台跳水",
    "系统思考",
    "Ana",
    "7",
]


@pytest.fixture(autouse=True)
def _list() -> Iterator[None]:
    yield
    reserved.set((), site_name="")


@pytest.mark.parametrize("name", KEPT)
def test_names_that_sound_like_staff_are_kept(name: str) -> None:
    assert reserved.holds(name)


@pytest.mark.parametrize("name", FREE)
def test_names_of_people_are_free(name: str) -> None:
    assert not reserved.holds(name)


def test_the_list_can_be_set() -> None:
    reserved.set(("教务处",), site_name="海星")
    assert [reserved.holds(name) for name in ("教务处", "海星客服", "海星", "客服")] == [
        True,
        False,
        True,
        False,
    ]
    reserved.set((), site_name="海星")
    assert all(reserved.holds(word) for word in DEFAULT)


@pytest.mark.parametrize("name", ["官方客服", "Suppоrt"])
def test_nobody_signs_up_or_is_renamed_so(cast: Cast, name: str) -> None:
    form = {"name": name, "email": "new@example.test", "password": "a long enough passphrase"}
    assert cast.client("visitor").post("/sign-up", data=form).status_code == 422
    member = cast.client("member")
    refused = member.post("/account", data={"name": name, "bio": "话"})
    assert refused.status_code == 422 and name in refused.text
    assert "话" in refused.text


def test_nicknames_of_members_and_planets_too(cast: Cast) -> None:
    member, owner = cast.client("member"), cast.client("owner")
    refused = member.post("/p/orbit/me/nickname", data={"nickname": "星主"})
    assert refused.status_code == 422 and "星主" in refused.text
    # Who speaks for the planet may say so.
    assert owner.post("/p/orbit/me/nickname", data={"nickname": "星主"}).status_code == 303
    basics = {
        "name": "官方客服",
        "tagline": "一句话",
        "category": "other",
        "language": "zh_Hans",
        "accent": "jade",
    }
    # The cast's owner looks after the whole site; a partner does not.
    partner = cast.client("partner")
    answer = partner.post("/p/orbit/settings", data=basics)
    assert answer.status_code == 422 and "一句话" in answer.text
    answer = member.post("/planets/new", data=basics)
    assert answer.status_code == 422 and "一句话" in answer.text


def test_who_is_called_so_already_stays_and_edits_the_rest(cast: Cast) -> None:
    row = db.session.query(Membership).filter_by(user_id=cast.users["member"]).one()
    planet = db.session.query(Planet).one()
    row.nickname, planet.name = "客服", "官方"
    db.session.commit()
    member, owner = cast.client("member"), cast.client("owner")
    assert member.post("/p/orbit/me/nickname", data={"nickname": "客服"}).status_code == 303
    basics = {
        "name": "官方",
        "tagline": "新的一句话",
        "category": "other",
        "language": "zh_Hans",
        "accent": "jade",
    }
    assert owner.post("/p/orbit/settings", data=basics).status_code == 303
