"""The tokens keep WCAG AA: text 4.5:1 on every background of its theme, controls' edges 3:1."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = Path(__file__).resolve().parents[2] / "static" / "css"
TOKENS = (CSS / "tokens.css").read_text("utf-8")
CODE = (CSS / "components" / "code.css").read_text("utf-8")
SEARCH = (CSS / "components" / "search.css").read_text("utf-8")
ACCENTS = ("indigo", "azure", "jade", "amber", "vermilion", "rose", "plum", "ink")
GROUNDS = ("paper", "surface", "raised", "sunken")


def colours(text: str) -> dict[str, str]:
    """Return the custom properties of a piece of CSS that are plain colours."""
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", text))


def block(text: str, start: str) -> str:
    """Return the declarations of the rule whose selector line starts so."""
    begin = text.index(start)
    return text[begin : text.index("}", begin)]


LIGHT = colours(block(TOKENS, ":root {"))
DARK = colours(block(TOKENS, ':root[data-theme="dark"] {'))
DEVICE = colours(block(TOKENS, ':root[data-theme="auto"] {'))


def luminance(colour: str) -> float:
    """Return WCAG's relative luminance of #rrggbb."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return WCAG's contrast ratio."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_dark_set_stands_twice_and_is_the_same() -> None:
    assert DARK == DEVICE
    assert colours(block(CODE, ':root[data-theme="dark"]')) == colours(
        block(CODE, ':root[data-theme="auto"]')
    )


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_on_every_ground(theme: dict[str, str]) -> None:
    for ground in GROUNDS:
        for text in ("ink", "ink-2", "muted"):
            assert contrast(theme[text], theme[ground]) >= 4.5, (text, ground)
        assert contrast(theme["line-strong"], theme[ground]) >= 3, ground
    assert contrast(theme["ink-2"], theme["chip"]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_tones_on_their_own_and_the_page_s_grounds(theme: dict[str, str]) -> None:
    for tone in ("ok", "warn", "error", "info"):
        for ground in (*GROUNDS, f"{tone}-soft"):
            assert contrast(theme[tone], theme[ground]) >= 4.5, (tone, ground)
        assert contrast(theme["ink"], theme[f"{tone}-soft"]) >= 4.5, tone


@pytest.mark.parametrize("name", ACCENTS)
def test_each_accent_in_both_themes(name: str) -> None:
    accent = colours(block(TOKENS, f'[data-accent="{name}"]'))
    for key in ("a-light", "a-light-hover"):
        grounds = [LIGHT[ground] for ground in GROUNDS] + [accent["a-light-soft"]]
        assert min(contrast(accent[key], ground) for ground in grounds) >= 4.5
        assert contrast(accent[key], "#ffffff") >= 4.5
    for key in ("a-dark", "a-dark-hover"):
        grounds = [DARK[ground] for ground in GROUNDS] + [accent["a-dark-soft"]]
        assert min(contrast(accent[key], ground) for ground in grounds) >= 4.5
        assert contrast(accent[key], accent["a-dark-on"]) >= 4.5
    assert contrast(accent["a-dark-hover"], accent["a-dark-line"]) >= 3
    for text in ("ink", "ink-2", "muted"):
        assert contrast(LIGHT[text], accent["a-light-soft"]) >= 4.5
        assert contrast(DARK[text], accent["a-dark-soft"]) >= 4.5


@pytest.mark.parametrize(
    ("start", "theme"), [(":root {", LIGHT), (':root[data-theme="dark"]', DARK)], ids=["l", "d"]
)
def test_code_on_its_ground(start: str, theme: dict[str, str]) -> None:
    for name, colour in colours(block(CODE, start)).items():
        assert contrast(colour, theme["sunken"]) >= 4.5, name


def mixed(colour: str, share: float, ground: str) -> str:
    """Return what `color-mix(in srgb, colour share, transparent)` looks like on a ground."""
    pairs = ((int(colour[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(
        f"{round(over * share + under * (1 - share)):02x}" for over, under in pairs
    )


@pytest.mark.parametrize(
    ("start", "theme"),
    [("\n  mark {", LIGHT), (':root[data-theme="dark"] mark {', DARK)],
    ids=["l", "d"],
)
def test_what_is_marked_as_found_is_read(start: str, theme: dict[str, str]) -> None:
    # Marks stand in titles, texts and muted lines alike, so they have one colour of their own.
    assert "color: var(--ink);" in block(SEARCH, "\n  mark {")
    share = re.search(r"var\(--warn-line\) (\d+)%", block(SEARCH, start))
    assert share
    for ground in GROUNDS:
        behind = mixed(theme["warn-line"], int(share[1]) / 100, theme[ground])
        assert contrast(theme["ink"], behind) >= 4.5, ground
