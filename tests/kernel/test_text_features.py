"""Each feature of both profiles, as the reader gets it."""

import re

import pytest

from app.kernel.text import (
    RENDERER_VERSION,
    ImageRef,
    Profile,
    Rendered,
    TextTooLong,
    check_length,
    render,
)
from app.kernel.text.math import to_mathml
from app.kernel.text.renderer import Renderer
from tests.kernel.safe_html import problems, text_of

RENDERER = Renderer()
REL = 'rel="nofollow ugc noopener noreferrer"'
IMAGES = {"k3x": ImageRef("/m/k3x.webp", 640, 480, "一张照片")}


def html(source, profile=Profile.FULL):
    result = RENDERER.render(source, profile, "t1-", IMAGES)
    light = profile is Profile.LIGHT
    assert not problems(result, image_urls={"/m/k3x.webp"}, light=light)
    return result


def test_render_gives_version_and_html():
    expected = Rendered("<p>你好</p>", RENDERER_VERSION, plain=False)
    assert render("你好", profile=Profile.FULL, id_prefix="t1-") == expected


@pytest.mark.parametrize("source", ["", "  \n\n ", "\x00\u202e"])
def test_nothing_gives_nothing(source):
    assert render(source, profile=Profile.LIGHT, id_prefix="c1-").html == ""


def test_a_text_with_nothing_to_show_is_shown_as_typed():
    for source in ("[a]: https://e.com", ">"):
        rendered = render(source, profile=Profile.FULL, id_prefix="t1-")
        assert not rendered.plain
        assert text_of(rendered.html) == source


def test_as_typed_keeps_every_line_and_escapes():
    source = "[" * 9_000 + "\n<b>二</b>\n\n三 & 四"
    rendered = render(source, profile=Profile.LIGHT, id_prefix="c1-")
    assert rendered.plain
    assert rendered.version == 0
    assert "<br>\n&lt;b&gt;二&lt;/b&gt;</p>\n<p>三 &amp; 四</p>" in rendered.html
    assert 'class="text-notice" data-notice="plain"' in rendered.html
    assert not problems(rendered.html)


def test_length_counts_a_line_end_once():
    check_length("一\r\n二", 3)
    with pytest.raises(TextTooLong) as caught:
        check_length("一二三四", 3)
    assert (caught.value.limit, caught.value.length) == (3, 4)


def test_headings_begin_at_the_second_level_and_have_prefixed_ids():
    assert html("# One ##\n###### Six") == ('<h2 id="t1-one">One</h2>\n<h3 id="t1-six">Six</h3>')


def test_headings_leave_no_level_out_below_a_pages_title():
    assert html("## 一\n#### 甲\n## 二") == (
        '<h2 id="t1-一">一</h2>\n<h3 id="t1-甲">甲</h3>\n<h2 id="t1-二">二</h2>'
    )
    six = html("\n".join(f"{'#' * n} h{n}" for n in range(1, 7)))
    assert [int(level) for level in re.findall(r"<h(\d)", six)] == [2, 3, 4, 5, 6, 6]


def test_an_empty_corner_of_a_table_is_no_heading():
    table = html("| | 甲 |\n|---|---|\n| 一 | 1 |")
    assert "<td></td>\n<th>甲</th>" in table


def test_links_to_headings_get_the_same_prefix():
    assert f'<a href="#t1-开始" {REL}>去</a>' in html("[去](#开始)")


@pytest.mark.parametrize(
    ("source", "href"),
    [
        ("[a](https://e.com/x)", "https://e.com/x"),
        ("[a](<https://e.com/x y>)", "https://e.com/x%20y"),
        ("[a](https://zh.e.com/星球)", "https://zh.e.com/星球"),
        ("[a](www.e.com)", "https://www.e.com"),
        ("[a](mailto:a@b.com)", "mailto:a@b.com"),
        ("[a](/p/garden)", "/p/garden"),
        ("[a][b]\n\n[b]: https://e.com", "https://e.com"),
    ],
)
def test_links(source, href):
    assert html(source) == f'<p><a href="{href}" {REL}>a</a></p>'


def test_a_sentence_in_brackets_is_no_link_definition():
    assert html("[通知]: 明天开会") == "<p>[通知]: 明天开会</p>"


def test_a_link_title_stays():
    assert 'title="说明"' in html('[a](https://e.com "说明")')


def test_an_uploaded_image():
    assert html("![](image:k3x)") == (
        '<p><img alt="一张照片" decoding="async" height="480" loading="lazy"'
        ' src="/m/k3x.webp" width="640"></p>'
    )
    assert 'alt="我的"' in html("![我的](image:k3x)")
    assert "<img" in html("![我的][1]\n\n[1]: image:k3x")


def test_an_uploaded_image_may_be_a_link():
    assert "<a href" in html("[![x](image:k3x)](https://e.com)")
    assert "<img" in html("[![x](image:k3x)](https://e.com)")


def test_foreign_images_become_links():
    assert html("![图](https://e.com/a.png)") == (
        f'<p><a href="https://e.com/a.png" {REL}>图</a></p>'
    )


def test_unknown_images_leave_their_description():
    assert html("![图](image:nope)") == '<p><span class="missing-image">图</span></p>'
    assert html("![](image:nope)") == '<p><span class="missing-image">image:nope</span></p>'


def test_table_with_alignment_right_below_a_sentence():
    assert html("表：\n| 甲 | 乙 |\n|---|:-:|\n| **1** | 2 |\n完") == (
        "<p>表：</p>\n"
        '<div class="table-scroll" tabindex="0"><table>\n<thead>\n<tr>\n<th>甲</th>\n'
        '<th align="center">乙</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n'
        '<td><strong>1</strong></td>\n<td align="center">2</td>\n</tr>\n</tbody>\n</table>\n'
        "</div>\n<p>完</p>"
    )


def test_footnotes():
    result = html("正文[^1]\n\n[^1]: 注释\n\n    第二段")
    assert 'id="t1-fnref:1"' in result
    assert 'href="#t1-fn:1"' in result
    assert '<li id="t1-fn:1">' in result
    assert "第二段" in result
    assert "返回正文" in result


def test_highlighted_code_uses_classes_only():
    assert html("```python\nx = 1  # 注\n```") == (
        '<div class="highlight"><pre tabindex="0"><span></span><code>'
        '<span class="n">x</span> <span class="o">=</span> <span class="mi">1</span>'
        '  <span class="c1"># 注</span>\n</code></pre></div>'
    )


def test_code_of_an_unknown_language_and_title():
    result = html('```nolanguage title="文件.txt"\n<b> **x** @林悦 #话题#\n```')
    assert "&lt;b&gt; **x** @林悦 #话题#" in result
    assert '<span class="filename">文件.txt</span>' in result


def test_code_between_sentences_and_in_lists():
    assert html("前\n```\nx\n```\n后").startswith("<p>前</p>\n<div class")
    assert html("1. 甲\n   ```\n   x\n   ```\n2. 乙").count("<li>") == 2


def test_lists_of_both_kinds():
    assert html("- 甲\n- 乙\n\n3. 丙\n4. 丁") == (
        '<ul>\n<li>甲</li>\n<li>乙</li>\n</ul>\n<ol start="3">\n<li>丙</li>\n<li>丁</li>\n</ol>'
    )
    assert html("1) 甲\n2) 乙") == "<ol>\n<li>甲</li>\n<li>乙</li>\n</ol>"


def test_a_list_item_of_two_paragraphs_keeps_its_number():
    assert html("1. 甲\n\n   续\n\n2. 乙").count("<ol>") == 1


def test_lists_and_quotes_inside_quotes():
    assert html("> 前\n> - 甲\n>   - 乙\n>\n> > 内") == (
        "<blockquote>\n<p>前</p>\n<ul>\n<li>甲<ul>\n<li>乙</li>\n</ul>\n</li>\n</ul>\n"
        "<blockquote>\n<p>内</p>\n</blockquote>\n</blockquote>"
    )


@pytest.mark.parametrize("source", ["*a**b*c", "x*_**a*a", "*中**中*中"])
def test_emphasis_never_swallows_a_letter(source):
    letters = [c for c in source if c not in "*_"]
    assert [c for c in text_of(html(source)) if c not in "*_"] == letters


def test_task_lists():
    result = html("- [x] 做完\n- [ ] 未做")
    assert result.count('type="checkbox"') == 2
    assert result.count("checked") == 1
    assert result.count('disabled=""') == 2
    assert result.count('aria-label="任务 · Task"') == 2


def test_folds():
    assert html("/// details | 答案\n四十二\n\n- 甲\n///") == (
        "<details>\n<summary>答案</summary>\n<p>四十二</p>\n<ul>\n<li>甲</li>\n</ul>\n</details>"
    )


def test_formulas_in_a_line_and_as_a_block():
    assert html("令 $a^2$ 为") == (
        '<p>令 <span class="math"><math display="inline" alttext="a^2"><mrow><msup><mi>a</mi>'
        "<mn>2</mn></msup></mrow></math></span> 为</p>"
    )
    block = html("公式：\n$$\n\\frac{a}{b} < c\n$$\n完")
    assert '<div class="math" tabindex="0"><math display="block"' in block
    assert "<mfrac>" in block
    assert block.endswith("<p>完</p>")


def test_a_block_formula_inside_a_sentence():
    assert html("即 $$x$$ 也").startswith(
        '<p>即 <span class="math" tabindex="0"><math display="block"'
    )
    assert "$" not in text_of(html("$$x$$ 也"))


def test_no_line_begins_with_the_comma_after_a_formula():
    said = html("令 $a$，$b$）。则 $c$ 成立")
    assert [after[:2] for after in said.split("</math>")[1:]] == ["，<", "）。", "</"]


def test_formulas_with_text_in_chinese():
    assert "<mtext>速度</mtext>" in html(r"$v_{\text{速度}}$")


@pytest.mark.parametrize("source", [r"$\frac{$", r"$\nosuchcommand{x}^^$", r"$\left($"])
def test_formulas_that_are_not_understood_are_shown_as_typed(source):
    assert source in text_of(html(source)) or "<math" in html(source)


def test_a_formula_too_long_is_shown_as_typed():
    source = "$" + "x+" * 1_500 + "1$"
    assert html(source) == f'<p><code class="tex">{source}</code></p>'


def test_formulas_in_headings_links_and_descriptions():
    assert 'id="t1-x_1-is"' in html("# $x_1$ is")
    assert 'title="$y$"' in html('[a](https://e.com "$y$")')
    assert 'alt="$z$"' in html("![$z$](image:k3x)")
    assert 'href="/a/$x$b"' in html("[a](/a/$x$b)")


def test_mathml_goes_through_closed_lists():
    assert "style=" not in (to_mathml(r"\color{red}{x}", "inline") or "style=")
    nested = "\\sqrt{" * 100 + "1" + "}" * 100
    assert to_mathml(nested, "inline") is None


def test_an_author_cannot_write_a_marker():
    result = html("$x$ `f000000000000000000000000x0z`")
    assert "<code>f000000000000000000000000x0z</code>" in result


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("# 标题", "<h"),
        ("|a|\n|-|\n|1|", "<table"),
        ("![图](image:k3x)", "<img"),
        ("a[^1]\n\n[^1]: 注", "<sup"),
        ("- [x] 甲", "<input"),
        ("/// details | 答案\n内\n///", "<details"),
    ],
)
def test_light_texts_show_as_typed_what_they_may_not_use(source, missing):
    result = html(source, Profile.LIGHT)
    assert missing not in result
    assert problems(result, light=True) == []
    for mark in ("标题", "a", "图", "注", "甲", "答案"):
        assert (mark in source) == (mark in text_of(result)) or mark == "a"


@pytest.mark.parametrize(
    ("source", "element"),
    [
        ("- 甲", "<ul>"),
        ("1. 甲", "<ol>"),
        ("> 引", "<blockquote>"),
        ("`x`", "<code>"),
        ("```py\nx\n```", "<pre "),
        ("**重**", "<strong>"),
        ("https://e.com", "<a "),
        ("$x$", "<math "),
    ],
)
def test_light_texts_may_use(source, element):
    assert element in html(source, Profile.LIGHT)
