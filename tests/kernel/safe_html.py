"""A second opinion on what may stand in rendered HTML: written apart from the sanitiser's lists."""

import re
from html.parser import HTMLParser

REL = "nofollow ugc noopener noreferrer"
VOID = {"br", "hr", "img", "input"}


def words(text):
    return frozenset(text.split())


LIGHT = words("p br hr ul ol li blockquote div pre code strong em del a span")
PLAIN = LIGHT | words(
    "sup h2 h3 h4 h5 h6 table thead tbody tr th td details summary input img",
)
MATHML = words(
    "math mrow mi mo mn ms mtext mspace mfrac msqrt mroot msup msub msubsup munder mover munderover"
    " mmultiscripts mprescripts none mtable mtr mtd mstyle mpadded mphantom menclose merror"
)
WORD = re.compile(r"[a-z0-9-]*( [a-z0-9-]+)*", re.I)
LINK = re.compile(r"(https?://[^/@\\]|mailto:[^\s]+@|/(?![/\\])|#)", re.I)
MATH_VALUE = re.compile(r"[A-Za-z0-9.+%#\s-]{0,100}")
FIXED = {
    ("a", "rel"): {REL},
    ("pre", "tabindex"): {"0"},
    ("div", "tabindex"): {"0"},
    ("span", "tabindex"): {"0"},
    ("input", "type"): {"checkbox"},
    ("input", "disabled"): {""},
    ("input", "checked"): {""},
    ("input", "aria-label"): {"任务 · Task"},
    ("img", "loading"): {"lazy"},
    ("img", "decoding"): {"async"},
    ("th", "align"): {"left", "center", "right"},
    ("td", "align"): {"left", "center", "right"},
    ("details", "open"): {"", "open"},
    ("p", "data-notice"): {"plain"},
    ("span", "lang"): {"zh-Hans", "en"},
}
NUMBERS = {("img", "width"), ("img", "height"), ("ol", "start")}
WITH_ID = {"h2", "h3", "h4", "h5", "h6", "li", "sup"}
WITH_CLASS = {"p", "div", "span", "a", "ul", "li", "code"}


class _Checker(HTMLParser):
    def __init__(self, id_prefix: str, image_urls: set[str], elements: set[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.id_prefix = id_prefix
        self.image_urls = image_urls
        self.elements = elements
        self.problems: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag in MATHML:
            self._math(tag, attrs)
        elif tag not in self.elements:
            self.problems.append(f"element {tag}")
        else:
            for name, value in attrs:
                if not self._good(tag, name, value or ""):
                    self.problems.append(f"{tag} {name}={value!r}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"unbalanced </{tag}>")

    def handle_comment(self, data):
        self.problems.append(f"comment {data!r}")

    def handle_decl(self, decl):
        self.problems.append(f"declaration {decl!r}")

    def handle_pi(self, data):
        self.problems.append(f"instruction {data!r}")

    def unknown_decl(self, data):
        self.problems.append(f"declaration {data!r}")

    def _math(self, tag, attrs):
        if tag != "math" and "math" not in self.open:
            self.problems.append(f"{tag} outside math")
        for name, value in attrs:
            if name in ("style", "class", "id", "href", "src", "xmlns") or name.startswith("on"):
                self.problems.append(f"{tag} {name}")
            if name != "alttext" and not MATH_VALUE.fullmatch(value or ""):
                self.problems.append(f"{tag} {name}={value!r}")

    def _good(self, tag, name, value):
        if (tag, name) in FIXED:
            return value in FIXED[tag, name]
        if (tag, name) in NUMBERS:
            return value.isascii() and value.isdigit()
        if name == "class":
            return tag in WITH_CLASS and WORD.fullmatch(value)
        if name == "id":
            return tag in WITH_ID and value.startswith(self.id_prefix)
        if tag == "a" and name == "href":
            anchor = not value.startswith("#") or value.startswith(f"#{self.id_prefix}")
            return LINK.match(value) and anchor
        if tag == "img" and name == "src":
            return value in self.image_urls
        return (tag, name) in {("a", "title"), ("img", "alt")}


def problems(html, id_prefix="t1-", image_urls=(), light=False):
    """What is wrong with a rendered text; empty when every element and attribute is listed."""
    checker = _Checker(id_prefix, set(image_urls), LIGHT if light else PLAIN)
    checker.feed(html)
    checker.close()
    if checker.open:
        checker.problems.append(f"left open: {checker.open}")
    if "\x02" in html or "\x03" in html:
        checker.problems.append("a marker of the parser")
    return checker.problems


def text_of(html):
    """The text a reader sees."""
    collected = []
    parser = HTMLParser(convert_charrefs=True)
    parser.handle_data = collected.append
    parser.feed(html)
    parser.close()
    return "".join(collected)
