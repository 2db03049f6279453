"""`flask people`: accounts from the command line, for the installation's keeper."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click
from flask import current_app
from flask.cli import AppGroup

from app import farewell
from app.accounts import actions
from app.accounts.addresses import normalise_email
from app.accounts.names import clean_name
from app.accounts.passwords import check_password, hash_password
from app.kernel.db import unit_of_work
from app.kernel.errors import Conflict, Invalid, NotFound
from app.notifications import links

Made = TypeVar("Made")

command = AppGroup(
    "people", help="Accounts: add one, appoint administrators, help who is locked out."
)


@command.command("add")
@click.argument("email")
@click.option("--name", prompt=True, help="How others see the person.")
@click.option("--admin", is_flag=True, help="An administrator of the whole site.")
@click.password_option(help="Asked for when left out, which keeps it out of the shell's history.")
def add_command(email: str, name: str, admin: bool, password: str) -> None:
    """Add a person whose address needs no proof."""
    newcomer = _told(lambda: _check(email, name, password))
    with unit_of_work():
        user_id = _told(lambda: actions.add_person(newcomer, site_admin=admin))
        actions.note_added(user_id, admin=admin)
    click.echo(f"{newcomer.email} can sign in{' and administers the site' if admin else ''}.")


@command.command("keep-closed")
def keep_closed_command() -> None:
    """Close again whose account was closed after a backup that was put back."""
    folder = current_app.extensions["planetarium.settings"].data_dir
    click.echo(f"{farewell.keep_closed(folder)} accounts closed again.")


@command.command("appoint")
@click.argument("email")
def appoint_command(email: str) -> None:
    """Make somebody an administrator of the whole site."""
    with unit_of_work():
        _told(lambda: actions.appoint_admin(normalise_email(email)))
    click.echo(f"{email} administers the site.")


@command.command("dismiss")
@click.argument("email")
def dismiss_command(email: str) -> None:
    """Take an administrator's rights back."""
    with unit_of_work():
        _told(lambda: actions.dismiss_admin(normalise_email(email)))
    click.echo(f"{email} does not administer the site.")


@command.command("reset-link")
@click.argument("email")
def reset_link_command(email: str) -> None:
    """Print a link for a new password, good for one hour and one use. Hand it over with care."""
    with unit_of_work():
        secret = _told(lambda: actions.make_reset_secret(normalise_email(email)))
    click.echo(links.absolute(links.RESET, secret=secret))


@command.command("sign-out")
@click.argument("email")
def sign_out_command(email: str) -> None:
    """End all sessions of somebody."""
    with unit_of_work():
        count = _told(lambda: actions.sign_out_everywhere(normalise_email(email)))
    click.echo(f"{count} sessions ended.")


def _check(email: str, name: str, password: str) -> actions.Newcomer:
    check_password(password, personal=(name, email))
    return actions.Newcomer(
        name=clean_name(name), email=normalise_email(email), password_hash=hash_password(password)
    )


def _told(make: Callable[[], Made]) -> Made:
    """Return what `make` returns; what goes wrong ends the command with a plain sentence."""
    try:
        return make()
    except Invalid as error:
        limits = "".join(f", {name} {value}" for name, value in error.values.items())
        raise click.ClickException(
            f"{error.field}: {error.code.replace('_', ' ')}{limits}"
        ) from None
    except NotFound:
        raise click.ClickException("no open account has this address") from None
    except Conflict:
        raise click.ClickException("this address has an account already") from None
