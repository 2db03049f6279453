"""Avatar and cover of a planet: put up, replaced, taken down; read by everybody."""

from __future__ import annotations

import io

import sqlalchemy as sa
from flask.testing import FlaskClient
from PIL import Image

from app.kernel.db import db
from app.media.models import Attachment
from app.planets.models import Planet
from tests.cast import Cast


def picture(colour: str) -> io.BytesIO:
    data = io.BytesIO()
    Image.new("RGB", (1200, 400), colour).save(data, "PNG")
    data.seek(0)
    return data


def put_up(client: FlaskClient, place: str, data: io.BytesIO) -> int:
    files = {place: (data, "picture.png")}
    path = f"/p/orbit/settings/pictures/{place}"
    return client.post(path, data=files, content_type="multipart/form-data").status_code


def present(cast: Cast, place: str) -> str:
    db.session.rollback()
    return str(db.session.scalar(sa.select(getattr(Planet, place)).where(Planet.slug == "orbit")))


def test_pictures_come_and_go(cast: Cast) -> None:
    owner, visitor = cast.client("owner"), cast.client("visitor")
    for place in ("avatar", "cover"):
        assert put_up(owner, place, picture("red")) == 303
        first = present(cast, place)
        assert visitor.get(f"/media/{first}").status_code == 200
        assert f"/media/{first}" in visitor.get("/p/orbit/about").text
        assert put_up(owner, place, picture("blue")) == 303
        second = present(cast, place)
        assert second != first
        held = sa.select(Attachment.owner_id).where(Attachment.public_id == first)
        assert db.session.scalar(held) is None
        path = f"/p/orbit/settings/pictures/{place}"
        assert owner.post(path, data={"remove": "1"}).status_code == 303
        assert present(cast, place) == ""


def test_what_is_no_picture_is_refused_in_words(cast: Cast) -> None:
    owner = cast.client("owner")
    assert put_up(owner, "avatar", io.BytesIO(b"no picture")) == 422
    assert owner.post("/p/orbit/settings/pictures/avatar").status_code == 422
    assert owner.post("/p/orbit/settings/pictures/elsewhere").status_code == 404
    assert put_up(cast.client("admin"), "avatar", picture("red")) == 403
    assert present(cast, "avatar") == ""


def test_founding_has_a_limit_a_day(cast: Cast) -> None:
    client = cast.client("stranger")
    answers = [client.post("/planets/new", data={"name": f"星 {n}"}).status_code for n in range(11)]
    assert answers == [303] * 10 + [429]
