"""Addresses as chat apps, phones and printed codes bring them back: the page is shown, the address mended."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.cast import Cast
from tests.policy.stage import build
from tests.policy.test_routes import GRID, _request_of
from tests.scene import Scene, plant

sqlite_only = pytest.mark.parametrize("engine_name", ["sqlite"])
WECHAT = {"from": "groupmessage", "isappinstalled": "0"}
# Names that are ours too, with what others mean by them; then cursors of elsewhere.
FOREIGN = [
    WECHAT,
    {"from": "timeline", "nsukey": "a/b+c==", "utm_source": "群", "fbclid": "x", "amp;from": "y"},
    dict.fromkeys(("after", "before", "from", "until"), "zzzzzzzzzzzz"),
    {"before": "5d0.zzzzzzzzzzzz", "page": "x", "show": "1", "tag": "群"},
    dict.fromkeys(("order", "kind", "role", "standing", "version", "category", "to", "month"), "x"),
]  # fmt: skip
# Parameters of the style guide and of a form that is read again; they are handed on by nobody.
FILLED_BY_SCRIPTS = {"accent", "slug"}
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return plant(cast)


def _words(html: str) -> str:
    """Return what a page says between its navigation and its footer."""
    main = re.search(r"<main.*</main>", html, re.S)
    plain = re.sub(r"<[^>]*>", " ", main[0] if main else html)
    return " ".join(re.sub(r"\b[\w-]{12,}\b", "", plain).split())


@sqlite_only
def test_what_others_add_to_an_address_takes_no_page_away(
    app: Flask, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stage = build(app, tmp_path_factory.mktemp("stage"))
    # The demo's checkout carries its own address along.
    rows = [row for row in GRID if row.startswith("GET ") and "?" not in row and "demo-" not in row]
    addresses = [_request_of(row, stage.names)[1] for row in rows]
    broken = []
    for persona in ("owner", "member", "visitor"):
        client = stage.scene.cast.client(persona)
        for address in addresses:
            plain = client.get(address)
            for query in FOREIGN:
                added = client.get(address, query_string=query)
                if added.status_code == 302 and plain.status_code != 302:
                    added = client.get(added.headers["Location"])
                if added.status_code == 303:
                    client.get("/discover")  # which takes what is to be said on the next page
                if not _same(plain, added):
                    broken.append((persona, address, query, plain.status_code, added.status_code))
    assert broken == [], "\n".join(map(str, broken))


def _same(plain: TestResponse, added: TestResponse) -> bool:
    """Whether two answers show the same page."""
    if plain.status_code != added.status_code:
        return False
    shown = plain.status_code == 200 and plain.mimetype == "text/html"
    return not shown or _words(plain.text)[:400] == _words(added.text)[:400]


def test_a_members_topic_and_a_public_sample_open_from_a_chat(scene: Scene) -> None:
    for persona, name in (("member", "new_post"), ("visitor", "sample")):
        client, topic = scene.cast.client(persona), scene.topics[name]
        address = client.get(f"/p/orbit/t/{topic}").headers.get("Location", f"/p/orbit/t/{topic}")
        assert client.get(address, query_string=WECHAT).status_code == 200


ENDINGS = (
    "/",
    "//",
    ".",
    "\u3002",
    "\uff0c\u5feb\u6765\u770b",
    "%20",
    ")",
    "&from=groupmessage",
    "\u200b",
)


@pytest.mark.parametrize("behind", ENDINGS)
def test_what_stuck_to_an_address_comes_off(scene: Scene, behind: str) -> None:
    topic = f"/p/orbit/t/{scene.topics['new_post']}"
    for address in ("/p/orbit", "/p/orbit/about", topic, "/discover", "/p/orbit/me"):
        answer = scene.cast.client("member").get(f"{address}{behind}?a=1", follow_redirects=True)
        assert answer.status_code == 200, address
        assert answer.request.path.rstrip("/").startswith(address)


def test_letters_of_another_case_lead_to_the_page(scene: Scene) -> None:
    topic, comment = _in_one_case(scene)
    client = scene.cast.client("member")
    for address in ("/P/Orbit", "/p/ORBIT/About", "/Discover", f"/P/ORBIT/T/{topic.upper()}",
                    f"/p/orbit/t/{topic.lower()}", f"/P/orbit/C/{comment.upper()}"):  # fmt: skip
        answer = client.get(address, follow_redirects=True)
        assert answer.status_code == 200, address
    assert f"/t/{topic}" in client.get(f"/p/orbit/t/{topic.lower()}").headers["Location"]


def test_another_case_tells_nothing_of_what_is_hidden(scene: Scene) -> None:
    hidden, stranger = scene.topics["new_post"], scene.cast.client("stranger")
    asked = [f"/P/orbit/T/{hidden.upper()}/", f"/P/orbit/T/{'Z' * 12}/"]
    answers = [stranger.get(address, follow_redirects=True) for address in asked]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert [len(answer.history) for answer in answers] == [1, 1]


@pytest.mark.parametrize(
    "address", ["//evil.test/", "/\\evil.test/", "/%2f%2fevil.test/", "//evil.test/p/orbit/"]
)
def test_no_mended_address_leads_away(scene: Scene, address: str) -> None:
    answer = scene.cast.client("member").get(address)
    assert (
        "evil.test" not in answer.headers.get("Location", "").split("?")[0].removeprefix("/p/")[:12]
    )


def test_forms_are_never_sent_on(scene: Scene) -> None:
    answer = scene.cast.client("member").post("/p/orbit/leave/")
    assert answer.status_code == 404


def _in_one_case(scene: Scene) -> tuple[str, str]:
    """Return the ids of a topic and of a comment in it, in which letters of both cases stand."""
    return scene.topics["new_post"], scene.comments["comment"]


def test_the_script_that_mends_the_bar_knows_every_name_of_ours() -> None:
    script = (ROOT / "static/js/address.js").read_text("utf-8")
    known = set(re.findall(r"[a-z]+", script.split("new Set(")[1].split(".split")[0]))
    read: set[str] = set()
    for door in (ROOT / "app/blueprints").rglob("*.py"):
        text = door.read_text("utf-8")
        read |= set(re.findall(r"""args(?:\.get(?:list)?\(|\[)"([a-z_]+)\"""", text))
        read |= set(re.findall(r'"([a-z_]+)" in request\.args', text))
    for form in (ROOT / "templates").rglob("*.html"):
        for part in re.findall(r'<form[^>]*method="get".*?</form>', form.read_text("utf-8"), re.S):
            read |= set(re.findall(r'(?:name="|field\(")([a-z_]+)"', part))
    assert read - known - FILLED_BY_SCRIPTS == set()
