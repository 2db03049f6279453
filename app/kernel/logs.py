"""Logs: one line per happening, JSON for machines or text for people, on standard error.

The one importer of structlog. A line holds names, ids and numbers: no bodies, no addresses, no
secrets. Standard error, because commands print their results on standard output.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

Context = Callable[[], dict[str, Any]]

# Wider than any form's idea of an address: what a mail server or a library quotes comes in any shape.
_BETWEEN = r"\s<>\"(),;:@\\\[\]"
_ADDRESS = re.compile(
    rf"(?:[^{_BETWEEN}]+@|[^{_BETWEEN}'=&?/]+%40)[^{_BETWEEN}'=&?/%|{{}}]+",
)


class _StandardError:
    """Standard error as it is when a line is written. A log that cannot be written (a full disk, a
    reader gone) must not fail what is logged. Whatever is written, by libraries and in tracebacks
    too, loses its addresses here."""

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(without_addresses(text))

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


def without_addresses(text: str) -> str:
    """Return a text with e-mail addresses left out, also those that are written as in an address line
    (%40). For logs, and for errors that are kept: a mail server repeats whom it refuses."""
    if "@" not in text and "%40" not in text:
        return text
    return _ADDRESS.sub("(address)", text)


def get_logger(name: str) -> Any:
    """Return a logger for one part of the house: `log.info("what happened", key=value)`."""
    return structlog.get_logger(part=name)


def configure(form: Literal["json", "text"], *, level: int, context: Context) -> None:
    """Set the form of all logs of this process, those of libraries included.

    `context` is asked at each line for what surrounds it (the request's id), so that nothing has to
    be bound at the start of a request that logs nothing.
    """

    def surround(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        for key, value in context().items():
            event.setdefault(key, value)
        return event

    shared: list[Processor] = [
        structlog.processors.add_log_level,
        surround,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: Processor
    if form == "json":
        shared.append(structlog.processors.format_exc_info)
        render = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        render = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # The richer ones show the variables of each line: what people typed, and their secrets.
            exception_formatter=structlog.dev.plain_traceback,
        )
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, _StandardError())),
        cache_logger_on_first_use=False,
    )
    _adopt_libraries(shared, render, level)


def _adopt_libraries(shared: list[Processor], render: Processor, level: int) -> None:
    """Give the standard library's logging, which libraries use, the same form."""
    handler = logging.StreamHandler(cast(TextIO, _StandardError()))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    handler.set_name("planetarium")
    root = logging.getLogger()
    for held in [h for h in root.handlers if h.get_name() == "planetarium"]:
        root.removeHandler(held)
    root.addHandler(handler)
    root.setLevel(max(level, logging.INFO))
    # Each line of these repeats what our own request line, migration command or report says.
    for noisy in ("werkzeug", "alembic", "stripe"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
