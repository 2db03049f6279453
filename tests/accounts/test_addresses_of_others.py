"""Staff forms take the addresses that signing up takes: others no account could ever have."""

from __future__ import annotations

import html

import pytest
import sqlalchemy as sa

from app.billing.models import CompOffer
from app.kernel.db import db
from app.memberships.models import Invitation
from tests.cast import Cast

WORDS = "This does not look like an e-mail address."
ENGLISH = {"Accept-Language": "en"}
REFUSED = (
    "nobody",
    "a@example",
    "a..b@example.test",
    ".a@example.test",
    "a@-example.test",
    "a@example_x.test",
    "李雷@example.test",
    f"{'a' * 65}@example.test",
    "“a”@example.test",
)
INVITATION = {"role": "guest", "note": "Come and write"}
GIFT = {"how": "days", "days": "31", "reason": "for the talk", "token": "t" * 20}


@pytest.mark.parametrize("address", REFUSED)
def test_what_signing_up_refuses_staff_forms_refuse(cast: Cast, address: str) -> None:
    visitor, owner = cast.client("visitor"), cast.client("owner")
    wish = {"name": "许楠", "email": address, "password": "orbit of the seventh moon"}
    for client, path, data, kept in (
        (visitor, "/sign-up", wish, "许楠"),
        (owner, "/p/orbit/invitations", {**INVITATION, "email": address}, "Come and write"),
        (owner, "/p/orbit/comps", {**GIFT, "addresses": address}, "for the talk"),
    ):
        answer = client.post(path, data=data, headers=ENGLISH)
        page = html.unescape(answer.text)
        assert answer.status_code == 422, path
        assert WORDS in page, path
        assert address in page and kept in page, path


def test_an_address_is_stored_as_its_account_has_it(cast: Cast) -> None:
    owner = cast.client("owner")
    typed = " Lin＠Bücher.example "
    owner.post("/p/orbit/invitations", data={**INVITATION, "email": typed})
    owner.post("/p/orbit/comps", data={**GIFT, "addresses": f"{typed}, lin@xn--bcher-kva.example"})
    for column in (Invitation.email, CompOffer.email):
        assert db.session.scalars(sa.select(column)).all() == ["lin@xn--bcher-kva.example"]
