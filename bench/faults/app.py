"""The application under `bin/bench faults`: the real one, with a clock that can be set and a provider of
payments that can be made to fail. Everything else is as an operator has it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import stripe
from flask import Flask

from app import factory
from app.kernel import clock

# A file with the seconds by which the clock is wrong; and where payments are asked for.
CLOCK_VARIABLE, PROVIDER_VARIABLE = "FAULTS_CLOCK_FILE", "FAULTS_PROVIDER_URL"
_CLIENT: Any = stripe.StripeClient


def create_app() -> Flask:
    """Build the application for commands and the worker."""
    _arrange()
    return factory.create_app()


def create_web() -> Flask:
    """Build the application for the web server."""
    _arrange()
    return factory.create_web()


def _arrange() -> None:
    clock._source = _wrong_clock
    library: Any = stripe
    address = {"api": os.environ[PROVIDER_VARIABLE]}
    library.StripeClient = partial(_CLIENT, base_addresses=address)


def _wrong_clock() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=_wrong_by())


def _wrong_by() -> float:
    try:
        return float(Path(os.environ[CLOCK_VARIABLE]).read_text() or 0)
    except (OSError, ValueError):
        # No file yet, or it is being written.
        return 0.0
