"""`flask mail`: read the mails that were written to files, where no mail server is set up."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from app.notifications.mailer import find_written, list_written

command = AppGroup("mail", help="Mails written to files (PLANETARIUM_MAIL_BACKEND=file).")


def _folder() -> Path:
    return Path(str(current_app.config["MAIL_FILE_PATH"]))


@command.command("list")
@click.option("--limit", default=20, show_default=True)
def list_command(limit: int) -> None:
    """List the newest mails."""
    mails = list_written(_folder(), limit)
    for mail in mails:
        click.echo(f"{mail.name}\t{mail.to}\t{mail.subject}")
    if not mails:
        click.echo(f"No mails in {_folder()}; is the worker running?")


@command.command("show")
@click.argument("name", default="")
def show_command(name: str) -> None:
    """Print a mail's text; without a name, the newest one's."""
    newest = list_written(_folder(), 1)
    mail = find_written(_folder(), name) if name else (newest[0] if newest else None)
    if mail is None:
        raise click.ClickException("no such mail; see: flask mail list")
    click.echo(f"To: {mail.to}\nSubject: {mail.subject}\n\n{mail.text}")
