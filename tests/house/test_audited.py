"""Every route that takes rows away as a file, and every act on an account, stands in the trail; names and
addresses do not. The lists are written by hand: a new route has to choose."""

from __future__ import annotations

import ast
import inspect

import sqlalchemy as sa
from flask import Flask

from app.blueprints.memberships.audit_words import ACTS
from app.kernel.audit import AuditEntry
from app.kernel.db import db
from tests.cast import PASSWORD, Cast
from tests.house.flows import ROOT

# Endpoint of a route that answers with a file -> what it writes, and its address.
EXPORTS = {
    "billing.export_subscriptions": ("export.members", "/subscriptions/export"),
    "billing.ledger_file": ("export.ledger", "/ledger.csv"),
    "billing.settlements_file": ("export.settlements", "/settlements.csv"),
    "insights.download": ("export.numbers", "/numbers/income.csv"),
}
# Codes are downloaded by a form: tests/billing/test_codes_pages.py asks for its rows.
BY_FORM = {"billing.download_codes": "codes.download"}
# What is a file, but no export of others' rows.
NO_EXPORT = {"media.show", "media.thumbnail", "media._serve", "static"}
# What an entry's data may be called. `name` and `title` are those of plans, coupons, batches, columns and
# tags (and an order's public id), never a person's; `to` and `into` are tags' and the kind of payments.
TOLD = {
    "after", "admin", "amount", "before", "chosen", "count", "currency", "days", "ends", "given",
    "into", "month", "months", "name", "of", "orders", "people", "percent", "plan", "public_id",
    "role", "seconds", "shown", "slug", "subscriptions", "table", "tail", "title", "to", "until",
    "uses", "version",
}  # fmt: skip
SAID = {"actor_id", "planet_id", "subject", "reason", "action"}
ENGLISH = {"Accept-Language": "en"}


def entries() -> list[tuple[str, dict[str, object]]]:
    rows = db.session.execute(
        sa.select(AuditEntry.action, AuditEntry.data).order_by(AuditEntry.id)
    ).all()
    db.session.rollback()
    return [(action, data) for action, data in rows]


def test_every_route_that_answers_with_a_sheet_is_listed(app: Flask) -> None:
    found = set()
    for endpoint, view in app.view_functions.items():
        source = inspect.getsource(inspect.unwrap(view)) if endpoint != "static" else ""
        if "text/csv" in source or "sheet(" in source.replace("stylesheet(", ""):
            found.add(endpoint)
    found -= NO_EXPORT | {one for one in found if one.startswith("styleguide")}
    assert found == set(EXPORTS) | set(BY_FORM)


def test_every_export_is_written_down(cast: Cast) -> None:
    owner, lines = cast.client("owner"), dict[str, int]()
    for action, path in EXPORTS.values():
        answer = owner.get(f"/p/{cast.slug}{path}")
        assert answer.status_code == 200, path
        lines[action] = len(answer.text.splitlines()) - 1
        assert entries()[-1][0] == action
        assert action in ACTS
    told = dict(entries())
    assert told["export.members"]["count"] == lines["export.members"] > 10
    assert told["export.numbers"] == {"table": "income", "months": 12}
    assert cast.client("member").get(f"/p/{cast.slug}/ledger.csv").status_code == 403
    assert len(entries()) == len(EXPORTS)
    trail = owner.get(f"/p/{cast.slug}/audit?kind=downloads", headers=ENGLISH).text
    for act in ("the list of members", "the ledger", "the statement", "a table of numbers"):
        assert f"downloaded {act}" in trail
    assert "Income" in trail


def test_acts_on_ones_own_account_are_written_down(cast: Cast) -> None:
    member = cast.client("member")
    cast.sign_in("member")
    assert member.post("/account/sessions/end-others").status_code == 303
    new = "another long passphrase"
    form = {"current_password": PASSWORD, "password": new}
    answer = member.post("/account/password", data=form, headers=ENGLISH)
    assert answer.status_code == 303, answer.text
    assert entries() == [
        ("account.sign_out_others", {"count": 0}),
        ("account.password", {}),
    ]


def test_no_entry_is_given_a_name_or_an_address() -> None:
    """Every keyword with which an entry is written, wherever in the application."""
    unknown = []
    for path in (ROOT / "app").rglob("*.py"):
        tree = ast.parse(path.read_text())
        if "audit" not in path.read_text() and "trail" not in path.read_text():
            continue
        for call in ast.walk(tree):
            name = getattr(getattr(call, "func", None), "attr", None) or getattr(
                getattr(call, "func", None), "id", None
            )
            if isinstance(call, ast.Call) and name in {"record", "note", "note_export"}:
                unknown += [
                    (path.name, word.arg)
                    for word in call.keywords
                    if word.arg and word.arg not in TOLD | SAID
                ]
    assert unknown == []
