"""Source to safe HTML in one go, unbounded: only the child process and tests call this."""

from __future__ import annotations

from collections.abc import Mapping

from app.kernel.text.contract import ImageRef, Profile
from app.kernel.text.markdown import Parser
from app.kernel.text.sanitize import Sanitizer


class OutputTooLarge(ValueError):
    """The HTML would be many times longer than its source (a link address used a thousandfold)."""


class Renderer:
    """Parsers and sanitisers, made when a profile is first used. Not thread-safe."""

    def __init__(self) -> None:
        self._tools: dict[Profile, tuple[Parser, Sanitizer]] = {}

    def render(
        self, source: str, profile: Profile, id_prefix: str, images: Mapping[str, ImageRef]
    ) -> str:
        """Safe HTML of a cleaned source.

        Raises whatever the parser raises on hostile input (RecursionError, MemoryError), and
        OutputTooLarge. After an exception the renderer must be thrown away.
        """
        if profile not in self._tools:
            self._tools[profile] = (Parser(profile), Sanitizer(profile))
        parser, sanitizer = self._tools[profile]
        unsafe = parser.convert(source, images if profile is Profile.FULL else {})
        limit = 65_536 + 64 * len(source)
        if len(unsafe) > limit:
            raise OutputTooLarge
        safe = sanitizer.clean(
            unsafe,
            id_prefix=id_prefix,
            image_urls=frozenset(image.url for image in images.values()),
            unmark=parser.formulas.source,
        )
        result = parser.formulas.insert(safe)
        if len(result) > limit:
            raise OutputTooLarge
        return result.strip()
