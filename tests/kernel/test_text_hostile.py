"""What hostile authors write stays harmless and costs little."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.kernel.text import (
    ImageRef,
    Profile,
    clean,
    excerpt,
    hashtags,
    mentions,
    plain_text,
    render,
    slugify,
)
from app.kernel.text.precheck import bracket_cost, refuses
from app.kernel.text.renderer import Renderer
from app.kernel.text.sanitize import Sanitizer
from tests.kernel.hostile_texts import HEAVY, INJECTIONS
from tests.kernel.safe_html import problems, text_of

IMAGES = {"a": ImageRef("/m/a.webp", 10, 20, "描述")}
URLS = {"/m/a.webp"}


def checked(source, profile, renderer):
    html = renderer.render(clean(source), profile, "t1-", IMAGES)
    return problems(html, image_urls=URLS, light=profile is Profile.LIGHT)


@pytest.mark.parametrize("profile", list(Profile))
def test_injections_leave_only_listed_elements_and_attributes(profile):
    renderer = Renderer()
    found = {s: p for s in INJECTIONS if (p := checked(s, profile, renderer))}
    assert not found


def test_raw_html_is_shown_as_it_was_typed():
    source = "<b>粗</b> <script>alert(1)</script> <!-- x --> a<b>c"
    assert text_of(render(source, profile=Profile.FULL, id_prefix="t1-").html) == source


def test_the_sanitiser_holds_without_the_parser():
    for profile in Profile:
        sanitizer = Sanitizer(profile)
        for source in INJECTIONS:
            html = sanitizer.clean(
                clean(source), id_prefix="t1-", image_urls=frozenset(URLS), unmark=lambda text: text
            )
            assert not problems(html, image_urls=URLS, light=profile is Profile.LIGHT), source


@pytest.mark.parametrize("name", HEAVY)
@pytest.mark.parametrize("profile", list(Profile))
def test_heavy_texts_end_and_nothing_of_them_is_lost(name, profile):
    rendered = render(HEAVY[name], profile=profile, id_prefix="t1-")
    assert not problems(rendered.html, light=profile is Profile.LIGHT and not rendered.plain)
    if rendered.plain:
        assert "text-notice" in rendered.html


@pytest.mark.parametrize("name", HEAVY)
def test_heavy_texts_do_not_trouble_what_runs_in_the_web_process(name):
    source = HEAVY[name]
    for take in (plain_text, excerpt, mentions, hashtags, slugify, refuses, bracket_cost):
        take(source)


@pytest.mark.parametrize(
    "name", ["open brackets", "image brackets", "nested brackets", "quotes", "far too long"]
)
def test_known_bombs_never_reach_the_parser(name):
    assert refuses(HEAVY[name])


PIECES = st.sampled_from(
    [
        *"*_~`[]()<>#!|\\/$@:-+=\"'&;^{} \n\t",
        *"中文，。：（）“”",
        *[
            "a",
            "1",
            "**",
            "~~",
            "```",
            "\n\n",
            "    ",
            "- ",
            "1. ",
            "> ",
            "# ",
            "$$",
            "[^1]",
            "[^1]: ",
        ],
        *[
            "![x](image:a)",
            "https://e.com/",
            "/// details | x\n",
            "///",
            "|-|",
            "<script>",
            "&#60;",
        ],
        *["\x02", "\x03", "\u202e", "\ud800", "\x00", "javascript:", "onclick=", "\\frac{1}{2}"],
    ]
)
SOURCES = st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join)


@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(source=SOURCES, profile=st.sampled_from(Profile))
def test_any_text_gives_listed_html_only(source, profile):
    rendered = render(source, profile=profile, id_prefix="t1-", images=IMAGES)
    light = profile is Profile.LIGHT and not rendered.plain
    assert not problems(rendered.html, image_urls=URLS, light=light)


# Without brackets, fences and folds, where a name, an address or a language is not shown.
PROSE = st.lists(
    st.sampled_from(
        [*"中文字好，。：*_>#-+!|$\\@&;( \n\t.", "1. ", "- ", "> ", "    ", "\n\n", "**", "<b>"]
    ),
    max_size=60,
).map("".join)


@settings(deadline=None, max_examples=400)
@given(source=PROSE, profile=st.sampled_from(Profile))
def test_no_character_of_a_text_is_lost_or_doubled(source, profile):
    rendered = render(source, profile=profile, id_prefix="t1-")
    shown = text_of(rendered.html.split("</p>", 1)[1] if rendered.plain else rendered.html)
    for character in "中文字好，。：":
        assert shown.count(character) == source.count(character)


@settings(deadline=None, max_examples=300)
@given(source=SOURCES, limit=st.integers(0, 50))
def test_any_text_gives_short_excerpts_and_plain_slugs(source, limit):
    line = excerpt(source, limit)
    assert len(line) <= limit
    assert not set(line) & set("\n\t\x00\u202e\ud800")
    slug = slugify(source)
    assert len(slug) <= 60
    assert slug == slugify(slug)
    assert not set(slug) & set(" /?#%\"'<>&\\.")
