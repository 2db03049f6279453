"""Chinese typography, addresses, names and topics inside Chinese sentences."""

import pytest

from app.kernel.text import Profile
from app.kernel.text.renderer import Renderer

RENDERER = Renderer()
REL = 'rel="nofollow ugc noopener noreferrer"'


def html(source, profile=Profile.FULL):
    return RENDERER.render(source, profile, "t1-", {})


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("**重点：**说明", "<strong>重点：</strong>说明"),
        ("他说**“好”**了", "他说<strong>“好”</strong>了"),
        ("这是**（重要）**内容", "这是<strong>（重要）</strong>内容"),
        ("前*强调。*后", "前<em>强调。</em>后"),
        ("~~原价：~~现价", "<del>原价：</del>现价"),
        ("好的~谢谢~", "好的~谢谢~"),
        ("变量snake_case_name不斜", "变量snake_case_name不斜"),
        ("花了$5和$10元", "花了$5和$10元"),
        ("第一行\n第二行", "第一行<br>\n第二行"),
        ("代码`x*y*z`中文", "代码<code>x*y*z</code>中文"),
    ],
)
def test_marks_beside_chinese_punctuation(source, expected, profile):
    assert html(source, profile) == f"<p>{expected}</p>"


@pytest.mark.parametrize(
    ("source", "url", "rest"),
    [
        ("见https://e.com/a，好的", "https://e.com/a", "，好的"),
        ("见https://e.com/a。", "https://e.com/a", "。"),
        ("（https://e.com/a）好", "https://e.com/a", "）好"),
        ("(https://e.com/a)", "https://e.com/a", ")"),
        ("https://e.com/a_(b)c", "https://e.com/a_(b)c", ""),
        ("看HTTPS://E.com/x!", "HTTPS://E.com/x", "!"),
        ("https://e.com/路径", "https://e.com/", "路径"),
        ("https://e.com?a=1&b=2#c、", "https://e.com?a=1&amp;b=2#c", "、"),
        ("**https://e.com/a_b_c**", "https://e.com/a_b_c", "</strong>"),
        ("http://e.com/?a=$x&b=$y", "http://e.com/?a=$x&amp;b=$y", ""),
    ],
)
def test_bare_addresses_end_where_the_sentence_goes_on(source, url, rest):
    assert f'<a href="{url}" {REL}>{url}</a>{rest}' in html(source)


@pytest.mark.parametrize(
    "source",
    ["ftp://e.com", "xhttp://e.com", "http://", "`https://e.com`", "https://good.com@evil.com/"],
)
def test_what_is_no_address_stays_text(source):
    assert "<a " not in html(source)


def test_an_address_inside_a_link_text_makes_no_second_link():
    assert html("[https://a.com](https://b.com)").count("<a ") == 1


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("请@林悦 看看", "@林悦"),
        ("@Zhao_Heng，你好", "@Zhao_Heng"),
        ("（@苏晴）", "@苏晴"),
        ("谢谢@陈·博士。", "@陈·博士"),
        ("@不存在的人 你好", "@不存在的人"),
    ],
)
def test_a_mention_of_anybody_is_plain_text(source, name):
    # Until mentions are built nobody is told: what looks like a link to somebody would promise it.
    assert html(source) == f"<p>{source}</p>"


@pytest.mark.parametrize(
    ("source", "topic"),
    [
        ("#读书# 今天", "#读书#"),
        ("参加#每周复盘#吧", "#每周复盘#"),
        ("#AI 工具#好用", "#AI 工具#"),
        ("# 标题 #话题#", "#话题#"),
        ("> #引用里#", "#引用里#"),
    ],
)
def test_hashtags(source, topic):
    assert f'<span class="hashtag">{topic}</span>' in html(source)


@pytest.mark.parametrize(
    "source", ["C#和F#都行", "第#1#名", "##a##", "# 标题", "#没有结束", "`#代码#`"]
)
def test_what_is_no_hashtag(source):
    assert "hashtag" not in html(source)


def test_a_topic_at_the_start_of_a_line_is_no_heading():
    assert html("#话题# 你好") == '<p><span class="hashtag">#话题#</span> 你好</p>'


def test_headings_keep_chinese_in_their_ids():
    assert html("# 第一章：开始\n\n# 第一章：开始") == (
        '<h2 id="t1-第一章开始">第一章：开始</h2>\n<h2 id="t1-第一章开始_1">第一章：开始</h2>'
    )


def test_a_line_of_dashes_below_a_sentence_is_a_divider():
    assert html("第一段\n---\n第二段") == "<p>第一段</p>\n<hr>\n<p>第二段</p>"


def test_a_paragraph_indented_by_spaces_is_no_code():
    assert html("    从前有座山") == "<p>从前有座山</p>"


def test_wide_indents_stay_on_every_line():
    assert html("　　第一行\n　　第二行") == "<p>　　第一行<br>\n　　第二行</p>"


def test_a_list_may_follow_its_sentence():
    assert html("清单：\n- 一\n- 二") == "<p>清单：</p>\n<ul>\n<li>一</li>\n<li>二</li>\n</ul>"


@pytest.mark.parametrize("indent", ["  ", "   ", "    ", "\t"])
def test_nested_lists_by_two_three_or_four_spaces(indent):
    rendered = html(f"- 一\n{indent}- 二\n{indent}{indent}- 三\n- 四")
    assert rendered == html("- 一\n    - 二\n        - 三\n- 四")
    assert rendered.count("<ul>") == 3


def test_a_quote_ends_with_its_marks():
    assert html("> 引用\n回复") == "<blockquote>\n<p>引用</p>\n</blockquote>\n<p>回复</p>"


def test_a_year_at_the_start_of_a_later_line_is_no_list():
    assert "<ol" not in html("今年是\n2026. 一切都好")
