"""The pages of numbers: what stands on them, how they are counted, what a spreadsheet makes of them."""

from __future__ import annotations

import csv
import html
import io

import pytest

from app.billing.actions.funnel import record_steps
from app.blueprints.insights.charts import Chart, Series, bars, grouped, stacked
from app.blueprints.insights.tables import Money, Rate, Table, harmless, to_csv
from app.blueprints.insights.words import DEFINITIONS, HEADS, TITLES
from app.insights import keep_tallies
from app.kernel.db import unit_of_work
from tests.cast import Cast
from tests.discussion.threads import counted
from tests.insights.test_numbers import sell_and_take_back

noon = pytest.mark.usefixtures("noon")


def read_csv(cast: Cast, table: str) -> list[list[str]]:
    answer = cast.client("owner").get(f"/p/orbit/numbers/{table}.csv?months=12")
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


@noon
def test_every_number_has_its_definition_beside_it(cast: Cast) -> None:
    sell_and_take_back(cast)
    client = cast.client("owner")
    english = {"Accept-Language": "en"}
    page = html.unescape(client.get("/p/orbit/numbers", headers=english).text)
    with cast.app.test_request_context(headers=english):
        words = [*TITLES.values(), *(text for texts in DEFINITIONS.values() for text in texts)]
        missing = [str(text) for text in words if str(text) not in page]
    assert missing == []
    assert "Asia/Shanghai" in page
    # July and August of the year plan, by hand in test_numbers.
    assert "¥86.10" in page
    assert "¥90.10" in page


@noon
def test_csv_says_the_same_as_the_page(cast: Cast) -> None:
    sell_and_take_back(cast)
    rows = read_csv(cast, "income")
    assert rows[0] == ["month", "sold", "currency", "paid", "refunded", "disputed", "fees",
                       "tax", "platform", "shares", "left"]  # fmt: skip
    assert rows[-1] == ["2026-07", "年卡", "CNY", "99.00", "0.00", "0.00", "3.00", "0.00", "9.90", "0.00",
                        "86.10"]  # fmt: skip
    # Yen have no decimals.
    assert ["2026-09", "500", "450"] in [[row[0], row[3], row[10]] for row in rows]
    assert read_csv(cast, "cohorts")[1] == ["2026-06", "8", "4", "0", "0", "0", "3", "1", "0.0000"]


@pytest.mark.parametrize("table", HEADS)
def test_each_table_can_be_taken_along(cast: Cast, table: str) -> None:
    assert read_csv(cast, table)[0] == [name for name, _words in HEADS[table]]


def test_there_is_no_other_table(cast: Cast) -> None:
    assert cast.client("owner").get("/p/orbit/numbers/people.csv").status_code == 404


@pytest.mark.parametrize("months", ["3", "24", "12", "7", "-1", "x", "9" * 30])
def test_any_span_is_answered(cast: Cast, months: str) -> None:
    assert cast.client("owner").get(f"/p/orbit/numbers?months={months}").status_code == 200


@noon
def test_the_page_asks_the_same_number_of_questions_however_much_there_is(cast: Cast) -> None:
    client = cast.client("owner")
    keep_tallies()
    client.get("/p/orbit/numbers")
    with counted() as few:
        client.get("/p/orbit/numbers")
    sell_and_take_back(cast)
    with unit_of_work():
        for number in range(30):
            record_steps(
                ["view", "click"],
                planet_id=cast.planet_id,
                visitor=f"visitor-{number}",
                source=f"from-{number % 7}",
                user_id=None,
            )
    with counted() as unkept:
        client.get("/p/orbit/numbers")
    keep_tallies()
    client.get("/p/orbit/numbers")
    with counted() as many:
        client.get("/p/orbit/numbers")
    assert len(many) == len(few) <= 20
    # What changed since the worker came by is measured: two statements a kind.
    assert len(unkept) <= len(few) + 5


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+86", "'+86"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" =1", "' =1"),
        ("\t=1", "'\t=1"),
        ("\rx", "'\rx"),
        ("＝1", "'＝1"),
        ("年卡", "年卡"),
        ("", ""),
    ],
)
def test_texts_are_no_formulas(text: str, safe: str) -> None:
    assert harmless(text) == safe


def test_numbers_stay_numbers_in_csv(noon: object) -> None:
    table = Table("x", (("a", ""), ("b", ""), ("c", "")), [[Money(-105, "CNY"), Rate(None), -3]])
    assert to_csv(table) == "\ufeffa,b,c\r\n-1.05,,-3\r\n"


def test_columns_stand_on_zero() -> None:
    chart = grouped(Chart("k", "t", "s"), ["a", "b"], [Series("x", "one", [50, -50])])
    up, down = chart.boxes
    zero = next(y for y, label in chart.lines if label == "0")
    assert up.y + up.height == down.y == zero
    assert up.height == down.height > 0


def test_parts_stand_on_each_other() -> None:
    series = [Series("x", "good", [3]), Series("y", "bad", [1])]
    lower, upper = stacked(Chart("k", "t", "s"), ["a"], series).boxes
    assert upper.y + upper.height == pytest.approx(lower.y)
    assert lower.height == pytest.approx(3 * upper.height)


@pytest.mark.parametrize("values", [[0, 0], [1], [123_456_789, 0.01], [-5, -7]])
def test_every_chart_can_be_drawn(values: list[float]) -> None:
    labels = [str(number) for number in range(len(values))]
    drawn = grouped(Chart("k", "t", "s"), labels, [Series("x", "one", values)])
    assert all(0 <= box.y <= drawn.height and box.height >= 0 for box in drawn.boxes)
    bars(Chart("k", "t", "s"), labels, [abs(value) for value in values])


def test_who_has_no_numbers_yet_reads_what_to_do(cast: Cast) -> None:
    page = cast.client("owner").get("/p/orbit/numbers", headers={"Accept-Language": "en"}).text
    assert "No numbers yet" in page
    assert "http://planet.test/p/orbit/about?from=" in page
