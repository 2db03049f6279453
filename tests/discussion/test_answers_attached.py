"""Who is served what hangs on an answer, over HTTP: who reads the answer on its page, and nobody else."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime

import pytest
import sqlalchemy as sa

from app.discussion.actions.topics import delete_topic
from app.discussion.models import Answer, Topic
from app.kernel.db import unit_of_work
from app.media.actions import attach
from tests.cast import PERSONAS, Cast
from tests.discussion.threads import put_answer, put_question
from tests.media.samples import picture

INSIDE = {"owner", "partner", "admin", "guest", "member", "other", "grace", "isolated", "muted"}
PARTIES = {"owner", "partner", "admin", "guest", "member"}
Change = Callable[[Cast, str], None]


def _upload(cast: Cast, content: io.BytesIO, name: str, kind: str) -> str:
    form = {"file": (content, name), "kind": kind}
    client = cast.client("guest")
    sent = client.post("/p/orbit/uploads", data=form, headers={"Accept": "application/json"})
    public_id: str = sent.get_json()["id"]
    return public_id


def _answered(cast: Cast, **wish: bool) -> tuple[str, list[str]]:
    """Return a question with an answer, and the addresses of what hangs on that."""
    files = [
        _upload(cast, picture(), "图.png", "image"),
        _upload(cast, io.BytesIO(b"text"), "表.txt", "file"),
    ]
    topic = put_question(cast, "member", **wish)
    answer = put_answer(cast, "guest", topic, "见附件。")
    with unit_of_work() as session:
        row = session.scalars(sa.select(Answer).where(Answer.public_id == answer)).one()
        actor = cast.actor("guest")
        attach(actor, owner_type="answer", owner_id=row.id, public_ids=files)
    return topic, [f"/media/{files[0]}", f"/media/{files[0]}/thumb", f"/media/{files[1]}"]


def _served(cast: Cast, address: str) -> set[str]:
    return {name for name in PERSONAS if cast.client(name).get(address).status_code == 200}


def _unseen(cast: Cast, topic: str) -> None:
    """The answer of an isolated person, which nobody else reads."""
    cast.set_membership("guest", isolated_at=cast.actor("guest").now)
    with unit_of_work() as session:
        session.execute(sa.update(Answer).values(isolated=True))


def _deleted(cast: Cast, topic: str) -> None:
    """Of a deleted question what others wrote stays."""
    with unit_of_work():
        delete_topic(cast.actor("owner"), public_id=topic)


def _isolated_question(cast: Cast, topic: str) -> None:
    with unit_of_work() as session:
        session.execute(sa.update(Topic).where(Topic.public_id == topic).values(isolated=True))


@pytest.mark.parametrize(
    ("wish", "change", "readers"),
    [
        ({}, lambda *_: None, INSIDE),
        ({}, _unseen, {"guest"}),
        ({}, _deleted, INSIDE),
        ({}, _isolated_question, {"member"}),
        ({"private": True}, lambda *_: None, PARTIES),
        ({"private": True}, _deleted, PARTIES),
    ],
)
def test_who_reads_an_answer_is_served_what_hangs_on_it(
    noon: datetime, cast: Cast, wish: dict[str, bool], change: Change, readers: set[str]
) -> None:
    cast.set_planet(private_questions=True)
    topic, addresses = _answered(cast, **wish)
    change(cast, topic)
    page = f"/p/orbit/t/{topic}"
    shown = {name for name in PERSONAS if "见附件" in cast.client(name).get(page).text}
    assert shown == readers
    for address in addresses:
        assert _served(cast, address) == readers, address
