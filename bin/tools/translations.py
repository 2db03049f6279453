"""The catalogues of translated texts: `bin/translations [update | check | compile]`.

`update` collects every text of the code and the templates into app/translations/messages.pot and the
catalogues of both languages; `check` fails on what is missing; `compile` writes the binary files
the application reads (they are not committed), and does nothing when they are up to date.

Files carry no line numbers and no dates and are sorted, so that two people's changes seldom meet.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "app" / "translations"
TEMPLATE = FOLDER / "messages.pot"
# The texts in the code are English: that catalogue fills itself.
SOURCE_LANGUAGE = "en"
LANGUAGES = {"en": "nplurals=2; plural=(n != 1);", "zh_Hans": "nplurals=1; plural=0;"}
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2")]
TEMPLATE_OPTIONS = {"trimmed": "true", "silent": "false"}
KEYWORDS = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "lazy_pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%\((\w+)\)")
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,!?:;]|[\u4e00-\u9fff]\.(?!\w)")
CORNERS = frozenset("「」『』")


def path_of(language: str, suffix: str) -> Path:
    """Where a language's catalogue lies, `suffix` po or mo."""
    return FOLDER / language / "LC_MESSAGES" / f"messages.{suffix}"


def extract(root: Path = ROOT) -> Catalog:
    """Return every text that the code and the templates under `root` ask to be translated."""
    found = Catalog()
    for folder in ("app", "templates"):
        for _file, _line, text, comments, context in extract_from_dir(
            root / folder,
            method_map=METHODS,
            options_map={"**.html": TEMPLATE_OPTIONS, "**.txt": TEMPLATE_OPTIONS},
            keywords=KEYWORDS,
            strip_comment_tags=True,
        ):
            found.add(text, auto_comments=comments, context=context)
    return found


def read(language: str) -> Catalog:
    """Return a language's catalogue; empty when there is none yet."""
    path = path_of(language, "po")
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def merged(language: str, template: Catalog, old: Catalog) -> Catalog:
    """Return the texts of `template` with the translations of `old`; what is gone is dropped."""
    result = Catalog(locale=language)
    for message in template:
        if not message.id:
            continue
        known = old.get(message.id, message.context)
        string = known.string if known is not None else ""
        if language == SOURCE_LANGUAGE and not is_translated(message, string):
            string = message.id
        result.add(
            message.id,
            string if is_translated(message, string) else "",
            flags=known.flags if known is not None else message.flags,
            context=message.context,
        )
    return result


def is_translated(message: Message, string: object) -> bool:
    """Whether `string` is a full translation, every plural form included."""
    if isinstance(message.id, tuple):
        return isinstance(string, tuple) and bool(string) and all(string)
    return isinstance(string, str) and bool(string)


def written(catalogue: Catalog, language: str) -> str:
    """Return the catalogue as a file's text."""
    lines = ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8"]
    lines += ["Content-Transfer-Encoding: 8bit"]
    if language:
        lines += [f"Language: {language}", f"Plural-Forms: {LANGUAGES[language]}"]
    body = io.BytesIO()
    write_po(body, catalogue, width=0, no_location=True, omit_header=True, sort_output=True)
    head = "".join(f'"{line}\\n"\n' for line in lines)
    return f'msgid ""\nmsgstr ""\n{head}\n{body.getvalue().decode()}'.rstrip() + "\n"


def update() -> None:
    """Write the template and both catalogues anew, and say what is left to translate."""
    template = extract()
    FOLDER.mkdir(exist_ok=True)
    TEMPLATE.write_text(written(template, ""), encoding="utf-8")
    for language in LANGUAGES:
        catalogue = merged(language, template, read(language))
        path_of(language, "po").parent.mkdir(parents=True, exist_ok=True)
        path_of(language, "po").write_text(written(catalogue, language), encoding="utf-8")
        missing = sum(1 for m in catalogue if m.id and not is_translated(m, m.string))
        print(f"{language}: {len(catalogue)} texts, {missing} to translate")


def faults() -> list[str]:
    """Return what is wrong with the catalogues, a line each."""
    template = extract()
    found = []
    if not TEMPLATE.exists() or TEMPLATE.read_text(encoding="utf-8") != written(template, ""):
        found.append("messages.pot is not up to date: run bin/translations")
    for language in LANGUAGES:
        catalogue = read(language)
        for message in template:
            if message.id:
                known = catalogue.get(message.id, message.context)
                found += [f"{language}: {fault}" for fault in _faults_of(message, known)]
    return found


def _faults_of(message: Message, known: Message | None) -> list[str]:
    ids, name = forms(message.id), repr(forms(message.id)[0])
    if known is None or not is_translated(message, known.string):
        return [f"not translated: {name}"]
    found = [f"fuzzy: {name}"] if known.fuzzy else []
    wanted = set(PLACEHOLDER.findall(ids[-1]))
    for string in forms(known.string):
        if set(PLACEHOLDER.findall(string)) != wanted:
            found.append(f"other placeholders than {name}: {string!r}")
        if HALF_WIDTH.search(string):
            found.append(f"half-width punctuation after Chinese: {string!r}")
        if not CORNERS.isdisjoint(string):
            found.append(f"corner brackets instead of “ ”: {string!r}")
    return found


def forms(text: object) -> tuple[str, ...]:
    """Return the plural forms of a text; one when it has none."""
    return tuple(map(str, text)) if isinstance(text, tuple | list) else (str(text),)


def check() -> int:
    """Print what is wrong with the catalogues. Returns the exit status."""
    found = faults()
    for fault in found:
        print(fault)
    print(f"translations: {len(found)} faults" if found else "translations: complete")
    return 1 if found else 0


def compile_stale() -> None:
    """Write each binary catalogue that is older than its text; safe when several do it at once."""
    for language in LANGUAGES:
        source, target = path_of(language, "po"), path_of(language, "mo")
        if not source.exists():
            continue
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        ours = target.with_suffix(f".{os.getpid()}")
        with ours.open("wb") as file:
            write_mo(file, read(language))
        ours.replace(target)


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="bin/translations", description=__doc__)
    parser.add_argument("what", nargs="?", default="update", choices=("update", "check", "compile"))
    parser.add_argument("--check", action="store_true", help="the same as check")
    options = parser.parse_args()
    if options.check or options.what == "check":
        return check()
    if options.what == "update":
        update()
    compile_stale()
    return 0


if __name__ == "__main__":
    sys.exit(main())
