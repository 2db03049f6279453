"""`flask payments`: whether the payment provider is set up, and what is true there."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import AppGroup

from app.billing import stripe_health
from app.billing.actions.installation import find_mismatch
from app.billing.actions.reconcile import reconcile
from app.billing.gateway import Health, gateways
from app.billing.queries.running import Unconfirmed, list_all_unconfirmed
from app.kernel import clock

command = AppGroup("payments", help="The payment provider: is it set up, and what is true there.")


@command.command("doctor")
def doctor_command() -> None:
    """Examine key, environment, webhook secret and clock. Ends with status 1 when something fails."""
    findings = list(_findings())
    for finding in findings:
        click.echo(f"{'ok' if finding.well else 'fail':<5} {finding.name}: {finding.told}")
        if finding.mend:
            click.echo(f"      -> {finding.mend}")
    if not all(finding.well for finding in findings):
        raise SystemExit(1)


def _findings() -> list[Health]:
    environment = gateways.environment
    mismatch = find_mismatch(environment)
    told, _, mend = (mismatch or "").partition(": ")
    found = [Health("database", not mismatch, told or f"deals in {environment} payments", mend)]
    if gateways.default not in gateways.by_name:
        settings = current_app.extensions["planetarium.settings"]
        found += stripe_health.no_key(environment, settings.webhook_url)
    for name in sorted(gateways.by_name):
        found += gateways.by_name[name].examine(now=clock.now())
    return found + [_unconfirmed(each) for each in list_all_unconfirmed()]


def _unconfirmed(each: Unconfirmed) -> Health:
    told = f"order {each.order} is to end, not confirmed after {each.tries} tries: {each.error}"
    mend = "it is told again by itself; if that goes on, end it on the provider's own page"
    return Health(
        "subscription", each.tries == 0, told if each.tries else "one is being ended", mend
    )


@command.command("reconcile")
def reconcile_command() -> None:
    """Ask the provider about everything that is not over, and say what changed. Status 1 when the
    provider did not answer for something; it is asked again next time."""
    report = reconcile()
    for line in report.lines():
        click.echo(line)
    if report.failures:
        raise SystemExit(1)
