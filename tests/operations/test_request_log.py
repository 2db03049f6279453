"""One line per request: with an id, without secrets."""

import json
import logging
import smtplib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.blueprints import request_log
from app.blueprints.entrance import declares
from app.factory import create_app
from app.kernel import logs
from tests.cast import Cast
from tests.conftest import make_settings


@pytest.fixture
def talking(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Flask]:
    """An application that logs as in production, to the captured standard error."""
    app = create_app(make_settings(tmp_path, env="production"))

    @app.get("/links/<token>")
    @declares("public")
    def link(token: str) -> str:
        logging.getLogger("some.library").warning("library speaks")
        if token == "crash":
            raise RuntimeError("handler broke")
        return "ok"

    capsys.readouterr()
    yield app
    logs.configure("json", level=logging.WARNING, context=request_log.surroundings)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_request_is_one_line_that_names_the_route_not_the_path(
    talking: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = talking.test_client().get("/links/s3cr3t-of-a-mail?also=s3cr3t")
    library, line = lines(capsys)
    assert library["event"] == "library speaks"
    assert library["logger"] == "some.library"
    assert library["request_id"] == line["request_id"] == answer.headers["X-Request-Id"]
    assert line["part"] == "http"
    assert (line["method"], line["route"], line["status"]) == ("GET", "/links/<token>", 200)
    assert line["user"] is None
    assert line["ms"] >= 0
    assert "s3cr3t" not in json.dumps(line)


def test_a_request_to_nowhere_does_not_write_its_path(
    talking: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    talking.test_client().get("/reset-s3cr3t")
    (line,) = lines(capsys)
    assert (line["status"], line["route"]) == (404, None)


def test_a_crash_is_written_down_with_its_request(
    talking: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = talking.test_client().get("/links/crash")
    assert answer.status_code == 500
    _library, crash, line = lines(capsys)
    assert "RuntimeError: handler broke" in crash["exception"]
    assert crash["request_id"] == line["request_id"]
    assert (line["status"], line["level"]) == (500, "warning")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("proxy-4f2a9c01", True),
        ("short", False),
        ("x" * 65, False),
        ("with space 123", False),
        ('"quoted-12345"', False),
    ],
)
def test_a_request_id_is_taken_over_only_when_well_formed(
    talking: Flask, given: str, kept: bool
) -> None:
    answer = talking.test_client().get("/links/x", headers={"X-Request-Id": given})
    assert (answer.headers["X-Request-Id"] == given) is kept
    assert len(answer.headers["X-Request-Id"]) >= 8


def test_probes_that_succeed_are_silent(talking: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    talking.test_client().get("/healthz")
    assert lines(capsys) == []


def test_text_form_is_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app = create_app(make_settings(tmp_path, env="production", log_format="text"))
    app.test_client().get("/nowhere")
    written = capsys.readouterr().err
    logs.configure("json", level=logging.WARNING, context=request_log.surroundings)
    assert "request" in written
    assert "status=404" in written


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_crash_does_not_write_what_somebody_typed(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = create_app(make_settings(tmp_path, env="production", log_format=form))

    @app.get("/crash")
    @declares("public")
    def crash() -> str:
        typed = "s3cr3t".upper()
        raise RuntimeError(f"handler broke after {len(typed)} letters")

    assert app.test_client().get("/crash").status_code == 500
    written = capsys.readouterr().err
    logs.configure("json", level=logging.WARNING, context=request_log.surroundings)
    assert "handler broke after 6 letters" in written
    assert "S3CR3T" not in written


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_viewer_is_named_by_row_id_when_the_request_looked_him_up(
    cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = cast.app.extensions["planetarium.settings"]
    cast.app = create_app(make_settings(held.data_dir, env="production"))
    client = cast.client("member")
    capsys.readouterr()
    client.get(f"/p/{cast.slug}/about")
    line = lines(capsys)[-1]
    logs.configure("json", level=logging.WARNING, context=request_log.surroundings)
    assert line["user"] == cast.users["member"]


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("550 <lin.o'dell+x@example.test>: unknown", "550 <(address)>: unknown"),
        ("{'lin@example.test': (550, b'no')}", "(address)': (550, b'no')}"),
        ("a 用户@例子.中国 b", "a (address) b"),
        ("GET /v1/customers?email=lin%40example.test&x=1", "GET /v1/customers?email=(address)&x=1"),
        ("postgresql://stars:secret@localhost/stars", "postgresql://stars:(address)/stars"),
        ("no address, 100 %", "no address, 100 %"),
    ],
)
def test_a_text_loses_its_addresses(told: str, kept: str) -> None:
    assert logs.without_addresses(told) == kept


def test_no_log_line_holds_an_address(talking: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    refused = smtplib.SMTPRecipientsRefused({"lin@example.test": (550, b"<lin@example.test> gone")})
    logs.get_logger("outbox").warning("delivery failed", why=str(refused), exc_info=refused)
    logging.getLogger("some.library").warning("refused: lin@example.test", exc_info=refused)
    ours, theirs = lines(capsys)
    assert "SMTPRecipientsRefused" in ours["exception"]
    assert "550" in ours["why"]
    assert "example.test" not in json.dumps([ours, theirs])
