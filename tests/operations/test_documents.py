"""docs/operations.md names every setting, and nothing that is none."""

import re
from pathlib import Path

from app.config import PREFIX, Settings
from app.factory import create_app
from tests.conftest import make_settings

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
OTHERS = {"HOST", "PORT", "WEB_PROCESSES"}


def test_the_settings_table_is_complete_and_true() -> None:
    rows = re.findall(r"^\| ((?:`[A-Z_]+`(?:, )?)+) \|", PAGE, re.MULTILINE)
    named: set[str] = set()
    for row in rows:
        first, *more = re.findall(r"`([A-Z_]+)`", row)
        stem = first.rsplit("_", 1)[0]
        named |= {first, *(stem + name if name.startswith("_") else name for name in more)}
    fields = Settings.model_fields
    known = {str(f.validation_alias or PREFIX + name.upper()) for name, f in fields.items()}
    assert named - OTHERS == known


def test_every_command_that_the_page_names_exists(tmp_path: Path) -> None:
    commands = create_app(make_settings(tmp_path)).cli.commands
    named = set(re.findall(r"`?flask (?:--app app\.factory )?([a-z][a-z-]+)", PAGE)) - {"stands"}
    assert named <= set(commands)
    assert {"doctor", "backup", "outbox", "worker"} <= named
