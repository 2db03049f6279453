"""Jinja's environment for pages, with the globals in one dict."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from flask.templating import Environment


class PageEnvironment(Environment):
    """Flask's environment, made quick for pages of many imports.

    Jinja lays each template's own globals over the shared ones as a ChainMap, and walks all of
    them in Python for every `{% from … import … %}`. Our templates have no globals of their own.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return the shared globals themselves, or a copy with a template's own."""
        return {**self.globals, **d} if d else self.globals
