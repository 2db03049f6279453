"""`flask worker`: the process that delivers letters and runs timed jobs."""

from __future__ import annotations

import os
import signal
import socket
import sys
from types import FrameType

import click
from flask import current_app
from flask.cli import with_appcontext

from app import __version__
from app.billing.actions.installation import find_mismatch
from app.kernel import schema
from app.outbox.worker import Worker


@click.command("worker")
@with_appcontext
def command() -> None:
    """Deliver outbox letters and run timed jobs until told to stop (SIGTERM or Ctrl-C)."""
    why = schema.find_trouble(schema.head_of(current_app.extensions["migrate"].directory))
    if why is not None:
        raise click.ClickException(why)
    settings = current_app.extensions["planetarium.settings"]
    if unready := settings.find_unready():
        raise click.ClickException("\n".join(unready))
    if (mismatch := find_mismatch(settings.payments)) is not None:
        raise click.ClickException(mismatch)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    process = Worker(
        name=f"{socket.gethostname()[:40]}-{os.getpid()}",
        version=__version__,
        scope=app.app_context,
        lanes=app.extensions["planetarium.lanes"],
        start_anew=_start_anew,
    )

    def stop(_signal: int, _frame: FrameType | None) -> None:
        process.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    process.run()


def _start_anew() -> None:
    """Put a fresh process in the place of this one, whose threads and locks end with it."""
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - our own command
