"""`flask seed-demo`: the lived-in demo for a fresh installation, and who can sign in to it."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext

from app.cli.demo.cast import PASSWORD, SAID_OF, email_of
from app.cli.demo.plant import is_inhabited, plant_demo
from app.cli.demo.unfinished import is_unfinished, sweep


@click.command("seed-demo")
@click.option("--if-empty", is_flag=True, help="Do nothing when anybody has an account already.")
@click.option("--logins", is_flag=True, help="Only print who can sign in to the demo.")
@with_appcontext
def command(if_empty: bool, logins: bool) -> None:
    """Plant two demo planets with one person per role."""
    if not logins:
        if is_unfinished():
            click.echo("The demo was not planted to its end; it is planted anew.")
            sweep()
        if is_inhabited():
            if if_empty:
                return
            raise click.ClickException(
                "Somebody has an account here already; the demo is for empty installations. "
                "Point PLANETARIUM_DATA_DIR at an empty folder to see it."
            )
        click.echo("Planting the demo planets …")
        slugs = plant_demo(current_app.extensions["planetarium.storage"])
        click.echo("Planted: " + ", ".join(f"/p/{slug}" for slug in slugs))
    click.echo(f"\nDemo logins (password: {PASSWORD})")
    for persona, said in SAID_OF.items():
        click.echo(f"  {email_of(persona):<22} {said}")
