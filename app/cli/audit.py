"""`flask audit`: the site's own trail, and blanking a reason, for the installation's keeper."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from app.accounts.queries import list_site_trail
from app.kernel import audit
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid, NotFound

command = AppGroup("audit", help="The trail of what was done to accounts and to the site.")


@command.command("list")
@click.option("--kind", default="", help="Only acts of a kind: account, site, payments.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
def list_command(kind: str, limit: int) -> None:
    """Print the newest entries that belong to no planet: time (UTC), id, act, by whom, to whom, why."""
    for line in list_site_trail(kind=kind, limit=limit):
        who = line.actor or "command line"
        more = "".join(f" {name}={value}" for name, value in sorted(line.data.items()))
        reason = f" ({line.reason})" if line.reason else ""
        click.echo(
            f"{line.at:%Y-%m-%d %H:%M} {line.public_id} {line.action} by {who}: "
            f"{line.subject}{more}{reason}"
        )


@command.command("blank")
@click.argument("entry")
@click.option("--why", required=True, help="Stays in the trail: no name, nothing of what goes.")
@click.confirmation_option(prompt="The words of this reason cannot be brought back. Go on?")
def blank_command(entry: str, why: str) -> None:
    """Take the words of an entry's reason away, of any planet's trail or the site's, where the law asks
    for it. The entry stays."""
    try:
        with unit_of_work():
            planet_id = audit.find_planet_of(entry)
            audit.blank_reason(entry, actor_id=None, planet_id=planet_id, why=why)
    except NotFound:
        raise click.ClickException("no entry of this id has a reason") from None
    except Invalid as error:
        raise click.ClickException(f"why: {error.code.replace('_', ' ')}") from None
    click.echo("The reason is gone; the trail says that it was blanked.")
