"""Is anything visible here: one test for whatever is typed."""

from __future__ import annotations

from typing import Any

import pytest

from app.kernel.text import is_visible, shows, tidy, tidy_line
from tests.cast import Cast
from tests.discussion.threads import post

NOTHING = [
    "", " ", "\u3000", "\u200b", "\u200d\u200d", "\u00ad", "\u2060", "\ufeff", "\u200e\u202c", "\u3164",
    "\u2800", "\u115f", "\u180e", "\u00a0\u2003", "\U000e0061", "\ufe0f", "\u0301", "\u2028",
]  # fmt: skip


@pytest.mark.parametrize("text", NOTHING)
def test_nothing(text: str) -> None:
    assert not is_visible(text)
    assert (tidy(text), tidy_line(text * 2)) == ("", "")


@pytest.mark.parametrize(
    "text", ["a", "。", "…", "👩\u200d💻", "می\u200cخواهم", "\u200b林", "-", "١", "\u25a1"]
)
def test_something(text: str) -> None:
    assert is_visible(text)


@pytest.mark.parametrize(
    "made", ["<p>&#8203;</p>", "<p></p>", "<p><strong>\u200b</strong></p>", "<p>&nbsp;</p>"]
)
def test_html_that_shows_nothing(made: str) -> None:
    assert not shows(made)


@pytest.mark.parametrize(
    "made", ["<p>x</p>", '<p><img src="/media/a" alt=""></p>', "<hr>", "<p>&lt;</p>"]
)
def test_html_that_shows_something(made: str) -> None:
    assert shows(made)


@pytest.mark.parametrize(
    "text", ["\u200b", "\u200d", "\u00ad", "\u2060", "&#8203;", "\u3164 \u2800"]
)
def test_nothing_invisible_is_published(cast: Cast, text: str) -> None:
    topic = post(cast, "owner")
    owner, member = cast.client("owner"), cast.client("member")
    basics: dict[str, Any] = {"category": "other", "language": "zh_Hans", "accent": "jade"}
    forms: list[tuple[Any, str, dict[str, Any]]] = [
        (owner, "/p/orbit/write", {"text": text, "title": "题"}),
        (member, f"/p/orbit/t/{topic}/comments", {"text": text, "key": "kQ7mVx3pRt9a"}),
        (member, "/account", {"name": text}),
        (owner, "/p/orbit/settings", {**basics, "name": text}),
        (owner, "/p/orbit/tags", {"name": text}),
        (owner, "/p/orbit/columns/new", {"title": text}),
        (owner, "/p/orbit/rules/edit", {"source": text, "based_on": "0"}),
    ]
    for client, path, form in forms:
        if text.startswith("&") and not path.endswith(("/write", "/comments")):
            continue
        assert client.post(path, data=form).status_code == 422, path


def test_an_invisible_title_is_none(cast: Cast) -> None:
    answer = cast.client("owner").post(
        "/p/orbit/write", data={"text": "正文", "title": "\u200b\u2060"}
    )
    assert answer.status_code == 303
    page = cast.client("member").get(answer.headers["Location"]).text
    assert "\u2060" not in page
