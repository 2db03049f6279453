"""Breaking what billing, numbers and memberships promise, over HTTP: ids of other planets, forged fields,
people whose rights are over, formulas in files, forms from elsewhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.accounts.models import User
from app.billing.gateway import gateways
from app.billing.models import Order, Payment, Refund
from app.blueprints.insights.words import HEADS
from app.kernel import clock
from app.kernel.audit import AuditEntry
from app.kernel.db import Base, db, unit_of_work
from app.kernel.limits import RateCounter
from app.memberships.models import Entitlement, Invitation, Membership
from app.planets.models import Planet
from app.policy import PlanetRole
from tests.billing.asking import ask_paid, cost
from tests.billing.buying import buy, open_order, sell, work
from tests.billing.stripe_double import StripeDouble
from tests.cast import Cast
from tests.discussion.threads import member_id
from tests.policy import grid_billing, grid_codes, grid_people
from tests.policy.access_props import access_props
from tests.policy.grid_rows import COLUMNS
from tests.policy.stage import trail_entry
from tests.policy.stage_shop import shelf

TOKEN = "a-token-of-a-form-00"
# Enough for each form to be taken if only the ids were ours.
FORM = {"reason": "好", "token": TOKEN, "days": "5", "ends_at": "2030-01-01", "way": "full",
        "ends": "now", "percent": "10", "name": "好", "amount": "9.90", "currency": "CNY", "mode": "pass",
        "term": "year", "term_count": "1", "memo": "01", "role": "guest", "answer": "yes", "deed": "portal",
        "preset": "49", "plan": "{plan}", "member": "{m_guest}", "m": "{m_member}", "ref": "evt_orbit",
        "email": "x@example.test", "payment": "1"}  # fmt: skip
# Rows of topics, and of the one who is in both planets.
ALSO_THERE = {"{t_sample}", "{u_stranger}"}
# A signature is the right to send these: there is none in what the test sends.
SIGNED = {"billing.hear_stripe", "notifications.stop_mail"}
ROOMS = ("billing", "insights", "memberships", "notifications")
WRITTEN_BY_READING = {"rate_counters", "user_sessions", "funnel_marks"}


@pytest.fixture
def names(cast: Cast) -> dict[str, str]:
    """Return the ids of everything in the cast's planet that addresses of money and people name."""
    found = {**shelf(cast), **access_props(cast)}
    for persona in COLUMNS:
        if persona not in ("visitor", "stranger"):
            found[f"m_{persona}"] = member_id(cast, persona)
            found[f"u_{persona}"] = cast.public_ids[persona]
    moment = clock.now()
    with unit_of_work() as session:
        for name, role in (("invitation", "guest"), ("team_invitation", "admin")):
            row = Invitation(
                planet_id=cast.planet_id,
                email=f"{name}@example.test",
                role=role,
                token_hash=name.ljust(64, "0"),
                created_at=moment,
                created_by=cast.users["owner"],
                expires_at=moment + timedelta(days=14),
            )
            session.add(row)
            session.flush()
            found[name] = row.public_id
        session.add(entry := trail_entry(cast))
        session.flush()
        found["entry"] = entry.public_id
    return found


@pytest.fixture
def ellipse(cast: Cast) -> str:
    """Return the address of another planet: the stranger owns it, `muted` is its member."""
    moment = clock.now()
    with unit_of_work() as session:
        planet = Planet(
            slug="ellipse",
            name="椭圆",
            created_at=moment,
            created_by=cast.users["stranger"],
            paid=True,
            transfer_note="银行",
            next_number=3,
        )
        session.add(planet)
        session.flush()
        people = (("stranger", PlanetRole.OWNER), ("muted", PlanetRole.MEMBER))
        for number, (persona, role) in enumerate(people, start=1):
            session.add(
                Membership(
                    planet_id=planet.id,
                    user_id=cast.users[persona],
                    role=role.value,
                    number=number,
                    name_key=persona,
                    joined_at=moment,
                    read_through_at=moment,
                )
            )
    return "/p/ellipse"


def _tables() -> dict[str, list[tuple[object, ...]]]:
    """Return every row of the database, but what reading alone writes."""
    db.session.rollback()
    found = {
        table.name: sorted((tuple(row) for row in db.session.execute(table.select())), key=repr)
        for table in Base.metadata.sorted_tables
        if table.name not in WRITTEN_BY_READING
    }
    db.session.rollback()
    return found


def _changed(before: dict[str, list[tuple[object, ...]]]) -> list[str]:
    after = _tables()
    return [name for name in before if before[name] != after[name]]


def _rows() -> Iterator[tuple[str, str]]:
    """Yield method and address of every row of the grid that names a thing of a planet."""
    for area in (grid_billing, grid_codes, grid_people):
        for row in area.GRID:
            method, address = row.split(" ")[:2]
            if (
                address.count("{") > 1
                and "{p}" in address
                and not ALSO_THERE & set(address.split("/"))
            ):
                yield method, address


def test_no_door_of_another_planet_opens_a_thing_of_ours(
    cast: Cast, names: dict[str, str], ellipse: str
) -> None:
    """Every row of the grid with ids of ours, asked in a planet that is one's own, or open to one."""
    form = {key: value.format(**names) for key, value in FORM.items()}
    clients = {persona: cast.client(persona) for persona in ("stranger", "grace")}
    before = _tables()
    for method, address in _rows():
        path = address.format(p=ellipse, **names)
        got = {
            persona: client.open(path, method=method, data=form).status_code
            for persona, client in clients.items()
        }
        # An owner buys nothing, and a visitor looks after nothing: both are told so first.
        assert set(got.values()) <= {403, 404}, (address, got)
        assert 404 in got.values(), (address, got)
    assert _changed(before) == []


def test_no_form_of_another_planet_names_a_thing_of_ours(
    cast: Cast, names: dict[str, str], ellipse: str
) -> None:
    """Ids in fields: of plans, members, codes, webhooks, of many at once."""
    client, visitor = cast.client("stranger"), cast.client("grace")
    theirs = db.session.scalars(
        sa.select(Membership.public_id).where(Membership.user_id == cast.users["muted"])
    ).all()
    mine = next(one for one in theirs if one != names["m_muted"])
    plan = sell(cast)
    given = {"reason": "好", "token": TOKEN, "days": "5", "how": "days"}
    wish = {"name": "好", "size": "1", "uses": "1", "lasts": "1", "unit": "days"}
    paid = open_order(cast, "member", plan)
    before = _tables()
    for address, form, status in (
        ("/shares", {"member": names["m_guest"], "percent": "10"}, 422),
        ("/shares", {"member": names["m_guest"], "plan": plan, "percent": "10"}, 422),
        ("/coupons", {"code": "HERE", "percent": "10", "plan": plan}, 422),
        ("/codes", {**wish, "plan": plan}, 422),
        ("/comps", {**given, "m": [names["m_member"]]}, 404),
        # One foreign membership among one's own: nobody is given anything.
        ("/comps", {**given, "m": [mine, names["m_grace"]]}, 404),
        (f"/subscriptions/{mine}/plan", {**given, "plan": plan}, 404),
        (f"/subscriptions/{mine}/orders/{paid.public_id}/receipt", {"token": TOKEN}, 404),
        (f"/subscriptions/{mine}/orders/{paid.public_id}/refund", FORM, 404),
        ("/subscriptions/provider", {"ref": "evt_orbit"}, 404),
        ("/hand-over", {"member": names["m_partner"], "confirmation": "ellipse"}, 422),
        (f"/transfers/{names['transfer']}", {}, 404),
    ):
        answer = client.post(f"{ellipse}{address}", data=form)
        assert answer.status_code == status, (address, answer.status_code)
    assert visitor.post(f"{ellipse}/buy/{plan}", data={"coupon": "SPRING"}).status_code == 404
    assert _changed(before) == []
    export = client.get(f"{ellipse}/subscriptions/export?m={names['m_member']}&m={mine}").text
    assert [line.split(",")[1] for line in export.splitlines()[1:]] == ["吴桐"]
    assert "王小雨" not in client.get(f"{ellipse}/comps?m={names['m_member']}").text


def test_a_payment_is_given_back_as_its_own_and_never_beyond_itself(cast: Cast) -> None:
    """Ids of other payments, amounts out of all bounds, a token of another's refund."""
    plan = sell(cast)
    mine, theirs = buy(cast, "member", plan), buy(cast, "stranger", plan)
    ours, other = (
        db.session.scalars(sa.select(Payment.id).where(Payment.order_id == order.id)).one()
        for order in (mine, theirs)
    )
    home = f"/p/orbit/subscriptions/{member_id(cast, 'member')}/orders"
    client = cast.client("admin")
    wish = {"payment": str(ours), "way": "part", "amount": "1", "ends": "at_end", "reason": "好"}
    for order, changes, status in (
        (mine, {"payment": str(other)}, 404),
        (mine, {"payment": "9" * 30}, 422),
        (theirs, {"payment": str(other)}, 404),
        (theirs, {}, 404),
        *((mine, {"amount": amount}, 422) for amount in ("-1", "0", "199.01", "1e9", "", "9" * 40)),
        (mine, {"ends": "never"}, 422),
        (mine, {"way": "double"}, 422),
        (mine, {"reason": "x" * 301}, 422),
    ):
        form = {**wish, "token": TOKEN, **changes}
        answer = client.post(f"{home}/{order.public_id}/refund", data=form)
        assert answer.status_code == status, (changes, answer.status_code)
    assert _refunds() == []
    # One token for two payments is two refunds; for one payment it is one.
    again = f"/p/orbit/subscriptions/{member_id(cast, 'stranger')}/orders/{theirs.public_id}/refund"
    for _ in range(2):
        for address, payment in ((f"{home}/{mine.public_id}/refund", ours), (again, other)):
            form = {**wish, "token": TOKEN, "payment": str(payment)}
            assert client.post(address, data=form).status_code == 303
    work()
    assert _refunds() == [(ours, 100), (other, 100)]


def test_a_buyers_refund_is_for_his_own_order_and_once(cast: Cast) -> None:
    plan = sell(cast)
    paid, foreign = buy(cast, "stranger", plan), buy(cast, "member", plan)
    client = cast.client("stranger")

    def take_back(order: Order, **form: str) -> int:
        address = f"/p/orbit/orders/{order.public_id}/refund"
        return client.post(address, data=form).status_code

    assert take_back(foreign, token=TOKEN) == 404
    for token in ("", "short", "x" * 41):
        assert take_back(paid, token=token) == 303
    assert take_back(paid, token=TOKEN, reason="x" * 5_000) == 422
    assert _refunds() == []
    # A forged amount or payment says nothing; another token afterwards finds nothing left.
    for token in (TOKEN, TOKEN, "another-token-of-a-form"):
        assert (
            take_back(paid, token=token, amount="999999", payment="1", order_id=str(foreign.id))
            == 303
        )
    work()
    assert [amount for _payment, amount in _refunds()] == [19_900]
    assert not cast.actor("stranger").inside
    assert take_back(paid, token=TOKEN) == 303
    assert len(_refunds()) == 1


def _refunds() -> list[tuple[int, int]]:
    db.session.rollback()
    rows = db.session.execute(
        sa.select(Refund.payment_id, Refund.amount).order_by(Refund.payment_id)
    )
    return [(row[0], row[1]) for row in rows]


def test_staff_cannot_touch_the_order_of_an_anonymous_question(cast: Cast) -> None:
    """Neither give it back, nor send its receipt, nor find its buyer: only the owner."""
    cost(cast)
    order = ask_paid(cast, anonymous=True)
    payment = db.session.scalars(sa.select(Payment.id)).one()
    page = f"/p/orbit/subscriptions/{member_id(cast, 'member')}"
    form = {**FORM, "payment": str(payment), "way": "full"}
    before = _tables()
    for persona in ("partner", "admin"):
        client = cast.client(persona)
        for address in (
            f"{page}/orders/{order.public_id}/refund",
            f"{page}/orders/{order.public_id}/receipt",
            f"/p/orbit/transfers/{order.public_id}",
            f"/p/orbit/orders/{order.public_id}/refund",
            f"/p/orbit/orders/{order.public_id}/subscription",
            f"/p/orbit/orders/{order.public_id}/transfer",
            f"/demo-checkout/{order.provider_ref}/refund",
        ):
            assert client.post(address, data=form).status_code == 404, address
    assert _changed(before) == []
    owner = cast.client("owner")
    assert owner.post(f"{page}/orders/{order.public_id}/refund", data=form).status_code == 303


@pytest.mark.parametrize(
    "over",
    [
        {"removed_at": timedelta(days=-1)},
        {"left_at": timedelta(days=-1)},
        {"expires_at": timedelta(days=-60)},
        {"role": "member"},
    ],
)
@pytest.mark.parametrize("persona", ["partner", "admin"])
def test_whoever_was_staff_once_opens_no_door(
    cast: Cast, names: dict[str, str], over: dict[str, timedelta | str], persona: str
) -> None:
    columns = {
        name: clock.now() + value if isinstance(value, timedelta) else value
        for name, value in over.items()
    }
    form = {key: value.format(**names) for key, value in FORM.items()}
    client = cast.client(persona)
    cast.set_membership(persona, **columns)
    before = _tables()
    for area in (grid_billing, grid_codes):
        for row, letters in area.GRID.items():
            method, address = row.split(" ")[:2]
            # Where staff come in and a member does not.
            if letters[2 if persona == "admin" else 1] == "A" and letters.split()[1] in (
                "DDD",
                "HHH",
            ):
                status = client.open(
                    address.format(p="/p/orbit", **names), method=method, data=form
                ).status_code
                assert status in (403, 404), (row, status)
    assert _changed(before) == []


def test_no_form_comes_from_elsewhere(cast: Cast, names: dict[str, str]) -> None:
    """Every form of these rooms wants the token of its page; only a signature does without."""
    cast.app.config["WTF_CSRF_ENABLED"] = True
    client = cast.client("owner")
    adapter = cast.app.url_map.bind("planet.test")
    before = _tables()
    for rule in cast.app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint.partition(".")[0] not in ROOMS:
            continue
        values = {name: "orbit" if name == "slug" else "x" for name in rule.arguments}
        values |= {"public_id": names["plan"]} if "public_id" in values else {}
        answer = client.post(adapter.build(rule.endpoint, values), data=FORM)
        wanted = 404 if rule.endpoint in SIGNED else 400
        assert answer.status_code == wanted, (rule.endpoint, answer.status_code)
    assert _changed(before) == []


FORMULAS = ("=1+1", "+1", "-1", "@SUM(1)", "\t=1")


def test_no_file_holds_a_formula(cast: Cast) -> None:
    """Names, plans, prefixes and sources that spreadsheets would run, in every file there is."""
    owner = cast.client("owner")
    personas = ("member", "other", "grace", "expired", "guest")
    with unit_of_work() as session:
        for formula, persona in zip(FORMULAS, personas, strict=True):
            of = Membership.user_id == cast.users[persona]
            session.execute(sa.update(Membership).where(of).values(nickname=f"{formula}{persona}"))
            user = session.get_one(User, cast.users[persona])
            user.name = f"{formula}{persona}"
    share = {"member": member_id(cast, "guest"), "percent": "10"}
    assert owner.post("/p/orbit/shares", data=share).status_code == 303
    plan = sell(cast, name="=2+5")
    buy(cast, "member", plan)
    buy(cast, "stranger", plan, source="=HYPERLINK(1)")
    cost(cast)
    ask_paid(cast, "member")
    cast.client("visitor").get("/p/orbit/about?from==HYPERLINK(1)")
    assert owner.post("/p/orbit/codes", data={"name": "=1", "size": "1", "uses": "1", "lasts": "1",
                      "unit": "days", "prefix": "=1+1"}).status_code == 422  # fmt: skip
    files = ["/p/orbit/subscriptions/export", "/p/orbit/ledger.csv"]
    files += [f"/p/orbit/numbers/{table}.csv" for table in HEADS]
    told = ""
    for file in files:
        answer = owner.get(file)
        assert answer.status_code == 200, file
        told += answer.text
        for line in csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))):
            for cell in line:
                assert not _runs(cell), (file, cell)
    assert "'=2+5" in told


def _runs(cell: str) -> bool:
    """Whether a spreadsheet takes a cell for a formula; an amount below 0 is a number."""
    if cell.startswith("-") and cell[1:].replace(".", "", 1).isdecimal():
        return False
    return cell.startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("environment", ["test", "live"])
def test_the_demo_opens_nothing_where_money_is_real(
    cast: Cast, stripe: StripeDouble, environment: str
) -> None:
    """Neither its page, nor what was paid on it before, nor an order that says it."""
    gateways.environment = environment
    plan = sell(cast)
    order = open_order(cast, "stranger", plan)
    with unit_of_work() as session:
        row = session.get_one(Order, order.id)
        row.gateway, row.provider_ref, row.environment = "demo", "demo_forged", environment
    client = cast.client("stranger")
    for deed in ("pay", "arrive", "renew", "win"):
        assert client.post(f"/demo-checkout/demo_forged/{deed}").status_code == 404
    assert client.get("/demo-checkout/demo_forged").status_code == 404
    bought = cast.client("expired").post(f"/p/orbit/buy/{plan}", data={"gateway": "demo"})
    assert (bought.status_code, "demo" in bought.headers["Location"]) == (303, False)
    with unit_of_work() as session:
        session.execute(sa.update(Entitlement).values(environment="demo"))
    assert not cast.actor("stranger").inside
    assert "/demo-checkout/" not in client.get("/p/orbit/buy").text


def test_guessing_codes_ends_soon_and_a_redeemed_one_is_nobody_elses(cast: Cast) -> None:
    batch = {"name": "活动", "size": "1", "uses": "1", "lasts": "30", "unit": "days"}
    owner = cast.client("owner")
    assert owner.post("/p/orbit/codes", data=batch).status_code == 303
    listed = owner.get("/p/orbit/codes").text
    public_id = listed.split("/download")[0].rsplit("/", 1)[1]
    [line] = csv.DictReader(io.StringIO(owner.post(f"/p/orbit/codes/{public_id}/download").text))
    code = line["code"]
    # A download that was lost can be had once more, and no more.
    assert code in owner.post(f"/p/orbit/codes/{public_id}/download").text
    assert owner.post(f"/p/orbit/codes/{public_id}/download").status_code == 303
    guesser, wrong = cast.client("expired"), code[:-1] + ("2" if code[-1] != "2" else "3")
    statuses = [
        guesser.post("/p/orbit/redeem", data={"code": wrong}).status_code for _ in range(12)
    ]
    assert set(statuses) == {422, 429}
    # Whoever guesses has also lost the right code for this hour; others have not.
    assert guesser.post("/p/orbit/redeem", data={"code": code}).status_code == 429
    assert db.session.scalar(sa.select(sa.func.count()).select_from(RateCounter)) >= 1
    assert cast.client("stranger").post("/p/orbit/redeem", data={"code": code}).status_code == 303
    assert cast.client("left").post("/p/orbit/redeem", data={"code": code}).status_code == 422
    assert cast.client("removed").post("/p/orbit/redeem", data={"code": code}).status_code == 403
    trail = db.session.scalars(sa.select(AuditEntry.data)).all()
    assert not any(code in str(data) for data in trail)
