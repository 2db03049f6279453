"""`flask move-database`: everything from SQLite to PostgreSQL, or back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from app.cli.moving import ends
from app.cli.moving.copying import Different, Refused, compare, copy_all, finish
from app.kernel import schema
from app.kernel.db import db
from app.kernel.errors import Conflict

_WHY_NOT = {
    "working": "A worker was heard within the last minute. Stop web and worker, and come back in a minute.",
    "busy": "Somebody is writing to the database. Stop web, worker and commands, and come back.",
    "address": "The address must start with postgresql:// or sqlite:///",
    "relative": "Name the whole path of the file: sqlite:////srv/planetarium/planetarium.db",
    "folder": "The file cannot be made: make its folder, and the right to write there.",
    "same": "That is the database that is in use.",
    "foreign": "The target holds tables of something else. Make a database of its own.",
    "inhabited": "The target is a Planetarium with rows of its own: it is left alone. Name an empty one.",
    "encoding": "The target is not in UTF-8. CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
    "newer": "The target's tables are of a newer version of Planetarium. Name an empty database.",
    "other": "What was broken off in the target was a move of another database, or this one was used since. "
    "Throw that away and begin anew: --anew",
}


@click.command("move-database")
@click.argument("to_url", required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--anew", is_flag=True, help="Throw away what a move left that was broken off.")
@with_appcontext
def command(to_url: str | None, yes: bool, anew: bool) -> None:
    """Copy the whole database into the empty one at TO_URL, and compare. Stop web and worker first.

    TO_URL is asked for when left out, which keeps its password out of the shell's history. Broken off, it
    goes on when it is run again. The database that is moved stays as it is.
    """
    directory = current_app.extensions["migrate"].directory
    if (why := schema.find_trouble(schema.head_of(directory))) is not None:
        raise click.ClickException(why)
    url = to_url or click.prompt("Address of the new database (DATABASE_URL)", hide_input=True)
    with _told(), closing_engine(ends.open_target(url)) as target, ends.held() as source:
        if anew:
            ends.discard(target, directory)
        there = ends.examine(target, source.mark)
        _preview(source, target, there)
        if not yes and click.prompt("Type move to go on", default="") != "move":
            raise click.ClickException("Nothing was changed.")
        ends.begin(target, directory, source.mark)
        copy_all(source, target, click.echo)
        click.echo("Comparing …")
        compare(source, target, click.echo)
        finish(source, target)
        _farewell(target)


@contextmanager
def closing_engine(engine: Engine) -> Iterator[Engine]:
    """Let go of an engine's connections at the end."""
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _told() -> Iterator[None]:
    """Say in words what stopped a move, and what to do."""
    try:
        yield
    except Conflict as conflict:
        raise click.ClickException(_WHY_NOT[str(conflict)]) from conflict
    except Refused as error:
        raise click.ClickException(
            f"The target does not take what stands in {error}. Mend it here, then: --anew"
        ) from error
    except Different as error:
        raise click.ClickException(
            f"What arrived differs: {error}. Begin anew: --anew. Nothing was changed here."
        ) from error
    except KeyboardInterrupt as error:
        raise click.ClickException("Broken off. Run it again: it goes on.") from error
    except DBAPIError as error:
        told = str(error.orig).splitlines()[0]
        raise click.ClickException(
            f"{told}\nOnce that is mended, run it again: it goes on."
        ) from error


def _preview(source: ends.Source, target: Engine, there: int) -> None:
    whole = sum(source.counts.values())
    click.echo(f"From {db.engine.url!r}")
    click.echo(f"to   {target.url!r}")
    click.echo(
        f"Rows: {whole:,} in {sum(map(bool, source.counts.values()))} tables. Nobody can write"
    )
    click.echo("meanwhile. The database that is moved is only read, and stays as it is.")
    if there:
        click.echo(f"A move was broken off: it goes on after {there:,} rows.")


def _farewell(target: Engine) -> None:
    """Say what is to be set, and what becomes of the rest."""
    click.echo("Moved: every table has the same rows, with the same checksums.")
    shown = target.url.render_as_string(hide_password=True)
    secret = " (with its password)" if target.url.password else ""
    click.echo(f"Set DATABASE_URL={shown}{secret}, start web and worker, and look:")
    click.echo(
        "flask doctor. Uploads stay where they are. The search index is seen to by the worker; where"
    )
    click.echo(
        "it is to lie in PostgreSQL, `flask search rebuild` before the start makes it at once."
    )
    click.echo(
        "Keep the old database for a while, out of use: what is written here from now on, it lacks."
    )
