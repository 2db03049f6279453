"""Commands of `flask --app app.factory`: what an installation's keeper types. One file per command."""

from __future__ import annotations

from flask import Flask

from app.cli import (
    audit,
    backup,
    doctor,
    mail,
    media,
    move_database,
    outbox,
    payments,
    people,
    rebuild,
    search,
    seed,
    seed_demo,
    settlements,
    worker,
)

COMMANDS = (
    audit.command,
    backup.command,
    doctor.command,
    mail.command,
    media.command,
    move_database.command,
    outbox.command,
    payments.command,
    people.command,
    rebuild.command,
    search.command,
    seed.command,
    seed_demo.command,
    settlements.command,
    worker.command,
)


def install(app: Flask) -> None:
    """Register the commands."""
    for command in COMMANDS:
        app.cli.add_command(command)
