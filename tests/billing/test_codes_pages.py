"""Pages of codes and complimentary access: the way through the doors, on both engines."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.billing.actions.codes import forget_seeds
from app.billing.codebook import read_code
from app.billing.house import house
from app.billing.models import CodeBatch, CodeUse, CompOffer, RedemptionCode
from app.kernel import clock
from app.kernel.audit import AuditEntry
from app.kernel.db import db
from app.policy import Standing
from tests.cast import Cast
from tests.memberships.people import row

FORM = {"name": "八月活动", "size": "2", "lasts": "30", "unit": "days", "uses": "1"}


def downloaded(cast: Cast, **form: str) -> list[str]:
    """Make a batch and download its codes as staff do."""
    staff = cast.client("admin")
    assert staff.post("/p/orbit/codes", data={**FORM, **form}).status_code == 303
    page = staff.get("/p/orbit/codes").get_data(as_text=True)
    address = page.split("/download")[0].rsplit('"', 1)[1] + "/download"
    answer = staff.post(address)
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    # Once more, should the file be lost (issue 8); then never again.
    assert staff.post(address).get_data() == answer.get_data()
    again = staff.post(address)
    assert again.status_code == 303 and "/codes" in again.headers["Location"]
    lines = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
    assert all(line["link"].endswith(f"/p/orbit/redeem?code={line['code']}") for line in lines)
    return [line["code"] for line in lines]


def test_a_batch_is_made_downloaded_once_and_redeemed_by_its_link(cast: Cast) -> None:
    first, second = downloaded(cast, prefix="vip")
    assert first.startswith("VIP-")
    stranger = cast.client("stranger")
    filled = stranger.get(f"/p/orbit/redeem?code={first}").get_data(as_text=True)
    code = read_code(first)
    assert code is not None and code[:4] in filled
    # Opening the page uses nothing up.
    assert db.session.scalar(sa.select(sa.func.count()).select_from(CodeUse)) == 0
    assert stranger.post("/p/orbit/redeem", data={"code": first}).status_code == 303
    assert cast.actor("stranger").standing is Standing.ACTIVE
    page = cast.client("owner").get("/p/orbit/codes").get_data(as_text=True)
    assert "1 / 2" in page and second[-4:] not in page


def test_what_is_wrong_is_said_and_what_was_typed_stays(cast: Cast) -> None:
    staff = cast.client("admin")
    answer = staff.post("/p/orbit/codes", data={**FORM, "size": "0", "name": "读书周"})
    assert answer.status_code == 422 and "读书周" in answer.get_data(as_text=True)
    stranger = cast.client("stranger")
    answer = stranger.post("/p/orbit/redeem", data={"code": "WRONG-CODE"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "WRONG-CODE" in page and "输入有误" in page


def test_too_many_wrong_tries_are_answered_429(cast: Cast) -> None:
    stranger = cast.client("stranger")
    answers = [stranger.post("/p/orbit/redeem", data={"code": "x"}).status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]


def test_a_visitor_signs_in_and_comes_back_to_the_filled_page(cast: Cast) -> None:
    answer = cast.client("visitor").get("/p/orbit/redeem?code=ABC")
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith("next=/p/orbit/redeem?code%3DABC")


def test_revoking_asks_for_a_reason(cast: Cast) -> None:
    (code,) = downloaded(cast, size="1")
    staff = cast.client("admin")
    page = staff.get("/p/orbit/codes").get_data(as_text=True)
    address = page.split('/revoke"')[0].rsplit('"', 1)[1] + "/revoke"
    assert staff.post(address).status_code == 422
    data = {"code": code, "reason": "公开贴出"}
    assert staff.post("/p/orbit/codes/revoke", data={"code": code}).status_code == 422
    assert staff.post("/p/orbit/codes/revoke", data=data).status_code == 303
    assert db.session.scalar(sa.select(RedemptionCode.revoked_at)) is not None
    assert staff.post(address, data={"reason": "取消"}).status_code == 303
    trail = staff.get("/p/orbit/audit?kind=access").get_data(as_text=True)
    assert "公开贴出" in trail and "取消" in trail and "八月活动" in trail


def test_the_landing_page_leads_to_the_code(cast: Cast) -> None:
    cast.set_planet(paid=True)
    for persona in ("visitor", "stranger", "expired"):
        page = cast.client(persona).get("/p/orbit/about").get_data(as_text=True)
        assert "/p/orbit/redeem" in page
    assert "/p/orbit/redeem" in cast.client("member").get("/p/orbit/me").get_data(as_text=True)
    for persona in ("owner", "other"):
        page = cast.client(persona).get("/p/orbit/me").get_data(as_text=True)
        assert "/p/orbit/redeem" not in page


COMP = {"how": "days", "days": "30", "reason": "义工", "token": "a-one-time-token-of-a-form"}


def test_access_is_given_to_chosen_members_and_revoked(cast: Cast) -> None:
    staff = cast.client("admin")
    chosen = row(cast, "expired").public_id
    page = staff.get(f"/p/orbit/comps?m={chosen}").get_data(as_text=True)
    assert "何平" in page and "addresses" not in page
    assert staff.post("/p/orbit/comps", data={**COMP, "m": chosen}).status_code == 303
    assert cast.actor("expired").standing is Standing.ACTIVE
    page = staff.get("/p/orbit/comps").get_data(as_text=True)
    address = page.split('/revoke"')[0].rsplit('"', 1)[1] + "/revoke"
    assert staff.post(address, data={"reason": ""}).status_code == 422
    assert staff.post(address, data={"reason": "弄错了人"}).status_code == 303
    assert cast.actor("expired").standing is Standing.EXPIRED


def test_the_answer_is_the_same_whoever_has_an_account(cast: Cast) -> None:
    staff = cast.client("admin")
    pages = []
    for address in ("stranger@example.test", "nobody99@example.test"):
        answer = staff.post("/p/orbit/comps", data={**COMP, "addresses": address})
        page = staff.get(answer.headers["Location"]).get_data(as_text=True)
        pages.append(page.split("<main")[1].split("</form>")[0])
        offer = db.session.query(CompOffer).filter_by(email=address).one()
        staff.post(f"/p/orbit/offers/{offer.public_id}/revoke")
        staff.get("/p/orbit/comps")
    shown = ["".join(line for line in page.splitlines() if "token" not in line) for page in pages]
    assert shown[0] == shown[1]


def test_an_offer_is_found_and_taken_up_by_its_owner(cast: Cast) -> None:
    cast.client("admin").post("/p/orbit/comps", data={**COMP, "addresses": "stranger@example.test"})
    stranger = cast.client("stranger")
    page = stranger.get("/p/orbit/redeem").get_data(as_text=True)
    address = page.split("/p/orbit/redeem/")[1].split('"')[0]
    assert "/p/orbit/redeem/" not in cast.client("expired").get("/p/orbit/redeem").get_data(
        as_text=True
    )
    assert stranger.post(f"/p/orbit/redeem/{address}").status_code == 303
    assert cast.actor("stranger").standing is Standing.ACTIVE


def test_a_form_of_complimentary_access_that_is_wrong_comes_back(cast: Cast) -> None:
    staff = cast.client("admin")
    for change in ({"how": ""}, {"days": "0"}, {"how": "until"}, {"reason": ""}, {"addresses": ""}):
        data = {**COMP, "addresses": "a@example.test", **change}
        assert staff.post("/p/orbit/comps", data=data).status_code == 422
    assert db.session.query(CompOffer).count() == 0


def files_of(cast: Cast, batch: str, *personas: str) -> list[str]:
    """Let people download a batch one after the other; returns the files, "" for a refusal."""
    address = f"/p/orbit/codes/{batch}/download"
    answers = [cast.client(persona).post(address) for persona in personas]
    return [a.get_data(as_text=True) if a.mimetype == "text/csv" else "" for a in answers]


def made(cast: Cast, **form: str) -> str:
    """Make a batch as an admin does; returns its public id."""
    assert cast.client("admin").post("/p/orbit/codes", data={**FORM, **form}).status_code == 303
    return (
        db.session.scalars(sa.select(CodeBatch.public_id).order_by(CodeBatch.id.desc())).first()
        or ""
    )


def test_a_lost_file_is_had_again_once_within_an_hour_by_who_made_it(
    cast: Cast, noon: datetime
) -> None:
    batch = made(cast)
    (first,) = files_of(cast, batch, "admin")
    assert "再次下载" in cast.client("admin").get("/p/orbit/codes").text
    assert "再次下载" not in cast.client("owner").get("/p/orbit/codes").text
    with clock.fixed(noon + timedelta(minutes=59)):
        assert files_of(cast, batch, "owner", "partner", "admin", "admin") == ["", "", first, ""]
    assert "再次下载" not in cast.client("admin").get("/p/orbit/codes").text
    trail = db.session.scalars(
        sa.select(AuditEntry.action).where(AuditEntry.action.startswith("codes."))
    )
    assert list(trail) == ["codes.make", "codes.download", "codes.repeat"]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(RedemptionCode)) == 2


def test_after_an_hour_nothing_is_left_to_make_the_codes_from(cast: Cast, noon: datetime) -> None:
    late, waiting = made(cast), made(cast)
    files_of(cast, late, "admin")
    with clock.fixed(noon + timedelta(hours=1)):
        assert files_of(cast, late, "admin") == [""]
        assert forget_seeds() == 1
        assert forget_seeds() == 0
        assert all(files_of(cast, waiting, "admin"))
    seeds = db.session.scalars(sa.select(CodeBatch.seed).order_by(CodeBatch.id)).all()
    assert [bool(seed) for seed in seeds] == [False, True]


def test_a_revoked_batch_or_another_key_gives_nothing_again(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, revoked = made(cast), made(cast)
    assert all([*files_of(cast, other, "admin"), *files_of(cast, revoked, "admin")])
    cast.client("admin").post(f"/p/orbit/codes/{revoked}/revoke", data={"reason": "泄露"})
    monkeypatch.setattr(house, "signing_key", "another-key")
    assert files_of(cast, other, "admin") == files_of(cast, revoked, "admin") == [""]
