"""`flask rebuild`: makes again what follows from other rows, while the site runs."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app.discussion.rebuilding import render_again
from app.discussion.recounting import recount
from app.kernel.progress import following
from app.kernel.text import RENDERER_VERSION
from app.planets.rebuilding import render_pages_again


@click.group("rebuild")
def command() -> None:
    """Make again what follows from other rows; can be run at any time, and again."""


@command.command("texts")
@click.option("--all", "everything", is_flag=True, help="Also what the present renderer has made.")
@with_appcontext
def texts(everything: bool) -> None:
    """Render anew the stored texts whose HTML is of an older renderer: topics, answers, comments,
    and what planets say of themselves."""
    with following("rebuild texts"):
        done = render_again(below=RENDERER_VERSION + 1 if everything else RENDERER_VERSION)
        done += render_pages_again()
    click.echo(f"{done} texts rendered")


@command.command("counts")
@with_appcontext
def counts() -> None:
    """Count comments, replies, likes, pictures and files anew."""
    with following("rebuild counts"):
        mended = recount()
    click.echo(f"{mended} counts mended")
