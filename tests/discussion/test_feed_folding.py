"""A card shows a short text whole, folds a long one, and of a very long one the beginning."""

from __future__ import annotations

import re
from functools import lru_cache

from hypothesis import given, settings
from hypothesis import strategies as st

from app.blueprints.discussion.folding import CUT_BEFORE, folded
from app.kernel.text import Profile, render

PARAGRAPH = "这是一段相当长的文字，用来把正文撑到需要裁切的长度。" * 8


def test_short_texts_are_whole_and_long_ones_folded() -> None:
    assert folded("<p>短</p>") == ("<p>短</p>", False)
    assert folded("<p>长</p>" * 200) == ("<p>长</p>" * 200, True)


def test_a_very_long_text_is_cut_between_blocks() -> None:
    html = "".join(f"<p>{PARAGRAPH}<br><b>x</b></p>" for _ in range(40))
    beginning, how = folded(html, "开头")
    assert how == "cut"
    assert html.startswith(beginning)
    assert len(beginning) <= CUT_BEFORE
    assert beginning.endswith("</p>")


def test_one_endless_block_gives_way_to_its_excerpt() -> None:
    html = "<ul>" + "<li>项</li>" * 2_000 + "</ul>"
    assert folded(html, "开头 <b>") == ("<p>开头 &lt;b&gt;</p>", "cut")
    assert folded(html) == (html, True)


BLOCKS = st.sampled_from(
    [
        PARAGRAPH,
        "- 一\n- 二\n    - 三",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "```python\nif a < b and c > d:\n    print('<p>')\n```",
        "> 引用 **粗** ![](image:nothing)",
        '$a < b$ 与 [链接](https://example.com/?a=1&b=%3E "a > b")',
        "---",
        "## 标题",
    ]
)


@lru_cache
def _html(block: str) -> str:
    return render(block, profile=Profile.FULL, id_prefix="t-").html


@settings(deadline=None)
@given(st.lists(BLOCKS, min_size=20, max_size=60))
def test_what_is_left_is_well_formed(blocks: list[str]) -> None:
    html = "\n".join(_html(block) for block in blocks)
    beginning, _how = folded(html, "开头")
    opened = re.findall(r"<(p|ul|ol|li|table|pre|blockquote|div|a)\b", beginning)
    closed = re.findall(r"</(p|ul|ol|li|table|pre|blockquote|div|a)>", beginning)
    assert sorted(opened) == sorted(closed)
