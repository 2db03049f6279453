"""Makes the database ready, in one process so that it is quick: `python -m bin.tools.prepare`.

Compiles translations, brings the schema up to date, fills an empty database with the demo (DEMO=yes
or no; without a word only where payments are played with) and prints the demo's logins as long as
they work. Settings from the environment, as the application reads them.
"""

from __future__ import annotations

import os
import sys

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy.exc import DatabaseError

from app.accounts.queries import prove_by_email
from app.billing.actions.installation import find_mismatch
from app.cli.demo.cast import PASSWORD, email_of
from app.cli.demo.plant import is_inhabited
from app.cli.demo.unfinished import is_unfinished, sweep
from app.config import Settings, load_settings
from app.factory import create_app
from app.kernel import schema
from app.kernel.db import db
from bin.tools import translations


def reach_database(app: Flask) -> None:
    """End with the reason and the mend when the database cannot be reached or is none."""
    with app.app_context():
        try:
            db.engine.connect().close()
        except DatabaseError as error:
            sys.exit(f"The database cannot be used: {error.orig}\nCheck DATABASE_URL and start it.")


def prepare(app: Flask, *, demo: bool) -> None:
    """Bring the database of `app` up to date; with `demo`, fill an empty one. Ends the process when
    the database was made for another kind of money."""
    with app.app_context():
        if (unfinished := schema.find_unfinished()) is not None:
            raise SystemExit(f"Planetarium cannot start: {unfinished}")
        directory = app.extensions["migrate"].directory
        if (newer := schema.find_newer(directory)) is not None:
            raise SystemExit(f"Planetarium cannot start: {newer}")
        if schema.find_trouble(schema.head_of(directory)) is not None:
            print("Bringing the database up to date …", flush=True)
            upgrade()
        settings = app.extensions["planetarium.settings"]
        if (mismatch := find_mismatch(settings.payments)) is not None:
            raise SystemExit(f"Planetarium cannot start: {mismatch}")
        if is_unfinished():
            # Also where no demo is wanted any more: everybody knows its people's password.
            print(
                "The demo was not planted to its end: what there is of it is swept away.",
                flush=True,
            )
            sweep()
        if not is_inhabited():
            if demo:
                run(app, "seed-demo")
                run(app, "search", "rebuild")
        elif prove_by_email(email_of("owner"), PASSWORD) is not None:
            run(app, "seed-demo", "--logins")


def wants_demo(settings: Settings, said: str) -> bool:
    """Whether an empty database is filled with people whose password everybody knows: in earnest only
    when the operator said so."""
    if said in ("yes", "no"):
        return said == "yes"
    return settings.payments in ("demo", "test")


def run(app: Flask, name: str, *arguments: str) -> None:
    """Run one of the application's commands."""
    app.cli.commands[name].main(list(arguments), prog_name=name, standalone_mode=False)


def main() -> None:
    """Prepare the installation that the environment describes."""
    translations.compile_stale()
    app = create_app(load_settings())
    reach_database(app)
    prepare(
        app, demo=wants_demo(app.extensions["planetarium.settings"], os.environ.get("DEMO", ""))
    )


if __name__ == "__main__":
    main()
