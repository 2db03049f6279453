"""Whether key, environment, clock and endpoint fit together: judged here, fetched by the gateway."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from app.billing.gateway import Health
from app.billing.stripe_events import EVENTS

CLOCK_WARN = timedelta(seconds=60)


def no_answer(why: Exception) -> Health:
    """The key was refused, or Stripe is out of reach."""
    mend = "look at PLANETARIUM_STRIPE_SECRET_KEY and at the way to api.stripe.com"
    return Health("key", False, f"Stripe does not answer this key: {why}", mend)


def no_key(name: str, url: str) -> list[Health]:
    """There is nothing to ask with yet."""
    mend = (
        f"set PLANETARIUM_STRIPE_SECRET_KEY to a key that begins with sk_{name}_ or rk_{name}_: "
        "Stripe, Developers, API keys"
    )
    return [Health("key", False, "no key is set", mend), unsigned(url)]


def unsigned(url: str) -> Health:
    """No webhook can be believed yet: web and worker do not start."""
    return Health("secret", False, "no webhook secret is set", _add(url))


def environment(name: str, *, live: bool) -> Health:
    """Judge what the key's answers say of themselves."""
    if live == (name == "live"):
        return Health("environment", True, f"the key is one of the {name} environment")
    mend = "take the key that fits PLANETARIUM_PAYMENTS"
    return Health("environment", False, f"the key is not one of the {name} environment", mend)


def clock(headers: Mapping[str, str], now: datetime) -> Health:
    """Compare this clock with the time that an answer bears."""
    dated = next((value for name, value in headers.items() if name.lower() == "date"), "")
    try:
        theirs = parsedate_to_datetime(dated)
    except ValueError:
        return Health("clock", True, "Stripe's answer bears no time: the clock was not compared")
    apart = abs((now - theirs).total_seconds())
    told = f"this clock and Stripe's are {apart:.0f} s apart"
    if apart <= CLOCK_WARN.total_seconds():
        return Health("clock", True, told)
    mend = "set the clock by NTP: from 300 s on, webhooks are refused"
    return Health("clock", False, told, mend)


def endpoint(url: str, endpoints: Iterable[Any], *, secrets: int) -> Health:
    """Judge whether Stripe tells `url` all that it should."""
    here = [each for each in endpoints if each.url == url]
    enabled = [each for each in here if each.status == "enabled"]
    if not enabled:
        why = "is switched off there" if here else "is not known to Stripe"
        return Health("webhook", False, f"{url} {why}", _add(url))
    heard = {kind for each in enabled for kind in each.enabled_events}
    missing = [] if "*" in heard else [kind for kind in EVENTS if kind not in heard]
    if missing:
        told = f"{url} is not told of {', '.join(missing)}"
        return Health("webhook", False, told, "subscribe the endpoint to these events in Stripe")
    return Health("webhook", True, f"Stripe tells {url}; secrets set: {secrets}")


def unlisted(url: str, why: Exception) -> Health:
    """The key may not read endpoints."""
    told = f"this key cannot list endpoints of webhooks: {why}"
    return Health("webhook", False, told, f"let it read them, or see for yourself: {_add(url)}")


def _add(url: str) -> str:
    return (
        f"add an endpoint at {url} in Stripe, put its secret into "
        f"PLANETARIUM_STRIPE_WEBHOOK_SECRETS, and subscribe it to: {', '.join(EVENTS)}"
    )
