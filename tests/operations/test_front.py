"""What stands before every page: where it redirects, who may send a form, what signing out leaves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.factory import create_app
from tests.cast import Cast
from tests.conftest import FreshClient, make_settings
from tests.policy.crawling import bytes_of

HOSTILE = "evil.example"


@pytest.mark.parametrize(
    "path", ["/p//orbit", "//p/orbit", "/p/orbit//about", "/p//orbit?next=//x", "/styleguide",
             "//evil.example//x", "/p/orbit/", "/\\evil.example"],
)  # fmt: skip
def test_no_redirect_repeats_a_host_that_was_sent(cast: Cast, path: str) -> None:
    answer = cast.client("member").get(
        "/", environ_overrides={"PATH_INFO": path.partition("?")[0], "HTTP_HOST": HOSTILE}
    )
    location = answer.headers.get("Location", "/")
    assert HOSTILE not in location.removeprefix("/evil.example")
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))


def test_static_files_carry_the_same_headers_as_pages(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/").headers
    prefix = app.extensions["planetarium.static_prefix"]
    for path in ("js/main.js", "brand/icon-192.png"):
        answer = client.get(prefix + path)
        assert answer.status_code == 200
        for name in ("X-Content-Type-Options", "X-Frame-Options", "Content-Security-Policy",
                     "Referrer-Policy", "Cross-Origin-Resource-Policy"):  # fmt: skip
            assert answer.headers[name] == page[name]
        assert "immutable" in answer.headers["Cache-Control"]


OURS = [
    {},
    {"Origin": "http://localhost"},
    {"Origin": "http://localhost:80"},
    {"Origin": "http://planet.test", "Sec-Fetch-Site": "same-origin"},
    # Browsers within chat apps, and pages that name no referrer.
    {"Origin": "null"},
    {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://LOCALHOST", "Sec-Fetch-Site": "same-origin"},
]
FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:8001"},
    {"Origin": "http://planet.test.evil.example"},
    {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://[::1"},
    {"Origin": ""},
    {"Origin": "https://sub.planet.test", "Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", OURS)
def test_our_own_pages_may_send(cast: Cast, headers: dict[str, str]) -> None:
    answer = cast.client("member").post("/language", data={"language": "en"}, headers=headers)
    assert answer.status_code == 303


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_right_token_from_another_site_counts_for_nothing(
    cast: Cast, headers: dict[str, str]
) -> None:
    client = cast.client("member")
    answer = client.post("/sign-out", headers={**headers, "Accept-Language": "en"})
    assert answer.status_code == 403
    assert "another site" in answer.get_data(as_text=True) or "另一个网站" in answer.get_data(
        as_text=True
    )
    assert client.get("/account").status_code == 200


def test_machines_that_sign_are_asked_for_no_origin(cast: Cast) -> None:
    foreign = {"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}
    client = cast.client("visitor")
    assert client.post("/notices/mail-off/no-such-token", headers=foreign).status_code == 404
    assert client.post("/webhooks/stripe", headers=foreign, data=b"{}").status_code != 403


def test_signing_out_leaves_nothing_to_go_back_to(cast: Cast) -> None:
    answer = cast.client("member").post("/sign-out")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "Clear-Site-Data" not in cast.client("member").get("/").headers


BEHIND = "https://planet.test:8443"


@pytest.fixture
def behind(cast: Cast, tmp_path: Path) -> Flask:
    """The same database, served behind a proxy that speaks TLS on a port of its own."""
    settings = cast.app.extensions["planetarium.settings"]
    url = settings.database_url or settings.database_uri
    made = create_app(make_settings(tmp_path, url, base_url=BEHIND, trusted_proxies=1))
    made.test_client_class = FreshClient
    return made


def _token(client: FlaskClient, path: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path, base_url=BEHIND).text)
    assert found is not None
    return found[1]


# What nginx sends with `Host $host` (no port), with `$http_host`, and Caddy; with and without a Referer.
@pytest.mark.parametrize("host", ["planet.test", "planet.test:8443"])
@pytest.mark.parametrize("referer", ["", f"{BEHIND}/sign-in"])
@pytest.mark.parametrize("scheme", ["", "https", "http"])
def test_behind_a_proxy_people_sign_in(behind: Flask, host: str, referer: str, scheme: str) -> None:
    client = behind.test_client()
    token = _token(client, "/sign-in")
    headers = {"Host": host, "Origin": BEHIND, "X-Forwarded-For": "203.0.113.7"}
    headers |= {"Referer": referer} if referer else {}
    headers |= {"X-Forwarded-Proto": scheme} if scheme else {}
    form = {"csrf_token": token, "email": "nobody@demo.test", "password": "a wrong password"}
    answer = client.post("/sign-in", data=form, headers=headers, base_url=BEHIND)
    # Refused for the password, not for where it came from.
    assert answer.status_code in (401, 422)
    assert 'name="password"' in answer.text


@pytest.mark.parametrize(
    "name", ["Host", "X-Forwarded-Host", "X-Forwarded-Server", "X-Original-Host"]
)
def test_no_header_names_our_host(behind: Flask, cast: Cast, name: str) -> None:
    client = behind.test_client()
    for path in (
        "/",
        "/discover",
        f"/p/{cast.slug}/about",
        f"/p/{cast.slug}/",
        "/sign-in",
        "/nowhere",
    ):
        answer = client.get(path, headers={name: HOSTILE}, base_url=BEHIND)
        assert HOSTILE not in bytes_of(answer)


def test_a_forged_host_makes_no_origin_ours(behind: Flask) -> None:
    client = behind.test_client()
    headers = {
        "Origin": f"https://{HOSTILE}",
        "X-Forwarded-Host": HOSTILE,
        "Host": "planet.test:8443",
    }
    form = {"csrf_token": _token(client, "/sign-in")}
    answer = client.post("/sign-in", data=form, headers=headers, base_url=BEHIND)
    assert answer.status_code == 403
