"""Speaking a person's language where no request is: the same catalogues as the pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from babel.support import NullTranslations, Translations

from app.notifications.office import the_office

# Like gettext of the pages: an English text and the values of its %(name)s.
Say = Callable[..., str]


def speak(language: str) -> Say:
    """Return the words of a language; "" is the installation's. Call the result `_`, so that the
    texts are found for translation."""
    catalogue = catalogue_of(language)

    def say(text: str, **values: object) -> str:
        words: str = catalogue.gettext(text)
        return words % values if values else words

    return say


def catalogue_of(language: str) -> NullTranslations:
    """Return the catalogue of a language, "" for the installation's own."""
    office = the_office()
    return _load(str(office.translations), language or office.default_language)


@lru_cache(maxsize=8)
def _load(folder: str, language: str) -> NullTranslations:
    return Translations.load(folder, [language])
