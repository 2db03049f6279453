"""Payment providers that do not answer, or what they tell is not to be believed."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import sqlalchemy as sa

from bench.crash_people import NO_ANSWER as BROKEN
from bench.faults.fault import Fault, Inject, log, noted
from bench.faults.provider import Mood
from bench.faults.stage import Stage
from bench.visitor import Visitor
from tests.cast import PASSWORD

BUYERS = ("stranger", "left", "expired", "member")
MOODS: dict[Mood, str] = {
    "hangs": "takes what it is asked and never answers",
    "drips": "answers a byte a second",
    "500": "answers 500",
    "garbage": "answers what nobody can read",
    "closes": "ends every connection",
}
# What a buyer is told in time: a page in words, no error of ours.
IN_WORDS = noted(r"buying was answered (200|303|409|422|502|503) in [0-9]\.")


def feeling(mood: Mood) -> Inject:
    """Let four people buy again and again while the provider fails in this way."""

    @contextlib.contextmanager
    def inject(stage: Stage) -> Iterator[None]:
        stopped = threading.Event()
        with stage.provider.feeling(mood):
            crowd = [
                threading.Thread(target=_buy, args=(stage, persona, stopped)) for persona in BUYERS
            ]
            for buyer in crowd:
                buyer.start()
            try:
                yield
            finally:
                stopped.set()
                for buyer in crowd:
                    buyer.join(40)

    return inject


def _buy(stage: Stage, persona: str, stopped: threading.Event) -> None:
    browser = Visitor(stage.site.port)
    browser.sign_in(f"{persona}@example.test", PASSWORD)
    while not stopped.is_set():
        began = time.monotonic()
        try:
            status, _where = checkout(stage, browser)
        except BROKEN as error:
            stage.notes.append(f"buying was lost: {error}")
            continue
        stage.notes.append(f"buying was answered {status} in {time.monotonic() - began:.1f} s")
        stopped.wait(1)


def checkout(stage: Stage, browser: Visitor) -> tuple[int, str]:
    """Press the button of the plan on sale; returns the status and where it leads."""
    page = browser.get(f"/p/{stage.cast.slug}/buy")
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    address = page.text.partition('formaction="')[2].partition('"')[0]
    answer = browser.post(address, {"csrf_token": token, "coupon": "", "source": ""})
    return answer.status, answer.location


@contextlib.contextmanager
def _forged(stage: Stage) -> Iterator[None]:
    """Somebody posts events that the provider did not sign."""
    somebody = Visitor(stage.site.port)
    for number in range(40):
        headers = {"Content-Type": "application/json", "Stripe-Signature": f"t={number},v1=00"}
        answer = somebody.send_raw("/webhooks/stripe", b'{"type": "invoice.paid"}', headers)
        stage.notes.append(f"forged: {answer.status}")
    yield


@contextlib.contextmanager
def _told_twice(stage: Stage) -> Iterator[None]:
    """Somebody pays; what the provider tells of it comes three times and the newest first."""
    buyer, provider = Visitor(stage.site.port), stage.provider.double
    buyer.sign_in("stranger@example.test", PASSWORD)
    status, _where = checkout(stage, buyer)
    stage.notes.append(f"buying was answered {status}")
    session = next(one["id"] for one in provider.of("checkout.session") if one["status"] == "open")
    provider.events()
    provider.pay(session)
    events = list(reversed(provider.events())) * 3
    for event in events:
        body, headers = provider.webhook(event)
        told = {**headers, "Content-Type": "application/json"}
        answer = Visitor(stage.site.port).send_raw("/webhooks/stripe", body, told)
        stage.notes.append(f"told: {answer.status}")
    ends = time.monotonic() + 60
    while (count := _granted(stage)) != 1 and time.monotonic() < ends:
        time.sleep(1)
    stage.notes.append(f"granted {count} times")
    yield


def _granted(stage: Stage) -> int:
    words = sa.text("SELECT count(*) FROM entitlements WHERE source = 'order'")
    with stage.rows() as rows:
        return int(rows.scalar(words) or 0)


FAULTS = (
    *(
        Fault(
            f"provider-{mood.replace('500', 'errs')}",
            "provider",
            f"the payment provider {does}, while four people buy",
            feeling(mood),
            told=(IN_WORDS,),
            stays=12,
        )
        for mood, does in MOODS.items()
    ),
    Fault(
        "webhook-forged",
        "provider",
        "40 events that the provider did not sign",
        _forged,
        told=(noted("forged: 400"), log("a webhook was refused")),
    ),
    Fault(
        "webhook-told-twice",
        "provider",
        "what is told of a payment comes three times and the newest first",
        _told_twice,
        told=(noted("granted 1 times"),),
    ),
)
