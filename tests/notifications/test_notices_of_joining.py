"""Notices of joining, roles and invitations."""

import sqlalchemy as sa

from app.kernel.db import db, unit_of_work
from app.memberships import actions
from app.memberships.actions import Offer
from app.memberships.models import Invitation
from app.memberships.queries import get_row
from app.policy import PlanetRole
from tests.accounts.browser import Visitor
from tests.cast import Cast
from tests.discussion.threads import member_id
from tests.notifications.mailbox import Mailbox, html_of, link_in, text_of
from tests.notifications.telling import kinds, said


def ask_to_join(cast: Cast, persona: str = "stranger") -> None:
    cast.set_planet(joining="approval", join_question="为什么？")
    with unit_of_work():
        actions.request_to_join(cast.actor(persona), answer="想学。", nickname="", rules_version=0)


def decide(cast: Cast, persona: str, *, welcome: bool) -> None:
    who = member_id(cast, persona)
    with unit_of_work():
        actor = cast.actor("admin")
        member = get_row(actor, who)
        if welcome:
            actions.approve(actor, member=member)
        else:
            actions.decline(actor, member=member, reason="下次吧。")


def invite(cast: Cast, email: str, **values: object) -> int:
    offer = Offer(**{"email": email, "role": PlanetRole.GUEST, **values})  # type: ignore[arg-type]
    with unit_of_work():
        return actions.invite(cast.actor("owner"), offer=offer).id


def test_staff_are_told_who_asks(cast: Cast, mailbox: Mailbox) -> None:
    ask_to_join(cast)
    for persona in ("owner", "partner", "admin"):
        assert said(cast, persona) == ["冯远 asks to join 轨道."]
        assert len(mailbox.to(persona)) == 1
    assert kinds(cast, "guest") == kinds(cast, "member") == []


def test_the_applicant_is_told_the_decision(cast: Cast) -> None:
    ask_to_join(cast)
    assert kinds(cast, "owner") == ["join_requested"]
    decide(cast, "stranger", welcome=False)
    assert said(cast, "stranger") == ["Your request to join 轨道 was declined."]
    ask_to_join(cast)
    assert kinds(cast, "owner") == ["join_requested"] * 2
    decide(cast, "stranger", welcome=True)
    assert said(cast, "stranger")[1:] == ["You are in: welcome to 轨道."]


def test_a_request_that_is_settled_already_is_no_news(cast: Cast) -> None:
    """The event waited, the decision came first."""
    ask_to_join(cast)
    decide(cast, "stranger", welcome=True)
    assert kinds(cast, "owner") == []


def test_who_joins_an_open_planet_is_told_nothing(cast: Cast) -> None:
    with unit_of_work():
        actions.join(cast.actor("stranger"), nickname="", rules_version=0)
    assert kinds(cast, "stranger") == []


def test_a_new_role_is_told_as_it_is_now(cast: Cast) -> None:
    who = member_id(cast, "member")
    for role in (PlanetRole.ADMIN, PlanetRole.GUEST):
        with unit_of_work():
            actor = cast.actor("owner")
            actions.set_role(actor, member=get_row(actor, who), role=role, ends_at=None)
        assert said(cast, "member", "zh_Hans")[-1] == (
            f"你在“轨道”的身份现在是：{'管理员' if role is PlanetRole.ADMIN else '嘉宾'}。"
        )
    assert kinds(cast, "member") == ["role_changed"] * 2


def test_an_invitation_goes_to_the_address(cast: Cast, mailbox: Mailbox) -> None:
    invite(cast, "new@example.test", note="来讲讲<b>天文</b>吧。")
    mail = mailbox.one_to("new@example.test")
    # The planet is a Chinese one.
    assert mail["Subject"] == "Planetarium：有人邀请你"
    assert "林悦 邀请你加入 Planetarium 上的“轨道”，身份是嘉宾。" in text_of(mail)
    assert "来讲讲<b>天文</b>吧。" in text_of(mail)
    assert "&lt;b&gt;" in html_of(mail) and "<b>" not in html_of(mail)
    assert Visitor(cast.app).get(link_in(mail)).status_code in (200, 303)
    assert db.session.scalar(sa.select(Invitation.token_hash)) is not None


def test_who_has_an_account_is_told_in_the_page_too(cast: Cast, mailbox: Mailbox) -> None:
    invite(cast, "stranger@example.test")
    assert said(cast, "stranger") == ["林悦 invites you to 轨道."]
    assert len(mailbox.to("stranger")) == 1


def test_an_accepted_invitation_stays_readable(cast: Cast) -> None:
    invitation_id = invite(cast, "stranger@example.test")
    assert said(cast, "stranger") == ["林悦 invites you to 轨道."]
    with unit_of_work() as session:
        row = session.get_one(Invitation, invitation_id)
        actions.accept_invitation(
            cast.actor("stranger"), invitation=row, nickname="", rules_version=0
        )
    assert said(cast, "stranger") == ["林悦 invites you to 轨道."]


def test_a_revoked_invitation_is_not_shown_and_not_mailed(cast: Cast, mailbox: Mailbox) -> None:
    invitation_id = invite(cast, "stranger@example.test")
    assert said(cast, "stranger") != [None]
    with unit_of_work() as session:
        row = session.get_one(Invitation, invitation_id)
        actions.revoke_invitation(cast.actor("owner"), invitation=row)
    assert said(cast, "stranger") == [None]
    late = invite(cast, "late@example.test")
    with unit_of_work() as session:
        row = session.get_one(Invitation, late)
        actions.revoke_invitation(cast.actor("owner"), invitation=row)
    assert mailbox.to("late@example.test") == []


def test_sent_again_it_has_a_new_link(cast: Cast, mailbox: Mailbox) -> None:
    invitation_id = invite(cast, "new@example.test")
    first = link_in(mailbox.one_to("new@example.test"))
    mailbox.empty()
    with unit_of_work() as session:
        row = session.get_one(Invitation, invitation_id)
        actions.resend_invitation(cast.actor("owner"), invitation=row)
    second = link_in(mailbox.one_to("new@example.test"))
    assert first != second
    assert Visitor(cast.app).get(first).status_code in (404, 410)
