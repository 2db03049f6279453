"""The installation's kind of money: chosen once; another kind stops the start and says the mend."""

import pytest
from flask import Flask

from app.billing.actions.installation import choose, find_mismatch
from app.cli import doctor, worker
from app.outbox import actions
from bin.tools.prepare import prepare
from tests.cast import Cast

MEND = "PLANETARIUM_PAYMENTS=live"


def test_it_is_chosen_once(app: Flask) -> None:
    assert find_mismatch("demo") is None
    assert choose("live") == "demo"
    assert "PLANETARIUM_PAYMENTS=demo" in (find_mismatch("live") or "")


def test_another_kind_of_money_stops_the_start(app: Flask) -> None:
    choose("live")
    with pytest.raises(SystemExit, match=MEND):
        prepare(app, demo=False)
    started = app.test_cli_runner().invoke(worker.command)
    assert started.exit_code == 1
    assert MEND in started.output
    assert MEND in app.test_cli_runner().invoke(doctor.command).output


def test_readyz_says_it(app: Flask) -> None:
    actions.beat("w1", "0.1.0")
    choose("live")
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert MEND in answer.text


def test_every_page_of_a_demo_says_so(cast: Cast) -> None:
    for persona, path in [("visitor", "/sign-in"), ("visitor", "/"), ("member", "/p/slow-reading")]:
        assert "demo-strip" in cast.client(persona).get(path).text
