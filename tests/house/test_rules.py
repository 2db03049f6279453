"""The house rules that a machine can hold. What they are for: docs/architecture.md."""

from __future__ import annotations

import ast
import hashlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST_FUNCTION, LONGEST_FILE, LONGEST_TEMPLATE = 60, 450, 160

# Where a library may be imported: paths under app/, or their beginnings. Everything else of ours
# speaks to the library through that place, so that it can be replaced there.
HOMES = {
    "PIL": ("media/images/",),
    "alembic": ("kernel/schema.py",),
    "argon2": ("accounts/passwords.py",),
    "brotli": ("blueprints/packing.py",),
    "babel": ("blueprints/", "notifications/speech.py"),
    "click": ("cli/",),
    "confusable_homoglyphs": ("kernel/names.py",),
    "flask": ("blueprints/", "cli/", "factory.py"),
    "flask_babel": ("blueprints/", "notifications/"),
    "flask_login": ("blueprints/", "factory.py"),
    "flask_mailman": ("notifications/",),
    "flask_migrate": ("factory.py", "cli/"),
    "flask_sqlalchemy": ("kernel/db.py",),
    "flask_wtf": ("blueprints/", "factory.py"),
    "jinja2": ("factory.py", "notifications/"),
    "latex2mathml": ("kernel/text/",),
    "markdown": ("kernel/text/",),
    "nh3": ("kernel/text/",),
    "numpy": ("search/whoosh_engine/",),
    "obstore": ("cli/backups/bucket.py",),
    "pillow_heif": ("media/images/",),
    "prometheus_client": ("blueprints/metrics.py",),
    "psycopg": ("kernel/answering.py", "kernel/libpq.py"),
    "pydantic": ("config.py",),
    "pydantic_settings": ("config.py",),
    "pygments": ("kernel/text/",),
    "pymdownx": ("kernel/text/",),
    "pypinyin": ("search/titles.py",),
    "segno": ("kernel/qr.py",),
    "snowballstemmer": ("search/analysis.py",),
    "stripe": (
        "billing/stripe_calls.py",
        "billing/stripe_gateway.py",
        "billing/stripe_patience.py",
    ),
    "structlog": ("kernel/logs.py",),
    "werkzeug": ("blueprints/", "factory.py"),
    "whitenoise": ("factory.py",),
    "whoosh": ("search/whoosh_engine/store.py",),
    "wtforms": ("blueprints/",),
}


def tracked(*patterns: str) -> list[Path]:
    """Return the files of the repository, those about to be added included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def named(path: Path) -> str:
    """Return a path as one writes it."""
    return str(path.relative_to(ROOT))


PYTHON = tracked("*.py")
APPLICATION = [path for path in PYTHON if named(path).startswith("app/")]
TEMPLATES = tracked("templates/*.html", "templates/*.txt", "templates/*.xml")


def trees(paths: list[Path]) -> Iterator[tuple[Path, ast.Module]]:
    """Yield each file with its syntax tree."""
    for path in paths:
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and the top-level name of everything a tree imports from outside."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module.partition(".")[0]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function of a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_the_rules_look_at_something() -> None:
    assert len(APPLICATION) > 50
    assert len(TEMPLATES) > 5


def test_functions_are_short() -> None:
    long = [
        f"{named(path)}:{function.lineno} {function.name}: {length} lines"
        for path, tree in trees(PYTHON)
        if not named(path).startswith("migrations/")
        for function in functions(tree)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_FUNCTION
    ]
    assert long == []


def test_files_are_short() -> None:
    limits = [(APPLICATION, LONGEST_FILE), (TEMPLATES, LONGEST_TEMPLATE)]
    long = [
        f"{named(path)}: {lines} lines"
        for paths, limit in limits
        for path in paths
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > limit
    ]
    assert long == []


def test_imports_stand_at_the_top() -> None:
    inside = [
        f"{named(path)}:{line} {library}"
        for path, tree in trees(PYTHON)
        for function in functions(tree)
        for line, library in imports(function)
    ]
    assert inside == []


def test_each_library_has_one_home() -> None:
    strays = [
        f"{named(path)}:{line} {library}"
        for path, tree in trees(APPLICATION)
        for line, library in imports(tree)
        if library in HOMES and not named(path).removeprefix("app/").startswith(HOMES[library])
    ]
    assert strays == []


def test_only_the_unit_of_work_commits() -> None:
    commits = [
        f"{named(path)}:{node.lineno}"
        for path, tree in trees(APPLICATION)
        if named(path) != "app/kernel/db.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    ]
    assert commits == []


INLINE = re.compile(
    r"""\sstyle\s*=|<style\b|\son[a-z]+\s*=\s*["']|<script(?![^>]*\bsrc\s*=)[^>]*>|javascript:"""
    r"""|\bhx-on\b|\|\s*safe\b""",
    re.IGNORECASE,
)


def test_templates_have_no_inline_script_or_style() -> None:
    found = [
        f"{named(path)}:{number} {line.strip()[:80]}"
        for path in TEMPLATES
        if path.suffix == ".html"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if INLINE.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    ['<p style="x">', "<style>", '<a onclick="x">', "<script>x</script>", "{{ text | safe }}"],
)
def test_the_template_rule_sees_what_it_should(line: str) -> None:
    assert INLINE.search(line)


def test_the_template_rule_lets_good_lines_pass() -> None:
    good = '<script type="module" src="/a.js"></script> <p class="style">one = two</p>'
    assert not INLINE.search(good)


# Put together, so that this file does not name what it forbids.
FOREIGN = re.compile(
    "|".join(
        (
            "/wo" + r"rk/(wt|main|shared|venv)\b",
            "/opt/" + "wheels",
            r"(?<![\w.])/ro" + "ot/",
            "files.python" + "hosted",
            "py" + r"pi\.org",
            "registry.np" + r"mjs",
            "deb.deb" + r"ian\.org",
        )
    )
)
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + "X)\\b|NotImplemented" + "Error")
TEXT = (".py", ".md", ".html", ".txt", ".toml", ".lock", ".sh", ".css", ".js", ".yml", ".json", "")


def lines_with(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    """Return where a pattern is found, skipping vendored files and everything that is no text."""
    return [
        f"{named(path)}:{number} {line.strip()[:80]}"
        for path in paths
        if path.suffix in TEXT and not named(path).startswith("static/vendor/")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_field_is_cut_by_the_browser() -> None:
    # A browser drops what is beyond a maxlength without a word: limit.js counts it, the server refuses it.
    scripts = [path for path in tracked("static/js/*.js") if "vendor" not in named(path)]
    assert (
        lines_with(re.compile(r"""maxlength=["']|"maxlength":|maxLength"""), [*TEMPLATES, *scripts])
        == []
    )


def test_sentences_are_joined_as_the_reader_writes() -> None:
    # Chinese full stops bring their own space: `in_a_row` knows it.
    joined = re.compile(r"""flash\(" "\.join|~ " " ~ _\(|[.!?]"\) \}\} \{\{ _\(""")
    assert lines_with(joined, [*APPLICATION, *TEMPLATES]) == []


def test_no_machine_paths_or_registry_hosts() -> None:
    assert lines_with(FOREIGN, tracked()) == []


def test_nothing_is_left_unfinished() -> None:
    assert lines_with(UNFINISHED, APPLICATION + TEMPLATES + tracked("static/js/*")) == []


def test_no_test_is_left_out() -> None:
    left_out = re.compile(
        r"pytest\.(sk" + r"ip|xf" + r"ail|importorsk" + r"ip)\b|mark\.(skip|xfail)"
    )
    tests = [path for path in tracked("tests/*.py") if path != Path(__file__)]
    assert lines_with(left_out, tests) == []


def test_migrations_that_have_landed_stay_as_they_are() -> None:
    """Databases went through them as they were. A new one is added to the list by
    `cd migrations/versions && sha256sum NEW.py >> ../checksums.txt`, also read by `sha256sum --check`."""
    folder = ROOT / "migrations/versions"
    lines = (ROOT / "migrations/checksums.txt").read_text("utf-8").splitlines()
    listed = {name: digest for digest, name in (line.split() for line in lines)}
    there = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.py")
    }
    assert there == listed, "write another migration instead"
