"""`flask media`: looks after the bytes of uploads, while the site runs."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext

from app.media.checking import Fault, find_faults, keep_watch

TELL_EVERY = 10_000
# So many are named; more help nobody.
MOST_NAMED = 50
MEND = (
    "see that the disk with DATA_DIR/media is there and readable by the user that runs Planetarium; what is "
    "lost comes back from a backup: cp -an BACKUP/media/. DATA_DIR/media/"
)


@click.group("media")
def command() -> None:
    """Look after uploads; the site goes on meanwhile."""


@command.command("verify")
@click.option("--deep", is_flag=True, help="Read every file and compare its SHA-256.")
@with_appcontext
def verify(deep: bool) -> None:
    """Compare all uploads with the database. Ends with status 1 when files are missing or differ."""
    storage = current_app.extensions["planetarium.storage"]
    looked = 0

    def tell(count: int) -> None:
        nonlocal looked
        if count // TELL_EVERY > looked // TELL_EVERY:
            click.echo(f"{count} uploads looked at", err=True)
        looked = count

    faulty = 0
    for fault in find_faults(storage, deep=deep, tell=tell):
        faulty += 1
        if faulty <= MOST_NAMED:
            click.echo(describe(fault))
    # Doctor and metrics shall know at once what has been mended.
    keep_watch(storage)
    if faulty:
        click.echo(f"{looked} uploads, {faulty} faults")
        raise click.ClickException(MEND)
    click.echo(f"{looked} uploads, all there")


def describe(fault: Fault) -> str:
    """Return a fault in words, with the path below the folder of uploads."""
    words = {
        "missing": "is missing",
        "unreadable": "cannot be read",
        "size": "has another size",
        "content": "has another content",
    }
    path = f"{fault.key[:2]}/{fault.key[2:4]}/{fault.key}"
    return f"/media/{fault.public_id}: {path} {words[fault.kind]}"
