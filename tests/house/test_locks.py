"""The lock files hold what pyproject.toml asks for; bin/lock writes them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DEPENDENCIES = PROJECT["project"]["dependencies"]
DEVELOPMENT = PROJECT["dependency-groups"]["dev"]


def locked(name: str) -> dict[str, str]:
    """Return the version of every package of a lock file."""
    lines = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^\s;]+)", lines, re.MULTILINE))


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.lock", DEPENDENCIES),
        ("requirements-dev.lock", DEPENDENCIES + DEVELOPMENT),
    ],
)
def test_a_lock_holds_what_the_project_asks_for(lock: str, wanted: list[str]) -> None:
    versions = locked(lock)
    for text in wanted:
        requirement = Requirement(text)
        version = versions.get(requirement.name.lower().replace("_", "-"))
        assert version, f"{requirement.name} is not in {lock}: run bin/lock"
        assert requirement.specifier.contains(version), f"{text}, but {lock} has {version}"


def test_both_locks_agree() -> None:
    development = locked("requirements-dev.lock")
    assert {name: development.get(name) for name in locked("requirements.lock")} == locked(
        "requirements.lock"
    )
