"""`flask outbox`: look at what waits and what failed, and deal with dead letters."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from app.outbox import actions
from app.outbox.delivery import deliver_due
from app.outbox.queries import count_backlog, list_letters

command = AppGroup("outbox", help="What waits to be delivered, and what could not be.")


@command.command("list")
@click.option("--pending", "state", flag_value="pending", help="What waits, with failures so far.")
@click.option("--dead", "state", flag_value="dead", default="dead", help="What was given up.")
@click.option("--limit", default=50, show_default=True)
def list_command(state: str, limit: int) -> None:
    """List dead letters, or those that wait."""
    letters = list_letters(state, limit=limit)
    for letter in letters:
        click.echo(
            f"{letter.id}\t{letter.event} -> {letter.handler}\twritten {letter.created_at:%F %T}Z"
            f"\ttries {letter.tries}\tnext {letter.next_try_at:%F %T}Z\n\t{letter.last_error}"
        )
    backlog = count_backlog()
    click.echo(f"{len(letters)} shown; {backlog.pending} pending, {backlog.dead} dead in all.")


@command.command("run")
def run_command() -> None:
    """Deliver what is due now in this process, then end."""
    click.echo(f"{deliver_due()} letters handled.")


@command.command("retry")
@click.argument("letter_id", type=int)
def retry_command(letter_id: int) -> None:
    """Make one letter due now, dead or waiting for its next try."""
    if not actions.retry(letter_id):
        raise click.ClickException(f"no unsent letter {letter_id}; see: flask outbox list")
    click.echo("It is due now; the worker takes it.")


@command.command("retry-all")
def retry_all_command() -> None:
    """Make every letter due now that is dead, or failed and waits for its next try."""
    click.echo(f"{actions.retry_all()} letters are due now.")


@command.command("purge")
@click.confirmation_option(prompt="Delete every dead letter for good?")
def purge_command() -> None:
    """Delete every dead letter."""
    click.echo(f"{actions.purge_dead()} dead letters deleted.")
