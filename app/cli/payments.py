"""`flask payments`: whether the payment provider is set up, and what is true there."""

from __future__ import annotations

from collections.abc import Iterator

import click
from flask import current_app
from flask.cli import AppGroup

from app.billing import stripe_health
from app.billing.actions.installation import find_mismatch
from app.billing.actions.moving import Move, move_to, preview_move
from app.billing.actions.reconcile import reconcile
from app.billing.gateway import Health, gateways
from app.billing.queries.running import Unconfirmed, list_all_unconfirmed
from app.cli.demo.logins import list_open_logins, shut
from app.kernel import clock
from app.kernel.errors import Conflict
from app.kernel.progress import following

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


_WHY_NOT = {
    "same": "This database deals in that kind of money already.",
    "live": "This database holds real payments: live never goes back. Use a new database.",
    "working": "A worker was heard within the last minute. Stop web and worker, and come back in a minute.",
}


@command.command("move-to")
@click.argument("environment", type=click.Choice(["none", "demo", "test", "live"]))
@click.option("--yes", is_flag=True, help="Do not ask.")
def move_command(environment: str, yes: bool) -> None:
    """Let this database deal in another kind of money. Stop web and worker first, and make a backup."""
    try:
        move = preview_move(environment)
    except Conflict as conflict:
        raise click.ClickException(_WHY_NOT[str(conflict)]) from conflict
    in_earnest = environment in ("none", "live")
    logins = list_open_logins() if in_earnest else []
    for line in _told(move, logins):
        click.echo(line)
    if not yes and click.prompt(f"Type {environment} to go on", default="") != environment:
        raise click.ClickException("Nothing was changed.")
    shut(logins)
    move_to(environment)
    click.echo(
        f"Moved. Set PLANETARIUM_PAYMENTS={environment}, start web and worker, and look: "
        "flask payments doctor"
    )


def _told(move: Move, logins: list[str]) -> Iterator[str]:
    """Say what a move does before it is done."""
    yield f"From {move.before} to {move.to}. People, planets, plans, prices and words stay."
    if move.goes_on:
        yield f"Paid by transfer, and going on: {move.waiting + move.settled} orders, {move.people} people."
    else:
        yield f"Orders that wait for money and end: {move.waiting}"
        yield f"Orders that are over, and are marked as of before: {move.settled}"
        yield f"Subscriptions that end: {move.subscriptions}"
        yield f"Members who lose what they bought: {move.people} ({move.entitlements} stretches of access)"
        yield f"Batches of codes that are revoked: {move.codes}"
    if logins:
        yield "Everybody knows the password of these people; it is taken away. A new one is made by"
        yield "`flask people reset-link ADDRESS`: " + ", ".join(logins)


@command.command("reconcile")
def reconcile_command() -> None:
    """Ask the provider about everything that is not over, and say what changed. Status 1 when the
    provider did not answer for something; it is asked again next time."""
    with following("reconcile"):
        report = reconcile()
    for line in report.lines():
        click.echo(line)
    if report.failures:
        raise SystemExit(1)
