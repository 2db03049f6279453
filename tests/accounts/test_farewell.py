"""What goes with a closed account, and that a restored backup revives nobody."""

from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from app import farewell
from app.accounts.models import AccountToken, SignUp, User, UserSession
from app.billing.actions.comps import Gift, offer_by_address
from app.billing.models import CompOffer
from app.discussion.models import Bookmark, Draft, ReadMark
from app.kernel.db import Base, db, unit_of_work
from app.memberships import actions as memberships
from app.memberships.actions import Offer
from app.memberships.models import Invitation
from app.notifications.models import Notification
from app.policy import PlanetRole
from tests.accounts.browser import Visitor
from tests.accounts.test_closing import MEMBER, at_the_desk
from tests.cast import PASSWORD, Cast
from tests.discussion.threads import put_question
from tests.media.samples import picture
from tests.notifications.mailbox import Mailbox
from tests.notifications.telling import answer


def data_dir(app: Flask) -> Path:
    folder: Path = app.extensions["planetarium.settings"].data_dir
    (folder / farewell.FILE).unlink(missing_ok=True)
    return folder


def everywhere(words: str) -> list[str]:
    """Return the columns of the whole database in which these words stand."""
    db.session.rollback()
    found = []
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            text = sa.cast(column, sa.Text)
            if db.session.scalar(sa.select(sa.func.count()).where(text.contains(words))):
                found.append(f"{table.name}.{column.name}")
    return found


def test_the_address_stands_nowhere_any_more(cast: Cast) -> None:
    mailbox = Mailbox(cast.app)
    data_dir(cast.app)
    with unit_of_work():
        owner = cast.actor("owner")
        note = "小雨，来吧"
        memberships.invite(owner, offer=Offer(email=MEMBER, role=PlanetRole.GUEST, note=note))
        gift = Gift("for the talk", "t" * 20, days=30)
        offer_by_address(owner, addresses=MEMBER, gift=gift)
    answer(cast, put_question(cast, "member"))
    Visitor(cast.app).post("/reset", email=MEMBER)
    Visitor(cast.app).post("/sign-up", name="许楠", email=MEMBER, password=PASSWORD)
    mailbox.collect()
    assert len(everywhere(MEMBER)) >= 5
    at_the_desk(cast).post("/account/close", password=PASSWORD)
    assert everywhere(MEMBER) == []
    assert everywhere(note) == []
    for row in (Invitation, CompOffer):
        assert db.session.scalars(sa.select(row.revoked_at)).one() is not None


def test_what_nobody_else_saw_is_gone(cast: Cast) -> None:
    data_dir(cast.app)
    topic = put_question(cast, "member")
    here = at_the_desk(cast)
    here.post(f"/p/orbit/t/{topic}/bookmark", note="只给我看")
    here.post("/p/orbit/drafts", text="还没写完", kind="post")
    answer(cast, topic)
    here.post("/account/close", password=PASSWORD)
    db.session.rollback()
    for row in (Bookmark, Draft, ReadMark, Notification):
        mine = sa.select(sa.func.count()).where(row.user_id == cast.users["member"])
        assert db.session.scalar(mine) == 0, row.__tablename__
    sessions = db.session.execute(
        sa.select(UserSession.user_agent, UserSession.address).where(
            UserSession.user_id == cast.users["member"]
        )
    )
    assert {tuple(row) for row in sessions} == {("", "")}


def test_letters_that_wait_are_not_sent(cast: Cast) -> None:
    mailbox = Mailbox(cast.app)
    data_dir(cast.app)
    here = at_the_desk(cast)
    with unit_of_work():
        offer = Offer(email=MEMBER, role=PlanetRole.GUEST)
        memberships.invite(cast.actor("owner"), offer=offer)
    here.post("/account/close", password=PASSWORD)
    assert mailbox.to(MEMBER) == []


def test_the_picture_is_served_to_nobody(cast: Cast) -> None:
    data_dir(cast.app)
    here = at_the_desk(cast)
    here.post("/account/avatar", avatar=(picture(), "me.png"))
    db.session.rollback()
    avatar = db.session.get_one(User, cast.users["member"]).avatar
    assert avatar and cast.client("other").get(f"/media/{avatar}").status_code == 200
    here.post("/account/close", password=PASSWORD)
    for persona in ("other", "owner"):
        assert cast.client(persona).get(f"/media/{avatar}").status_code == 404


def revive(cast: Cast) -> None:
    """Put the account back as an older backup has it."""
    with unit_of_work() as session:
        person = session.get_one(User, cast.users["member"])
        person.deactivated_at, person.email = None, MEMBER
        session.add(
            SignUp(
                token_hash="x",
                email=MEMBER,
                name="n",
                password_hash="x",
                created_at=person.created_at,
                expires_at=person.created_at,
            )
        )


def test_a_restored_backup_revives_nobody(cast: Cast) -> None:
    folder = data_dir(cast.app)
    at_the_desk(cast).post("/account/close", password=PASSWORD)
    assert farewell.read(folder) == {cast.public_ids["member"]}
    assert (folder / farewell.FILE).stat().st_mode & 0o077 == 0
    revive(cast)
    told = cast.app.test_cli_runner().invoke(args=["people", "keep-closed"]).output
    assert "1 accounts closed again" in told
    assert everywhere(MEMBER) == []
    assert farewell.keep_closed(folder) == 0


def test_accounts_closed_before_there_was_a_file_are_written_down(cast: Cast) -> None:
    folder = data_dir(cast.app)
    at_the_desk(cast).post("/account/close", password=PASSWORD)
    (folder / farewell.FILE).unlink()
    farewell.keep_closed(folder)
    assert farewell.read(folder) == {cast.public_ids["member"]}
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AccountToken)) == 0
