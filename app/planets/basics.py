"""What a planet says of itself: name, tagline, intro, category, language, accent."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from app.kernel.errors import Invalid
from app.kernel.text import Profile, render, tidy
from app.kernel.text import tidy_line as text_line

NAME_MAX = 60
TAGLINE_MAX = 140
INTRO_MAX = 5_000
RULES_MAX = 20_000
# What the ids of their elements begin with: both stand on the page of a planet at most once.
INTRO_PREFIX = "intro-"
RULES_PREFIX = "rules-"

CATEGORIES = (
    "technology",
    "business",
    "finance",
    "career",
    "learning",
    "science",
    "reading",
    "writing",
    "arts",
    "health",
    "parenting",
    "life",
    "games",
    "other",
)
LANGUAGES = ("zh_Hans", "en")
# The named accents of static/css/tokens.css.
ACCENTS = ("indigo", "azure", "jade", "amber", "vermilion", "rose", "plum", "ink")


# A planet's introduction leads outsiders elsewhere once so many people are in it; anybody may found one and
# have the site's own letters point to it. Planets that were there before are as they were.
LINKS_FROM_MEMBERS = 3
LINKS_WAIT_SINCE = datetime(2026, 12, 1, tzinfo=UTC)


def may_lead_away(*, founded: datetime, members: int) -> bool:
    """Whether links in the introduction of a planet are links for people who are not in it."""
    return founded < LINKS_WAIT_SINCE or members >= LINKS_FROM_MEMBERS


@dataclass(frozen=True, slots=True)
class Basics:
    """A planet's presentation as typed. `intro` is Markdown; `intro_html` its rendering."""

    name: str
    tagline: str = ""
    intro: str = ""
    category: str = "other"
    language: str = "zh_Hans"
    accent: str = "indigo"
    intro_html: str = ""


def tidy_line(text: str) -> str:
    """Return one line of text as it is kept: NFC, single spaces, no control characters.

    Not NFKC: it would turn the punctuation of Chinese into that of English.
    """
    return text_line(unicodedata.normalize("NFC", text))


def find_problems(basics: Basics) -> list[Invalid]:
    """Return everything that is wrong with the basics, in the order of the form."""
    found = []
    if not basics.name:
        found.append(Invalid("name", "required"))
    if len(basics.name) > NAME_MAX:
        found.append(Invalid("name", "too_long", high=NAME_MAX))
    if len(basics.tagline) > TAGLINE_MAX:
        found.append(Invalid("tagline", "too_long", high=TAGLINE_MAX))
    if len(basics.intro) > INTRO_MAX:
        found.append(Invalid("intro", "too_long", high=INTRO_MAX))
    choices = (("category", CATEGORIES), ("language", LANGUAGES), ("accent", ACCENTS))
    for field, allowed in choices:
        if getattr(basics, field) not in allowed:
            found.append(Invalid(field, "choice"))
    return found


def prepare(basics: Basics) -> Basics:
    """Return the basics tidied and with their intro rendered. Invalid for the first problem.

    Rendering may take seconds in the worst case: call it before the unit of work, not inside.
    """
    tidied = replace(
        basics,
        name=tidy_line(basics.name),
        tagline=tidy_line(basics.tagline),
        intro=tidy(basics.intro),
    )
    for problem in find_problems(tidied):
        raise problem
    return replace(tidied, intro_html=render_page(tidied.intro, id_prefix=INTRO_PREFIX))


def render_page(source: str, *, id_prefix: str) -> str:
    """Return safe HTML of an intro or a rules page."""
    return render(source, profile=Profile.FULL, id_prefix=id_prefix).html
