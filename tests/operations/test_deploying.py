"""The files that an operator copies: what they name exists, and their own programs take them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from flask import Flask

from app.config import PREFIX, Settings
from app.factory import create_app
from tests.conftest import make_settings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "operations"
PAGES = [ROOT / "docs" / "operations.md", *sorted(FOLDER.glob("*.md"))]
TOKEN = "a-token-of-the-metrics"


def read(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


def run(*words: str | Path) -> str:
    """Run a program where there is one; returns what it complains of, "" when it is content."""
    if shutil.which(str(words[0])) is None:
        return ""
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    return ended.stderr if ended.returncode else ""


def test_every_number_that_an_alarm_names_is_told(tmp_path: Path, app: Flask) -> None:
    metered = create_app(make_settings(tmp_path, metrics_token=TOKEN))
    told = metered.test_client()
    told.get("/healthz")
    page = told.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    existing = set(re.findall(r"^(planetarium_\w+)", page, re.MULTILINE))
    source = "".join(path.read_text("utf-8") for path in (ROOT / "app/blueprints").glob("*.py"))
    existing |= {f"planetarium_{name}" for name in re.findall(r'Reading\(\s*"(\w+)"', source)}
    rules = [
        rule for group in yaml.safe_load(read("alerts.yml"))["groups"] for rule in group["rules"]
    ]
    assert len(rules) > 10
    for rule in rules:
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        named = set(re.findall(r"planetarium_\w+", rule["expr"]))
        assert named <= existing, rule["alert"]


def test_every_alarm_of_the_page_has_a_rule() -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    rows = re.findall(r"^\| (`planetarium_[^|]+) \| ([^|]+) \|$", page, re.MULTILINE)
    wanted = {
        name
        for names, when in rows
        if re.match(r"above|below|\d|dead", when.strip())
        for name in re.findall(r"`(planetarium_\w+)", names)
        if name != "planetarium_outbox_pending"
    }
    assert len(wanted) > 10
    assert wanted <= set(re.findall(r"planetarium_\w+", read("alerts.yml")))


def test_the_settings_of_the_example_exist() -> None:
    named = set(re.findall(r"^([A-Z_]+)=", read("planetarium.env"), re.MULTILINE))
    known = {
        str(f.validation_alias or PREFIX + name.upper())
        for name, f in Settings.model_fields.items()
    }
    assert named <= known
    assert {"SECRET_KEY", "PLANETARIUM_BASE_URL", "DATABASE_URL"} <= named


def test_units_name_what_the_pages_make(tmp_path: Path) -> None:
    installing = read("installing.md")
    for name in ("planetarium.service", "planetarium-backup.service"):
        unit = read(name)
        for place in re.findall(r"^ReadWritePaths=(.*)$", unit, re.MULTILINE)[0].split():
            assert place in installing
        assert "EnvironmentFile=/etc/planetarium.env" in unit
        assert "ProtectSystem=strict" in unit
        assert "NoNewPrivileges=yes" in unit
        assert "User=planetarium" in unit
    # Programs and user are not of this machine.
    for name in ("planetarium.service", "planetarium-backup.service", "planetarium-backup.timer"):
        words = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", read(name))
        words = re.sub(r"(?m)^(User|Group)=.*\n", "", words)
        (tmp_path / name).write_text(words)
    assert run("systemd-analyze", "verify", *sorted(tmp_path.iterdir())) == ""


def test_the_proxies_take_their_lines(tmp_path: Path) -> None:
    assert (
        run("caddy", "adapt", "--adapter", "caddyfile", "--config", FOLDER / "planetarium.caddy")
        == ""
    )
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=planet",
        "-keyout", key, "-out", certificate)  # fmt: skip
    lines = read("planetarium.nginx").replace("/etc/letsencrypt/live/planet.example", str(tmp_path))
    lines = lines.replace("fullchain.pem", "certificate.pem").replace("privkey.pem", "key.pem")
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{lines}\n}}\n"
    )
    assert run("nginx", "-t", "-e", "stderr", "-c", tmp_path / "nginx.conf") == ""


def test_the_page_and_the_proxys_file_say_the_same() -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    file = {line.strip() for line in read("planetarium.nginx").splitlines()}
    block = page[
        page.index("    map $http_sec_fetch_site") : page.index("The map leaves answers alone")
    ]
    assert {line.strip() for line in block.splitlines()} <= file


def test_the_script_is_one() -> None:
    assert run("sh", "-n", FOLDER / "planetarium.sh") == ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_pages_name_exists(page: Path, tmp_path: Path) -> None:
    text = page.read_text("utf-8")
    commands = create_app(make_settings(tmp_path)).cli.commands
    called = re.findall(
        r"(?:flask|^    planetarium|`planetarium) (?!setup)([a-z][a-z-]+)", text, re.MULTILINE
    )
    assert set(called) - {"stands"} <= {*commands, "db"}
    for name in re.findall(r"docs/operations/([\w.-]+)", text):
        assert (FOLDER / name).exists(), name
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / link).exists(), link
