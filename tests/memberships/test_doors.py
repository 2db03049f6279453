"""The doors of planets and memberships: each page opens, each form works, each refusal says why."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.blueprints.memberships.audit_words import ACTS, KINDS
from app.kernel import clock
from app.kernel.audit import record
from app.kernel.db import db, unit_of_work
from app.memberships.models import Invitation, Membership
from app.planets.actions import publish_rules
from app.planets.models import Planet
from app.policy import Standing
from tests.cast import PERSONAS, Cast
from tests.memberships.people import newcomer, row
from tests.notifications.mailbox import Mailbox, link_in

OPEN = ("/", "/discover", "/p/orbit/about", "/p/orbit/rules", "/p/orbit")
STAFF = (
    "/p/orbit/members",
    "/p/orbit/members/requests",
    "/p/orbit/invitations",
    "/p/orbit/audit",
)
LEADS = (
    "/p/orbit/settings",
    "/p/orbit/settings/pictures",
    "/p/orbit/settings/joining",
    "/p/orbit/settings/posting",
    "/p/orbit/settings/questions",
    "/p/orbit/settings/privacy",
    "/p/orbit/settings/protection",
    "/p/orbit/rules/edit",
)


@pytest.mark.parametrize("persona", PERSONAS)
def test_pages_open_to_whom_they_are_meant_for(cast: Cast, persona: str) -> None:
    client = cast.client(persona)
    for path in OPEN:
        assert client.get(path).status_code == 200, path
    expected = {"visitor": 303}.get(persona, 403)
    for paths, insiders in (
        (STAFF, ("owner", "partner", "admin")),
        (LEADS, ("owner", "partner")),
        (("/p/orbit/hand-over",), ("owner",)),
    ):
        for path in paths:
            wanted = 200 if persona in insiders else expected
            assert client.get(path).status_code == wanted, path


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_both_languages(cast: Cast, language: str) -> None:
    client = cast.client("owner")
    for path in (*OPEN, *STAFF, *LEADS, "/p/orbit/hand-over", "/p/orbit/me"):
        assert client.get(path, headers={"Accept-Language": language}).status_code == 200


def test_a_planets_address_is_not_called_an_e_mail_address(cast: Cast) -> None:
    owner, chinese = cast.client("owner"), {"Accept-Language": "zh-CN"}
    settings = owner.get("/p/orbit/settings", headers=chinese).text
    assert "改用这个地址" in settings
    assert "邮箱" not in settings
    assert "更换邮箱" in owner.get("/account/security", headers=chinese).text


def test_founding_a_planet(cast: Cast) -> None:
    client = cast.client("stranger")
    assert client.get("/planets/new").status_code == 200
    form = {"name": "慢读", "intro": "**hi**", "category": "reading", "accent": "jade"}
    refused = client.post("/planets/new", data={**form, "name": " ", "slug": "ab"})
    assert refused.status_code == 422
    assert "**hi**" in refused.text
    taken = client.post("/planets/new", data={**form, "slug": "orbit"})
    assert taken.status_code == 422
    made = client.post("/planets/new", data={**form, "slug": "slow-reading"})
    assert (made.status_code, made.location) == (303, "/p/slow-reading/about")
    page = client.get(made.location)
    assert "<strong>hi</strong>" in page.text
    suggested = client.post("/planets/new", data=form)
    assert re.fullmatch(r"/p/planet-\w{4}/about", suggested.location)


def test_only_confirmed_people_found_planets(cast: Cast) -> None:
    assert cast.client("visitor").get("/planets/new").status_code == 303
    with unit_of_work() as session:
        session.execute(sa.text("UPDATE users SET email_confirmed_at = NULL"))
    assert cast.client("stranger").get("/planets/new").status_code == 403


def test_joining_and_leaving_an_open_planet(cast: Cast) -> None:
    client = cast.client("stranger")
    assert "/p/orbit/join" in client.get("/p/orbit/about").text
    assert client.post("/p/orbit/join").location == "/p/orbit"
    assert client.post("/p/orbit/join").location == "/p/orbit"
    assert cast.actor("stranger").standing is Standing.ACTIVE
    assert client.get("/p/orbit/me").status_code == 200
    assert client.get("/p/orbit/leave").status_code == 200
    assert client.post("/p/orbit/leave").location == "/p/orbit/about"
    assert client.post("/p/orbit/leave").location == "/p/orbit/about"
    assert "/p/orbit/join" in client.get("/p/orbit/about").text


def test_a_namesake_is_asked_for_a_nickname(cast: Cast) -> None:
    with unit_of_work() as session:
        session.execute(
            sa.text("UPDATE users SET name = '王小雨' WHERE id = :id"),
            {"id": cast.users["stranger"]},
        )
    client = cast.client("stranger")
    refused = client.post("/p/orbit/join")
    assert refused.status_code == 422
    assert 'name="nickname"' in refused.text
    assert client.post("/p/orbit/join", data={"nickname": "小雨二"}).status_code == 303
    assert row(cast, "stranger").nickname == "小雨二"
    refused = client.post("/p/orbit/me/nickname", data={"nickname": "林悦"})
    assert refused.status_code == 422
    assert 'value="林悦"' in refused.text


def test_asking_to_join(cast: Cast) -> None:
    cast.set_planet(joining="approval", join_question="What do you read?")
    client = cast.client("stranger")
    assert "What do you read?" in client.get("/p/orbit/join").text
    refused = client.post("/p/orbit/join", data={"answer": ""})
    assert refused.status_code == 422
    assert client.post("/p/orbit/join", data={"answer": "slowly"}).location == "/p/orbit/about"
    assert "slowly" in client.get("/p/orbit/about").text
    staff = cast.client("admin")
    assert "slowly" in staff.get("/p/orbit/members/requests").text
    public_id = row(cast, "stranger").public_id
    path = f"/p/orbit/members/requests/{public_id}"
    assert staff.post(path, data={"decline": "1", "reason": "x" * 301}).status_code == 422
    assert staff.post(path, data={"decline": "1", "reason": "not yet"}).status_code == 303
    assert staff.post(path).status_code == 409
    assert "not yet" in client.get("/p/orbit/about").text
    client.post("/p/orbit/join", data={"answer": "again"})
    assert staff.post(path).status_code == 303
    assert client.get("/p/orbit").status_code == 200
    assert cast.actor("stranger").standing is Standing.ACTIVE


def test_by_invitation_only(cast: Cast) -> None:
    cast.set_planet(joining="invitation")
    client = cast.client("stranger")
    assert client.post("/p/orbit/join").status_code == 403
    assert "/p/orbit/join" not in client.get("/p/orbit/about").text


def test_the_removed_read_why_and_have_no_door(cast: Cast) -> None:
    client = cast.client("removed")
    page = client.get("/p/orbit/about")
    assert "spam" in page.text
    assert "/p/orbit/join" not in page.text
    assert client.post("/p/orbit/join").status_code == 403


def test_new_rules_stand_before_the_planet_until_accepted(cast: Cast) -> None:
    owner = cast.client("owner")
    data = {"source": "Be *kind*", "based_on": "0"}
    assert owner.post("/p/orbit/rules/edit", data=data).status_code == 303
    assert owner.post("/p/orbit/rules/edit", data={**data, "source": "x"}).status_code == 409
    assert owner.get("/p/orbit").status_code == 200
    member = cast.client("member")
    ahead = member.get("/p/orbit?show=digest")
    assert (ahead.status_code, ahead.location) == (
        303,
        "/p/orbit/rules/accept?next=/p/orbit?show%3Ddigest",
    )
    first = member.get(ahead.location).text
    # Whoever never accepted any is not told of a new version.
    assert "<em>kind</em>" in first and "这里的规则" in first and "规则更新了" not in first
    stale = member.post(ahead.location, data={"version": "7"})
    assert stale.status_code == 422
    put_off = member.post(ahead.location, data={"later": "1"})
    assert put_off.location == "/p/orbit?show=digest"
    assert member.get("/p/orbit").status_code == 200
    assert cast.client("member").get("/p/orbit").status_code == 303
    assert member.post(ahead.location, data={"version": "1"}).status_code == 303
    assert row(cast, "member").rules_version == 1
    assert cast.client("member").get("/p/orbit").status_code == 200
    owner.post("/p/orbit/rules/edit", data={"source": "Be *very kind*", "based_on": "1"})
    again = member.get("/p/orbit", follow_redirects=True)
    assert "<ins>" in again.text
    history = cast.client("visitor").get("/p/orbit/rules/history")
    assert "<ins>" in history.text
    assert cast.client("visitor").get("/p/orbit/rules/history?version=9").status_code == 302


def test_rules_are_shown_and_accepted_when_joining(cast: Cast) -> None:
    actor = cast.actor("owner")
    with unit_of_work():
        publish_rules(actor, planet_id=cast.planet_id, source="Be kind", html="Be kind", based_on=0)
    client = cast.client("stranger")
    assert "Be kind" in client.get("/p/orbit/join").text
    assert client.post("/p/orbit/join").status_code == 422
    assert client.post("/p/orbit/join", data={"rules": "1"}).status_code == 303


def test_former_slugs_redirect_everywhere(cast: Cast) -> None:
    owner = cast.client("owner")
    refused = owner.post("/p/orbit/settings/address", data={"slug": "x"})
    assert refused.status_code == 422
    assert owner.post("/p/orbit/settings/address", data={"slug": "Ellipse"}).status_code == 303
    moved = owner.get("/p/orbit/members?role=admin")
    assert (moved.status_code, moved.location) == (301, "/p/ellipse/members?role=admin")
    assert cast.client("visitor").get("/p/orbit/about").location == "/p/ellipse/about"
    assert owner.post("/p/orbit/leave").status_code == 404
    assert owner.get("/p/nowhere/about").status_code == 404


def test_saving_settings(cast: Cast) -> None:
    owner = cast.client("owner")
    form = {"joining": "approval", "join_question": "", "grace_days": "x", "listed": "1"}
    refused = owner.post("/p/orbit/settings/joining", data=form)
    assert refused.status_code == 422
    assert 'value="x"' in refused.text
    form |= {"join_question": "Why?", "grace_days": "3"}
    assert owner.post("/p/orbit/settings/joining", data=form).status_code == 303
    planet = db.session.get_one(Planet, cast.planet_id)
    assert (planet.joining, planet.join_question, planet.grace_days, planet.listed) == (
        "approval",
        "Why?",
        3,
        True,
    )
    assert owner.get("/p/orbit/settings/nothing").status_code == 404
    assert "轨道" in cast.client("visitor").get("/discover").text
    basics = {"name": "椭圆", "category": "science", "language": "en", "accent": "plum"}
    assert owner.post("/p/orbit/settings", data=basics).status_code == 303
    assert owner.post("/p/orbit/settings", data={**basics, "name": ""}).status_code == 422
    trail = owner.get("/p/orbit/audit?kind=planet").text
    assert "椭圆" in trail
    assert "Why?" in trail


def invite(client: FlaskClient, **form: str) -> str:
    """Invite an address and return the path of a fresh link."""
    data = {"email": "stranger@example.test", "role": "guest", **form}
    assert client.post("/p/orbit/invitations", data=data).status_code == 303
    public_id = db.session.scalar(
        sa.select(Invitation.public_id).where(Invitation.revoked_at.is_(None))
    )
    return copy(client, public_id)


def copy(client: FlaskClient, public_id: str | None) -> str:
    """Return the path of a link as staff are shown it, once."""
    page = client.post(f"/p/orbit/invitations/{public_id}/link").text
    found = re.search(r"http://planet\.test(/invitations/[\w-]+)", page)
    assert found
    return found.group(1)


def test_an_invitation_from_letter_to_guest(cast: Cast) -> None:
    owner = cast.client("owner")
    path = invite(owner, note="Come and write", ends_at="")
    visitor = cast.client("visitor")
    page = visitor.get(path)
    assert "Come and write" in page.text
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert "stranger@example.test" not in page.text
    assert visitor.post(path).status_code == 403
    other = cast.client("member")
    assert other.get(path).status_code == 200
    assert other.post(path).status_code == 200
    assert row(cast, "member").role == "member"
    invited = cast.client("stranger")
    assert invited.get(path).status_code == 200
    assert cast.actor("stranger").standing is Standing.VISITOR
    assert invited.post(path).location == "/p/orbit"
    assert cast.actor("stranger").role == "guest"
    assert invited.get(path).status_code == 410
    assert invited.post(path).status_code == 410


def test_invitations_are_refused_field_by_field(cast: Cast) -> None:
    admin = cast.client("admin")
    for form, kept in (
        ({"email": "nobody", "role": "guest"}, 'value="nobody"'),
        ({"email": "a@example.test", "role": "chief"}, 'value="a@example.test"'),
        ({"email": "a@example.test", "role": "guest", "ends_at": "2020-01-01"}, "2020-01-01"),
        ({"email": "a@example.test", "role": "guest", "ends_at": "soon"}, 'value="soon"'),
    ):
        refused = admin.post("/p/orbit/invitations", data=form)
        assert refused.status_code == 422, form
        assert kept in refused.text
    assert (
        admin.post(
            "/p/orbit/invitations", data={"email": "a@example.test", "role": "admin"}
        ).status_code
        == 403
    )


def test_resending_and_revoking(cast: Cast) -> None:
    owner = cast.client("owner")
    path = invite(owner)
    public_id = db.session.scalar(sa.select(Invitation.public_id))
    assert owner.post(f"/p/orbit/invitations/{public_id}/resend").status_code == 303
    assert owner.post(f"/p/orbit/invitations/{public_id}/revoke").status_code == 303
    assert cast.client("stranger").get(path).status_code == 410
    assert owner.post(f"/p/orbit/invitations/{public_id}/link").status_code == 409
    assert owner.post("/p/orbit/invitations/none/revoke").status_code == 404


def test_a_copied_link_works_beside_the_mails(cast: Cast) -> None:
    owner, stranger = cast.client("owner"), cast.client("stranger")
    mailbox = Mailbox(cast.app)
    # The mail is written after the link was copied, as on a busy day.
    copied = invite(owner)
    mailed = link_in(mailbox.one_to("stranger"))
    assert mailed != copied
    assert stranger.get(mailed).status_code == stranger.get(copied).status_code == 200
    public_id = db.session.scalar(sa.select(Invitation.public_id))
    owner.post(f"/p/orbit/invitations/{public_id}/resend")
    assert stranger.get(copied).status_code == 200
    again = copy(owner, public_id)
    assert stranger.get(copied).status_code == 410, "shown again, it is another one"
    assert stranger.get(mailed).status_code == 200
    assert stranger.post(again).location == "/p/orbit"
    assert stranger.get(mailed).status_code == stranger.get(again).status_code == 410


def test_a_link_copied_of_an_invitation_out_of_date_works(cast: Cast) -> None:
    owner = cast.client("owner")
    invite(owner)
    public_id = db.session.scalar(sa.select(Invitation.public_id))
    with unit_of_work() as session:
        session.execute(sa.update(Invitation).values(expires_at=clock.now()))
    path = copy(owner, public_id)
    assert cast.client("stranger").get(path).status_code == 200


def test_staff_act_on_a_member(cast: Cast) -> None:
    owner = cast.client("owner")
    path = f"/p/orbit/members/{row(cast, 'member').public_id}"
    assert owner.get(path).status_code == 200
    day = (clock.now() + timedelta(days=9)).date().isoformat()
    for act, form, status in (
        ("role", {"role": "chief"}, 422),
        ("role", {"role": "guest"}, 303),
        ("end", {"ends_at": "never"}, 422),
        ("end", {"ends_at": day}, 303),
        ("mute", {"days": "2"}, 422),
        ("mute", {"days": "3", "reason": "heat"}, 303),
        ("unmute", {}, 303),
        ("isolate", {}, 303),
        ("release", {}, 303),
        ("remove", {"reason": ""}, 422),
        ("remove", {"reason": "spam"}, 303),
    ):
        assert owner.post(f"{path}/{act}", data=form).status_code == status, act
    assert cast.client("member").get("/p/orbit/me").status_code == 403
    assert owner.get(path).status_code == 200
    assert owner.post(f"{path}/readmit").status_code == 303
    assert owner.post(f"{path}/readmit").status_code == 409
    trail = owner.get("/p/orbit/audit?kind=people").text
    assert "heat" in trail
    assert "spam" in trail


@pytest.mark.parametrize("persona", ["guest", "member", "expired", "stranger"])
def test_others_cannot_even_see_the_staff_page_of_a_member(cast: Cast, persona: str) -> None:
    path = f"/p/orbit/members/{row(cast, 'other').public_id}"
    client = cast.client(persona)
    assert client.get(path).status_code == 403
    missing = client.get("/p/orbit/members/none")
    assert missing.status_code == 403
    for act in ("role", "end", "mute", "unmute", "isolate", "release", "remove", "readmit"):
        assert client.post(f"{path}/{act}", data={"reason": "x"}).status_code == 403
        assert client.post(f"/p/orbit/members/none/{act}").status_code == 403
    assert row(cast, "other").removed_at is None


def test_handing_over(cast: Cast) -> None:
    owner = cast.client("owner")
    member = row(cast, "partner").public_id
    form = {"member": member, "confirmation": "no"}
    assert owner.post("/p/orbit/hand-over", data=form).status_code == 422
    assert owner.post("/p/orbit/hand-over", data={**form, "member": ""}).status_code == 422
    form["confirmation"] = "orbit"
    assert owner.post("/p/orbit/hand-over", data=form).status_code == 303
    assert owner.get("/p/orbit/hand-over").status_code == 403
    assert cast.client("partner").get("/p/orbit/hand-over").status_code == 200


def test_pinning(cast: Cast) -> None:
    client = cast.client("member")
    assert client.post("/p/orbit/pin").location == "/"
    assert row(cast, "member").pinned_at is not None
    assert client.post("/p/orbit/pin", data={"unpin": "1", "next": "//evil"}).location == "/"
    assert row(cast, "member").pinned_at is None


def test_lists_page_by_page_and_narrowed(cast: Cast) -> None:
    people = [newcomer(n, name=f"读者{n:03}") for n in range(60)]
    with unit_of_work() as session:
        for n, user_id in enumerate(people):
            session.add(
                Membership(
                    planet_id=cast.planet_id,
                    user_id=user_id,
                    number=100 + n,
                    joined_at=clock.now(),
                    read_through_at=clock.now(),
                )
            )
    client = cast.client("owner")
    first = client.get("/p/orbit/members").text
    more = re.search(r'href="(/p/orbit/members\?after=\w+)"', first)
    assert more
    second = client.get(more.group(1)).text
    names = re.findall(r"读者\d{3}", first + second)
    assert sorted(set(names)) == [f"读者{n:03}" for n in range(60)]
    assert "读者007" in client.get("/p/orbit/members?name=者007").text
    assert "读者007" in client.get("/p/orbit/members?name=%23107").text
    assert "钱多" in client.get("/p/orbit/members?standing=removed").text
    assert "林悦" not in client.get("/p/orbit/members?role=guest").text.partition("<table")[2]
    assert client.get("/p/orbit/members?name=nobody").status_code == 200


def test_pages_bear_the_readers_number_while_the_planet_wants_it(cast: Cast) -> None:
    mark = f"轨道 #{row(cast, 'member').number}"
    assert mark in cast.client("member").get("/p/orbit").text
    assert 'class="watermark"' not in cast.client("visitor").get("/p/orbit/about").text
    assert 'class="watermark"' not in cast.client("expired").get("/p/orbit/about").text
    cast.set_planet(watermark=False)
    assert 'class="watermark"' not in cast.client("member").get("/p/orbit").text


def test_the_trail_has_words_for_every_act_and_pages_that_miss_none(cast: Cast) -> None:
    acts = [*ACTS, "unheard.of"]
    with unit_of_work():
        for n, act in enumerate(acts * 4):
            record(
                act,
                actor_id=cast.users["owner"],
                planet_id=cast.planet_id,
                subject=("membership", row(cast, "member").id),
                reason=f"reason-{n:03}",
            )
    client, path, seen = cast.client("admin"), "/p/orbit/audit", ""
    for _page in range(10):
        page = client.get(path).text
        seen += page
        older = re.search(r'rel="next" href="([^"]+)"', page)
        if older is None:
            break
        path = older.group(1).replace("&amp;", "&")
    found = re.findall(r"reason-\d{3}", seen)
    assert found == [f"reason-{n:03}" for n in reversed(range(len(acts) * 4))]
    assert "unheard.of" in seen
    assert not [act for act in ACTS if act in seen]
    for kind in KINDS:
        assert client.get(f"/p/orbit/audit?kind={kind}").status_code == 200
