"""The page of notices: pages, unread, opening, and nothing of what is hidden."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import url_for
from flask.testing import FlaskClient

from app.accounts.queries import Viewer, find_viewer_by_id
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.notifications import links, queries
from app.notifications.kinds import Kind
from app.notifications.models import Notification
from tests.accounts.browser import Visitor
from tests.cast import Cast
from tests.discussion.threads import counted, erase, post, say
from tests.notifications.mailbox import Mailbox, link_in
from tests.notifications.telling import answer, kinds, notices, put_question


def page(client: FlaskClient, path: str = "/notices", language: str = "en") -> str:
    answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def many(cast: Cast, count: int, persona: str = "guest") -> None:
    """Write notices as rows, one a minute."""
    topic = post(cast, persona)
    moment = clock.now()
    with unit_of_work() as session:
        topic_id = session.scalar(sa.text("SELECT max(id) FROM topics"))
        session.add_all(
            Notification(
                user_id=cast.users[persona],
                dedupe_key=f"n{number}",
                kind="join_requested" if number % 2 else "question_declined",
                person_id=cast.users["member"],
                planet_id=cast.planet_id,
                topic_id=None if number % 2 else topic_id,
                created_at=moment - timedelta(minutes=number // 3),
            )
            for number in range(count)
        )
    assert topic


def test_nothing_yet(cast: Cast) -> None:
    assert "Nothing new" in page(cast.client("member"))
    assert "暂无动态" in page(cast.client("member"), language="zh-CN")


def test_a_visitor_is_sent_to_sign_in(cast: Cast) -> None:
    assert cast.client("visitor").get("/notices").location == "/sign-in?next=/notices"


def test_list_open_and_read(cast: Cast) -> None:
    topic = post(cast, "guest", title="慢读")
    say(cast, "member", topic)
    kinds(cast, "guest")
    guest = cast.client("guest")
    shown = page(guest)
    assert "王小雨 commented on your topic in 轨道." in shown and "慢读" in shown
    assert 'class="count">1' in shown
    (notice,) = notices(cast, "guest")
    opened = guest.get(f"/notices/{notice.public_id}")
    assert opened.status_code == 303 and opened.location.startswith("/p/orbit/c/")
    shown = page(guest)
    assert 'class="count">' not in shown and "notices__item--unread" not in shown


def test_mark_all_read(cast: Cast) -> None:
    many(cast, 3)
    guest = cast.client("guest")
    assert "Mark all as read" in page(guest)
    assert guest.post("/notices/read").location == "/notices"
    assert "Mark all as read" not in page(guest)
    assert queries.count_unread(cast.users["guest"]) == 0


def test_nobody_opens_or_reads_anothers(cast: Cast) -> None:
    put_question(cast, "member")
    (notice,) = notices(cast, "guest")
    other = cast.client("owner")
    assert other.get(f"/notices/{notice.public_id}").status_code == 404
    other.post("/notices/read")
    assert queries.count_unread(cast.users["guest"]) == 1


def test_what_is_hidden_since_says_nothing(cast: Cast) -> None:
    topic = post(cast, "guest", title="慢读")
    comment = say(cast, "member", topic)
    (notice,) = notices(cast, "guest")
    erase(cast, "member", comment)
    guest = cast.client("guest")
    shown = page(guest)
    assert "This is no longer open to you." in shown
    assert "王小雨" not in shown and "慢读" not in shown
    assert notice.public_id not in shown
    assert guest.get(f"/notices/{notice.public_id}").status_code == 404


def test_pages_neither_repeat_nor_miss(cast: Cast, noon: datetime) -> None:
    """Three rows share each moment, so that the order hangs on ids too."""
    many(cast, 75)
    viewer = _viewer(cast)
    seen: list[str] = []
    first = got = queries.list_notices(viewer)
    while True:
        seen += [n.public_id for n in got.notices]
        if got.older is None:
            break
        got = queries.list_notices(viewer, before=got.older)
    assert len(seen) == len(set(seen)) == 75
    back = queries.list_notices(viewer, after=got.notices[0].public_id)
    assert [n.public_id for n in back.notices] == seen[30:60]
    assert back.newer and back.older
    start = queries.list_notices(viewer, after=back.newer)
    assert (start.notices, start.newer) == (first.notices, None)
    assert queries.list_notices(viewer, before="unknown").notices == first.notices


def _viewer(cast: Cast) -> Viewer:
    viewer = find_viewer_by_id(cast.users["guest"])
    assert viewer is not None
    return viewer


def test_the_number_of_queries_does_not_grow(cast: Cast) -> None:
    viewer = _viewer(cast)

    def cost() -> int:
        db.session.rollback()
        with counted() as seen:
            queries.list_notices(viewer)
        return len(seen)

    many(cast, 3)
    few = cost()
    with unit_of_work() as session:
        session.execute(sa.delete(Notification))
    many(cast, 60)
    assert cost() == few <= 9


def test_the_frames_count_is_one_query_and_stops_at_100(cast: Cast) -> None:
    many(cast, 120)
    with counted() as seen:
        assert queries.count_unread(cast.users["guest"]) == 100
    assert len(seen) == 1
    assert "99+" in page(cast.client("guest"))


# --- links ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "endpoint", "values"),
    [
        (links.HOME, "home.index", {}),
        (links.BUY, "billing.buy", {"slug": "s"}),
        (links.SUBSCRIPTIONS, "billing.subscriptions", {"slug": "s"}),
        (links.SUBSCRIBER, "billing.subscriber", {"slug": "s", "public_id": "x"}),
        (links.LEDGER, "billing.ledger", {"slug": "s"}),
        (links.MEMBERSHIP, "memberships.mine", {"slug": "s"}),
        (links.SIGN_IN, "accounts.sign_in", {}),
        (links.CONFIRM, "accounts.confirm", {"secret": "s"}),
        (links.RESET, "accounts.new_password", {"secret": "s"}),
        (links.FORGOTTEN, "accounts.reset", {}),
        (links.ADDRESS, "accounts.address", {"secret": "s"}),
        (links.SECURITY, "accounts.security", {}),
        (links.PREFERENCES, "accounts.preferences", {}),
        (links.NOTICE, "notifications.open_notice", {"public_id": "n"}),
        (links.NO_MAIL, "notifications.mail_off", {"token": "t"}),
        (links.INVITATION, "memberships.invited", {"secret": "s"}),
        (links.TOPIC, "topics.show", {"slug": "orbit", "public_id": "p"}),
        (links.COMMENT, "comments.show", {"slug": "orbit", "public_id": "c"}),
        (links.PLANET, "feed.home", {"slug": "orbit"}),
        (links.LANDING, "planets.landing", {"slug": "orbit"}),
        (links.REQUESTS, "memberships.requests", {"slug": "orbit"}),
        (links.ORDER, "billing.order", {"slug": "orbit", "public_id": "o"}),
    ],
)
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_paths_are_those_of_the_doors(
    app: object, cast: Cast, path: str, endpoint: str, values: dict[str, str]
) -> None:
    with cast.app.test_request_context():
        assert path.format(**values) == url_for(endpoint, **values)
    assert links.absolute(path, **values) == f"http://planet.test{path.format(**values)}"


# --- development ----------------------------------------------------------------------------------


def test_letters_are_read_in_development_only(
    cast: Cast, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Visitor(cast.app)
    person.post("/reset", email="member@example.test")
    mail = mailbox.one_to("member")
    name = next(mailbox.folder.glob("*.eml")).name
    for path in ("/dev/mail", f"/dev/mail/{name}"):
        assert person.get(path).status_code == 404
    site = cast.app.extensions["planetarium.site"]
    monkeypatch.setitem(cast.app.extensions, "planetarium.site", replace(site, development=True))
    listed = person.get("/dev/mail").get_data(as_text=True)
    assert name in listed and "member@example.test" in listed
    shown = person.get(f"/dev/mail/{name}").get_data(as_text=True)
    assert f'href="http://planet.test{link_in(mail)}"' in shown
    for wrong in ("..%2F..%2Fsecret.eml", "nothing.eml"):
        assert person.get(f"/dev/mail/{wrong}").status_code == 404
    mailbox.empty()
    assert "No e-mails yet" in person.get("/dev/mail").get_data(as_text=True)


def test_the_answer_leads_to_its_question(cast: Cast) -> None:
    topic = put_question(cast, "member")
    answer(cast, topic)
    (notice,) = notices(cast, "member")
    there = cast.client("member").get(f"/notices/{notice.public_id}")
    assert there.location == f"/p/orbit/t/{topic}"


def test_every_kind_has_its_picture() -> None:
    """A kind without one breaks the whole page of whoever has such a notice."""
    template = Path("templates/notifications/notices.html").read_text(encoding="utf-8")
    assert [kind.value for kind in Kind if f'"{kind.value}": "' not in template] == []
