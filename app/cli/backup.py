"""`flask backup`: a copy of everything, whether it is sound, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade

from app import farewell
from app.cli.backups import making, postgres, restoring, rotating, sqlite, verifying
from app.cli.backups.manifest import Damaged, Manifest
from app.cli.backups.shelves import Shelf, open_backup, open_shelf, read_manifest
from app.config import Settings
from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Conflict

MIB = 1024 * 1024
_SHOWN = 20
_WHY_NOT = {
    "engine": "The backup is of the other kind of database. Restore it into an empty one of its own kind, "
    "then: flask move-database",
    "newer": "The backup was made by version {version}, whose tables this version does not know. Install "
    "that version or a later one.",
    "inhabited": "The database is not empty, and nothing is written over. Move it away first "
    "(docs/operations/backup.md).",
    "log": "A log of another database (-wal, -shm) lies where this one is to be. Move it away first.",
    "different": "In DATA_DIR/media lie other files under the names of the backup's uploads. Move that "
    "folder away first.",
    "room": "The disk has no room for the uploads.",
}


class _MakingGroup(click.Group):
    """A group in which `backup PLACE` is short for `backup make PLACE`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the verb in where none was said."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["make", *args]
        return super().parse_args(ctx, args)


@click.group("backup", cls=_MakingGroup)
def command() -> None:
    """Copy everything while the site runs; verify a copy; put one back. `backup DIR`: `backup make DIR`."""


@command.command("make")
@click.argument("target", required=False)
@click.option("--to", help="A folder, or s3://bucket/prefix: the backup gets a dated name in it.")
@click.option(
    "--keep", type=click.IntRange(min=1), help="With --to: keep so many, delete older ones."
)
@click.option("--verify", is_flag=True, help="Read all of it again before older ones are deleted.")
@click.option("--database-only", is_flag=True, help="Leave uploads out (copy them by rsync).")
@with_appcontext
def make_command(
    target: str | None, to: str | None, keep: int | None, verify: bool, database_only: bool
) -> None:
    """Write a backup as TARGET, which is new, or under a dated name in --to. Ends with status 1 when it
    is not whole."""
    if (target is None) == (to is None):
        raise click.UsageError("Name a new folder, or --to and the folder that holds backups.")
    if keep is not None and to is None:
        raise click.UsageError("--keep goes with --to: only backups with dated names are deleted.")
    with _told():
        if target is not None:
            shelf, name = open_backup(target)
        else:
            shelf, name = open_shelf(str(to)), rotating.name_at(clock.now())
        if shelf.is_taken(name):
            raise click.ClickException(f"{shelf.tell(name)} exists; name a new folder")
        media = None if database_only else _settings().data_dir / making.MEDIA
        earlier = rotating.find_earlier(shelf) if to is not None else None
        made = making.make(shelf, making.Wish(name, media, earlier), click.echo)
        if verify:
            _require_sound(shelf, name, made)
        _tell_made(shelf.tell(name), made)
        if keep is not None:
            for gone in rotating.prune(shelf, made, keep):
                click.echo(f"{gone}: deleted, {keep} newer ones are kept")
    if not made.is_whole:
        raise SystemExit(1)


@command.command("verify")
@click.argument("place")
@with_appcontext
def verify_command(place: str) -> None:
    """Read all of the backup at PLACE. Ends with status 1 when a byte is not what it was, or when it was
    not whole when it was made."""
    with _told():
        shelf, name = open_backup(place)
        made = read_manifest(shelf, name)
        _require_sound(shelf, name, made)
        for foreign in verifying.list_foreign(shelf, name, made)[:_SHOWN]:
            click.echo(f"{foreign}: not of this backup; it would not be put back")
    click.echo(f"{_described(made)}: every byte is as it was written")
    _tell_missing(made)
    if not made.is_whole:
        raise SystemExit(1)


@command.command("restore")
@click.argument("place")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--database-only", is_flag=True, help="Leave DATA_DIR/media as it is.")
@with_appcontext
def restore_command(place: str, yes: bool, database_only: bool) -> None:
    """Put the backup at PLACE into the empty place that the settings name, and bring it up to date. Stop
    web and worker first. Broken off, run it again."""
    migrations = current_app.extensions["migrate"].directory
    with _told():
        shelf, name = open_backup(place)
        made = read_manifest(shelf, name)
        media = _settings().data_dir / making.MEDIA if made.uploads and not database_only else None
        back = restoring.Back(shelf, name, made, media)
        try:
            restoring.require_possible(back, migrations)
        except Conflict as conflict:
            words = _WHY_NOT[str(conflict)].format(version=made.version)
            raise click.ClickException(f"{words} Nothing was changed.") from conflict
        _require_sound(shelf, name, made)
        _preview(back)
        if not yes and click.prompt("Type restore to go on", default="") != "restore":
            raise click.ClickException("Nothing was changed.")
        count = restoring.restore(back)
    click.echo(f"Database put back, {count:,} uploads copied. Bringing it up to date …")
    upgrade(directory=migrations)
    again = farewell.keep_closed(_settings().data_dir)
    click.echo(f"{again} accounts closed again that were closed after the backup was made.")
    click.echo(
        "Start web and worker, and look: flask doctor. The worker makes a search index in files"
    )
    click.echo("anew (`flask search rebuild` before the start makes it at once).")


def _settings() -> Settings:
    settings: Settings = current_app.extensions["planetarium.settings"]
    return settings


def _require_sound(shelf: Shelf, name: str, made: Manifest) -> None:
    faults = list(verifying.find_faults(shelf, name, made, click.echo))
    for fault in faults[:_SHOWN]:
        click.echo(fault)
    if faults:
        raise click.ClickException(f"{shelf.tell(name)} is damaged: {len(faults)} faults.")


def _tell_made(address: str, made: Manifest) -> None:
    click.echo(f"{address}: {_described(made)}. Keep SECRET_KEY elsewhere.")
    _tell_missing(made)


def _tell_missing(made: Manifest) -> None:
    if made.is_whole:
        return
    click.echo(
        f"NOT WHOLE: {len(made.missing)} uploads that the database names are missing or damaged:"
    )
    for key in made.missing[:_SHOWN]:
        click.echo(f"  {making.path_of(key)}")


def _described(made: Manifest) -> str:
    uploads = f"{len(made.files) - 1:,} uploaded files" if made.uploads else "no uploads"
    rows = sum(made.facts.tables.values())
    return (
        f"{made.facts.engine} database with {rows:,} rows at migration {made.facts.migration or 'none'} "
        f"and {uploads}, {made.bytes / MIB:,.1f} MiB, made {made.made_at:%F %T}Z by {made.version}"
    )


def _preview(back: restoring.Back) -> None:
    click.echo(f"From {back.shelf.tell(back.name)}: {_described(back.made)}")
    click.echo(f"to   {db.engine.url!r}")
    if back.media is not None:
        click.echo(f"and  {back.media}; uploads that are there already stay")
    _tell_missing(back.made)
    click.echo(
        "What was written after the backup is not in it; letters that were sent since are sent again."
    )


@contextmanager
def _told() -> Iterator[None]:
    """Say in words what stopped it."""
    try:
        yield
    except (Damaged, postgres.Failed) as error:
        raise click.ClickException(str(error)) from error
    except sqlite.Broken as error:
        raise click.ClickException(
            f"the database is damaged: {error}. See: flask doctor --deep; docs/operations/backup.md"
        ) from error
    except OSError as error:
        raise click.ClickException(f"{error.strerror or error}: {error.filename or ''}") from error
