"""What the commands in bin/ share: reading .env, finding Python, saying why something failed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from flask_migrate import downgrade

from app.factory import create_app
from app.kernel import schema
from bin.tools.prepare import prepare, reach_database, wants_demo
from tests.conftest import make_settings

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = sorted(path for path in (ROOT / "bin").iterdir() if path.is_file() and not path.suffix)


def bash(folder: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `script` in `folder` with bin/common.sh sourced."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"source {ROOT}/bin/common.sh; {script}"],
        cwd=folder,
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("command", COMMANDS, ids=lambda path: path.name)
def test_every_command_is_executable_and_says_what_it_is_for(command: Path) -> None:
    assert os.access(command, os.X_OK)
    assert command.read_text(encoding="utf-8").splitlines()[1].startswith("# ")


def test_settings_of_the_env_file_count_unless_the_environment_has_them(tmp_path: Path) -> None:
    lines = ["# a note", "ONE=1", "export TWO='a b'", 'THREE="c=d"', "SET=file", "broken line"]
    (tmp_path / ".env").write_text("\n".join(lines), encoding="utf-8")
    found = bash(tmp_path, 'read_env_file; echo "$ONE|$TWO|$THREE|$SET"', SET="environment")
    assert found.stdout == "1|a b|c=d|environment\n"


def test_an_old_python_is_refused_by_name(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.9.2" || exit 1\n')
    old.chmod(0o755)
    found = bash(tmp_path, "find_python", PYTHON=str(old))
    assert found.returncode == 1
    assert f"PYTHON={old} is Python 3.9.2; needed: 3.11.5 or newer." in found.stderr


def test_without_a_new_python_the_mend_is_said(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    found = bash(tmp_path, f"PATH={empty} find_python")
    assert found.returncode == 1
    assert "apt-get install python3 python3-venv" in found.stderr


@pytest.mark.parametrize(
    ("printed", "mend"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("Temporary failure in name resolution", "Check the network"),
        ("ERROR: Could not find a version (from versions: none)", "Check the network"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", "is not the one that was locked"),
        ("something new", "the whole output is in var/install.log"),
    ],
)
def test_a_failed_installation_says_the_mend(tmp_path: Path, printed: str, mend: str) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "install.log").write_text(printed)
    found = bash(tmp_path, "install_failed Installing")
    assert found.returncode == 1
    assert mend in found.stderr


def test_the_log_of_an_installation_is_private_from_its_first_line(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir(mode=0o755)
    (tmp_path / "var" / "install.log").touch(0o644)
    found = bash(
        tmp_path, "umask 022; open_install_log; echo x >var/install.log; stat -c %a var/install.log"
    )
    assert found.stdout == "600\n"


def test_preparing_migrates_what_is_behind_and_leaves_the_rest(tmp_path: Path) -> None:
    app = create_app(make_settings(tmp_path))
    head = schema.head_of(app.extensions["migrate"].directory)
    prepare(app, demo=False)
    prepare(app, demo=False)
    with app.app_context():
        assert schema.find_trouble(head) is None
        downgrade(revision="base")
        assert schema.find_trouble(head) is not None
    prepare(app, demo=False)
    with app.app_context():
        assert schema.find_trouble(head) is None


@pytest.mark.parametrize(
    ("payments", "said", "wanted"),
    [
        ("demo", "", True),
        ("demo", "no", False),
        ("none", "", False),
        ("live", "", False),
        ("none", "yes", True),
    ],
)
def test_people_whose_password_everybody_knows_live_only_where_it_is_play(
    tmp_path: Path, payments: str, said: str, wanted: bool
) -> None:
    assert wants_demo(make_settings(tmp_path, payments=payments), said) is wanted


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/none", ""])
def test_a_database_out_of_reach_is_said_with_the_mend(tmp_path: Path, url: str) -> None:
    (tmp_path / "planetarium.db").write_text("no database " * 100)
    with pytest.raises(SystemExit, match=r"cannot be used: .*(?s:.*)Check DATABASE_URL"):
        reach_database(create_app(make_settings(tmp_path, url)))
