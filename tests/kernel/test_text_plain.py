"""What is taken from a source without rendering it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.text import Profile, excerpt, hashtags, mentions, plain_text, slugify
from app.kernel.text import plain as plain_texts
from app.kernel.text.renderer import Renderer
from tests.kernel.safe_html import text_of


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("# 标题\n\n**重点：**说明", "标题\n\n重点：说明"),
        ("> 引用\n> > 内\n\n- 甲\n- [x] 乙\n- [ ] 丙", "引用\n内\n\n- 甲\n- ☑ 乙\n- ☐ 丙"),
        ("看[这里](https://e.com/a_(b) '题')吧", "看这里吧"),
        ("![照片](image:k3x) <https://e.com>", "照片 https://e.com"),
        ("`a*b*c` 和 ``x`y``", "a*b*c 和 x`y"),
        ("```py\n# 不是标题\n**x**\n```\n后", "# 不是标题\n**x**\n后"),
        ("~~~\n```\n~~~", "```"),
        ("| 甲 | 乙 |\n|---|:-:|\n| 1 | 2 |", "甲   乙\n\n1   2"),
        ("正文[^1]\n\n[^1]: 注释", "正文\n\n注释"),
        ("[a][b]\n\n[b]: https://e.com", "a"),
        ("[通知]: 明天开会 大家来", "[通知]: 明天开会 大家来"),
        ("/// details | 答案\n    open: true\n内\n///", "答案\n\n内"),
        ("甲\n\n---\n\n\n\n乙", "甲\n\n乙"),
        (r"\*不斜\* &amp; &lt;b&gt;", "*不斜* & <b>"),
        ("~~旧~~ *斜* __粗__ snake_case_x 2*3*4", "旧 斜 粗 snake_case_x 234"),
        ("@林悦 #话题# $x^2$", "@林悦 #话题# $x^2$"),
        ("\x00a\u202eb\ud800", "ab"),
        ("&#x202e;&#8;", ""),
    ],
)
def test_plain_text(source, expected):
    assert plain_text(source) == expected


_PIECES = tuple(
    "a 中 - = _ * ~~ ~ ` | [ ] ( ) ! # > / /// open: &amp; <https://a.b> \\ [x] 1. [^1]: 。 $".split()
)


@given(st.lists(st.sampled_from((*_PIECES, " ", "    ", "\t", "\n")), max_size=14).map("".join))
def test_a_line_without_marks_is_let_through_as_reading_it_would_leave_it(source):
    quick = plain_text(source)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_texts, "_BARE", re.compile("(?!)"))
        assert quick == plain_text(source)


def test_excerpts_are_one_short_line():
    assert excerpt("# 标题\n\n正文\t很长", 120) == "标题 正文 很长"
    assert excerpt("一二三四五六", 4) == "一二三…"
    assert excerpt("一二三四", 4) == "一二三四"
    assert excerpt("一二三四", 1) == "…"
    assert excerpt("一二三四", 0) == ""


@pytest.mark.parametrize("joined", ["e\u0301", "❤\ufe0f", "👩\u200d👩\u200d👧", "👍\U0001f3fd"])
def test_excerpts_never_cut_a_character(joined):
    for limit in range(2, 8):
        line = excerpt("一" + joined + "二三四五六七八", limit)
        assert line.removesuffix("…") in ("一", "一" + joined) or joined in line


def test_names_are_found_once_and_in_order():
    source = "请@林悦 和 @苏晴，@林悦 看 #读书# #复盘# #读书#"
    assert mentions(source) == ("林悦", "苏晴")
    assert hashtags(source) == ("读书", "复盘")


@pytest.mark.parametrize(
    "source",
    [
        "`@a #b#`",
        "``` \n@a #b#\n```",
        "~~~\n@a #b#\n~~~",
        "x@a.com C#b#",
        "https://e.com/@a#b#",
        "[@a #b#](https://e.com)",
        "[x](https://e.com/@a)",
        "@ a # b #",
    ],
)
def test_no_names_in_code_links_and_addresses(source):
    assert mentions(source) == ()
    assert hashtags(source) == ()


@pytest.mark.parametrize(
    "source",
    [
        "@林悦 #读书#",
        "> @a\n\n- #话题# `@b`\n\n```\n@c\n```\n**@d**",
        "# 标题 #题#\n（@e）见https://e.com/@f，@g",
        "[@h](https://e.com) @i",
    ],
)
def test_the_page_marks_the_same_names(source):
    page = Renderer().render(source, Profile.FULL, "t1-", {})
    marked = [
        text_of(rest.split("<", 1)[0]).strip("#")
        for rest in page.split('<span class="hashtag">')[1:]
    ]
    assert marked == list(hashtags(source))
    assert "mention" not in page


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("如何读一本书？", "如何读一本书"),
        ("Hello, World! 你好", "hello-world-你好"),
        ("ＡＢＣ　１２３", "abc-123"),
        ("../../etc/passwd?x=<b>", "etc-passwd-x-b"),
        ("🎉🎉", ""),
        ("", ""),
        ("--a__b--", "a-b"),
        ("字" * 100, "字" * 60),
        ("word " * 30, "-".join(["word"] * 12)),
    ],
)
def test_slugs(title, slug):
    assert slugify(title) == slug
