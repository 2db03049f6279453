"""Blanking a reason in the trail: the owner at the page, the keeper at the command line."""

from __future__ import annotations

import sqlalchemy as sa

from app.kernel.audit import BLANKED, AuditEntry
from app.kernel.db import db, unit_of_work
from app.memberships.actions.discipline import isolate
from app.memberships.models import Membership
from tests.cast import Cast

ENGLISH = {"Accept-Language": "en"}
WORDS = "何平 住在三号楼"


def written(cast: Cast) -> str:
    with unit_of_work() as session:
        other = session.query(Membership).filter_by(user_id=cast.users["other"]).one()
        isolate(cast.actor("owner"), member=other, reason=WORDS)
    return str(db.session.scalar(sa.select(AuditEntry.public_id)))


def reasons() -> list[tuple[str, str]]:
    rows = db.session.execute(
        sa.select(AuditEntry.action, AuditEntry.reason).order_by(AuditEntry.id)
    )
    found = [(action, reason) for action, reason in rows]
    db.session.rollback()
    return found


def test_the_owner_blanks_a_reason_and_the_trail_says_so(cast: Cast) -> None:
    entry = written(cast)
    owner, path = cast.client("owner"), f"/p/{cast.slug}/audit"
    assert f"{path}/{entry}/blank" in owner.get(path).text
    assert f"{path}/{entry}/blank" not in cast.client("admin").get(path).text
    assert WORDS in owner.get(f"{path}/{entry}/blank").text
    empty = owner.post(f"{path}/{entry}/blank", data={"reason": " "})
    assert empty.status_code == 422
    long = owner.post(f"{path}/{entry}/blank", data={"reason": "长" * 301})
    assert long.status_code == 422 and "长" * 301 in long.text
    assert owner.post(f"{path}/{entry}/blank", data={"reason": "本人要求"}).status_code == 303
    assert reasons() == [("member.isolate", BLANKED), ("audit.blank", "本人要求")]
    trail = owner.get(path, headers=ENGLISH).text
    assert WORDS not in trail and BLANKED not in trail
    assert "The reason was blanked." in trail and "blanked a reason" in trail
    assert owner.get(f"{path}/{entry}/blank").status_code == 404
    assert owner.post(f"{path}/{entry}/blank", data={"reason": "再来"}).status_code == 404


def test_the_keeper_blanks_at_the_command_line(cast: Cast) -> None:
    entry = written(cast)
    run = cast.app.test_cli_runner().invoke
    assert run(args=["audit", "blank", "nothing", "--why", "x", "--yes"]).exit_code == 1
    told = run(args=["audit", "blank", entry, "--why", "法院命令", "--yes"])
    db.session.rollback()
    assert told.exit_code == 0, told.output
    assert reasons() == [("member.isolate", BLANKED), ("audit.blank", "法院命令")]


def test_the_keeper_reads_the_trail_of_the_site(cast: Cast) -> None:
    run = cast.app.test_cli_runner().invoke
    run(args=["people", "appoint", "member@example.test"])
    run(args=["people", "sign-out", "member@example.test"])
    listed = run(args=["audit", "list"]).output
    db.session.rollback()
    assert "site.appoint by command line: 王小雨" in listed
    assert "account.sign_out_all by command line: 王小雨 count=" in listed
    assert "example.test" not in listed
    assert "site.appoint" not in run(args=["audit", "list", "--kind", "account"]).output
    db.session.rollback()
