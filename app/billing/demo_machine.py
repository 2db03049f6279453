"""What a demo checkout goes through: its states as a dict, and what each button makes of them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from app.billing.gateway import CheckoutWish
from app.kernel import clock
from app.kernel.ids import new_public_id
from app.memberships.periods import months_later

State = dict[str, Any]
# As cards cost it with most providers: 2.9 % and 30.
FEE_PERMILLE, FEE_FIXED = 29, 30
MONTHS = {"month": 1, "year": 12}
# So long a bank waits for evidence, more or less.
ANSWER_WITHIN = timedelta(days=7)


def possible(state: State) -> tuple[str, ...]:
    """Return the deeds that are possible in a state, in the order of the page."""
    if state["status"] == "open":
        delays = () if state["wish"]["interval"] else ("delay",)
        return ("pay", *delays, "fail", "cancel")
    if state["status"] == "expired":
        return ()
    if not state["paid"]:
        return () if state["failed"] else ("arrive", "bounce")
    charge = _newest(state)
    deeds: list[str] = []
    if charge is not None and refunded(charge) < charge["amount"]:
        deeds.append("refund")
        dispute = charge["dispute"]
        deeds += ["dispute"] if dispute is None else []
        deeds += ["win", "lose"] if dispute and dispute["status"] == "needs_response" else []
    held = state["subscription"]
    if held is not None and held["status"] in ("active", "trialing", "past_due"):
        # Nothing is charged while the planet stands still.
        deeds += [] if held.get("held") else ["renew", "miss"]
        deeds.append("resume" if held["cancel_at_period_end"] else "end")
    return tuple(deeds)


def begun(wish: CheckoutWish) -> State:
    """Return the state of a checkout that was just opened."""
    ends = wish.expires_at
    return {
        # It asks nobody who they are, so it need not remember an address.
        "wish": {**asdict(wish), "email": "", "expires_at": ends.isoformat() if ends else None},
        "status": "open",
        "paid": False,
        "failed": False,
        "charge": None,
        "subscription": None,
    }


def _pay(ref: str, state: State) -> None:
    wish = state["wish"]
    state |= {"status": "complete", "paid": True}
    if wish["interval"]:
        _subscribe(ref, state)
    elif wish["amount"]:
        state["charge"] = _charged(f"{ref}/1", wish["amount"])


def _subscribe(ref: str, state: State) -> None:
    wish, now = state["wish"], clock.now()
    trial = now + timedelta(days=wish["trial_days"]) if wish["trial_days"] else None
    state["subscription"] = {
        "status": "trialing" if trial else "active",
        "cancel_at_period_end": False,
        "ended_at": None,
        "trial_end": trial.isoformat() if trial else None,
        "invoices": [],
        "anchor": (trial or now).isoformat(),
        "periods": 0,
    }
    _invoice(ref, state, now, trial or _next(state), 0 if trial else due(state, now))


def _renew(ref: str, state: State) -> None:
    held = state["subscription"]
    if held["cancel_at_period_end"]:
        # The period is over, and nothing more is charged.
        held |= {"status": "canceled", "ended_at": held["invoices"][-1]["ends"]}
        return
    paid, moved = held["invoices"][-1]["ends"], held.get("next", "")
    if moved > paid or "anchor" not in held:
        # A charge that was moved is counted from there on.
        held |= {"anchor": max(paid, moved), "periods": 0}
    held["status"] = "active"
    starts = datetime.fromisoformat(max(paid, moved))
    _invoice(ref, state, starts, _next(state), due(state, starts))


def _invoice(ref: str, state: State, starts: datetime, ends: datetime, amount: int) -> None:
    invoices = state["subscription"]["invoices"]
    number = len(invoices) + 1
    invoices.append(
        {
            "ref": f"{ref}/in{number}",
            "starts": starts.isoformat(),
            "ends": ends.isoformat(),
            "amount": amount,
            "charge": _charged(f"{ref}/{number}", amount) if amount else None,
        }
    )


def _next(state: State) -> datetime:
    """Return the end of the next period, counted from the anchor in UTC, as Stripe does: no short month
    shortens those after it."""
    held, wish = state["subscription"], state["wish"]
    held["periods"] += 1
    months = MONTHS[wish["interval"]] * wish["interval_count"] * held["periods"]
    return months_later(datetime.fromisoformat(held["anchor"]), months)


def due(state: State, starts: datetime) -> int:
    """Return what the period of a subscription that begins then costs, with its coupon (R31)."""
    wish, held = state["wish"], state["subscription"]
    begun = [invoice["starts"] for invoice in held["invoices"]] if held else []
    first = datetime.fromisoformat(begun[0]) if begun else starts
    holds = {
        "once": not begun,
        "repeating": starts < months_later(first, wish.get("off_months", 0)),
        "forever": True,
    }.get(wish.get("off_duration", ""), False)
    return int(wish["amount"] - (wish.get("off", 0) if holds else 0))


def _charged(ref: str, amount: int) -> State:
    return {
        "ref": ref,
        "amount": amount,
        "fee": amount * FEE_PERMILLE // 1000 + FEE_FIXED,
        "paid_at": clock.now().isoformat(),
        "refunds": [],
        "dispute": None,
    }


def _delay(_ref: str, state: State) -> None:
    state["status"] = "complete"


def _arrive(ref: str, state: State) -> None:
    state["paid"] = True
    state["charge"] = _charged(f"{ref}/1", state["wish"]["amount"])


def _bounce(_ref: str, state: State) -> None:
    state["failed"] = True


def _fail(_ref: str, state: State) -> None:
    """A card that is declined leaves the checkout open: the buyer tries another."""
    state["declined"] = state.get("declined", 0) + 1


def _cancel(_ref: str, state: State) -> None:
    state["status"] = "expired"


def _give_back(_ref: str, state: State) -> None:
    charge = _newest(state)
    assert charge is not None
    charge["refunds"].append(
        {
            "ref": f"re_{new_public_id()}",
            "token": "",
            "amount": charge["amount"] - refunded(charge),
            "status": "succeeded",
            "at": clock.now().isoformat(),
        }
    )


def _dispute(_ref: str, state: State) -> None:
    charge = _newest(state)
    assert charge is not None
    charge["dispute"] = {
        "ref": f"dp_{new_public_id()}",
        "amount": charge["amount"] - refunded(charge),
        "status": "needs_response",
        "at": clock.now().isoformat(),
        "answer_by": (clock.now() + ANSWER_WITHIN).isoformat(),
    }


def _decide(status: str) -> Any:
    def decide(_ref: str, state: State) -> None:
        charge = _newest(state)
        assert charge is not None
        charge["dispute"]["status"] = status

    return decide


def _miss(_ref: str, state: State) -> None:
    state["subscription"]["status"] = "past_due"


def _end(_ref: str, state: State) -> None:
    state["subscription"]["cancel_at_period_end"] = True


def _resume(_ref: str, state: State) -> None:
    state["subscription"]["cancel_at_period_end"] = False


DEEDS: dict[str, Any] = {
    "pay": _pay,
    "delay": _delay,
    "arrive": _arrive,
    "bounce": _bounce,
    "fail": _fail,
    "cancel": _cancel,
    "refund": _give_back,
    "dispute": _dispute,
    "win": _decide("won"),
    "lose": _decide("lost"),
    "renew": _renew,
    "miss": _miss,
    "end": _end,
    "resume": _resume,
}


def _newest(state: State) -> State | None:
    if state["subscription"] is None:
        charge: State | None = state["charge"]
        return charge
    paid = [invoice["charge"] for invoice in state["subscription"]["invoices"]]
    return next((charge for charge in reversed(paid) if charge is not None), None)


def refunded(charge: State) -> int:
    """Return how much of a charge went back."""
    return sum(r["amount"] for r in charge["refunds"] if r["status"] != "failed")
