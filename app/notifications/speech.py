"""Speaking a person's language where no request is: the same catalogues as the pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, parse_pattern
from babel.support import NullTranslations, Translations

from app.billing.money import get_currency, shown_decimals, to_decimal
from app.notifications.office import the_office

# Like gettext of the pages: an English text and the values of its %(name)s.
Say = Callable[..., str]
# Like ngettext of the pages: both English texts, the number, and the values of further %(name)s.
SayMany = Callable[..., str]


def speak(language: str) -> Say:
    """Return the words of a language; "" is the installation's. Call the result `_`, so that the
    texts are found for translation."""
    catalogue = catalogue_of(language)

    def say(text: str, **values: object) -> str:
        words: str = catalogue.gettext(text)
        return words % values if values else words

    return say


def speak_many(language: str) -> SayMany:
    """Return the words of a language for what is counted. Call the result `ngettext`, so that the texts are
    found for translation."""
    catalogue = catalogue_of(language)

    def say(one: str, many: str, num: int, **values: object) -> str:
        words: str = catalogue.ngettext(one, many, num)
        return words % {"num": num, **values}

    return say


def catalogue_of(language: str) -> NullTranslations:
    """Return the catalogue of a language, "" for the installation's own."""
    office = the_office()
    return _load(str(office.translations), language or office.default_language)


@lru_cache(maxsize=8)
def _load(folder: str, language: str) -> NullTranslations:
    return Translations.load(folder, [language])


def say_day(moment: datetime, *, language: str, timezone: str) -> str:
    """Return a day in a person's language and zone; "" for either is the installation's."""
    office = the_office()
    here = moment.astimezone(ZoneInfo(timezone or office.default_timezone))
    return str(format_date(here, "long", locale=language or office.default_language))


def say_amount(amount: int, currency: str, *, language: str) -> str:
    """Return an amount of minor units in a person's language."""
    locale = Locale.parse(language or the_office().default_language)
    return write_amount(amount, currency, locale, shown_decimals(get_currency(currency)))


def write_amount(amount: int, currency: str, locale: Locale, decimals: int) -> str:
    """Return an amount as a locale writes it, with so many decimals."""
    pattern = parse_pattern(locale.currency_formats["standard"].pattern)
    pattern.frac_prec = (decimals, decimals)
    return str(
        format_currency(
            to_decimal(amount, currency), currency, pattern, locale=locale, currency_digits=False
        )
    )
