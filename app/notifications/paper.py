"""Putting a letter on paper: a text part and a simple HTML part that say the same."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app.notifications.letters import Letter
from app.notifications.office import Office, the_office
from app.notifications.speech import catalogue_of


class Sheet(NamedTuple):
    """Both parts of a mail."""

    text: str
    html: str


def write_out(letter: Letter, *, language: str, no_mail_link: str = "") -> Sheet:
    """Return both parts. `no_mail_link` stands below notices: where mails are switched off."""
    office = the_office()
    environment = _environment(office, language or office.default_language)
    values = {
        "letter": letter,
        "office": office,
        "language": (language or office.default_language).replace("_", "-"),
        "no_mail_link": no_mail_link,
    }
    return Sheet(
        text=environment.get_template("letter.txt").render(values).strip() + "\n",
        html=environment.get_template("letter.html").render(values),
    )


@lru_cache(maxsize=8)
def _environment(office: Office, language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(office.templates),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(  # type: ignore[attr-defined]
        catalogue_of(language), newstyle=True
    )
    return environment
