"""`flask seed --scale`: a planet of any size, to see how the house behaves under weight."""

from __future__ import annotations

import secrets

import click
from flask.cli import with_appcontext

from app.accounts.passwords import hash_password
from app.cli.seed_scale import Scale, plant
from app.kernel.errors import Invalid
from app.planets.slugs import check_slug, is_taken

DEFAULT = Scale()


@click.command("seed")
@click.option("--scale", is_flag=True, help="Make one large planet.")
@click.option("--members", default=DEFAULT.members, show_default=True, type=click.IntRange(min=20))
@click.option("--topics", default=DEFAULT.topics, show_default=True, type=click.IntRange(min=20))
@click.option(
    "--comments", default=DEFAULT.comments, show_default=True, type=click.IntRange(min=40)
)
@click.option(
    "--seed", default=DEFAULT.seed, show_default=True, help="The same number, the same data."
)
@click.option("--slug", default=DEFAULT.slug, show_default=True, help="The planet's address.")
@with_appcontext
def command(scale: bool, members: int, topics: int, comments: int, seed: int, slug: str) -> None:
    """Fill this installation with made-up people and texts."""
    if not scale:
        raise click.UsageError("Say --scale for a planet of any size; seed-demo makes a small one.")
    _require_free(slug)
    password = secrets.token_urlsafe(12)
    wanted = Scale(
        members=members,
        topics=topics,
        comments=comments,
        thread=min(DEFAULT.thread, comments // 2),
        seed=seed,
        slug=slug,
    )
    made = plant(wanted, password_hash=hash_password(password), tell=click.echo)
    click.echo(f"/p/{made.slug}: sign in as {made.owner_email} (owner)")
    click.echo(f"or {made.member_email} (member), password {password}")
    click.echo("the worker indexes it; flask search rebuild is quicker")
    click.echo(f"20 comments: /p/{made.slug}/t/{made.twenty_comments_topic}")
    click.echo(f"{wanted.thread} comments: /p/{made.slug}/t/{made.long_thread_topic}")


def _require_free(slug: str) -> None:
    try:
        check_slug(slug)
    except Invalid as error:
        raise click.BadParameter(f"{slug} cannot be an address ({error.code})") from None
    if is_taken(slug):
        raise click.BadParameter(f"/p/{slug} is taken; choose another by --slug")
