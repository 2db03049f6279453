"""Settings that are wrong or missing, and what else an operator may get wrong."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator

from bench.faults.fault import NO_ANSWER, SIGN_IN, Fault, Inject, doctor, log, noted
from bench.faults.stage import Stage, changed, wait_until_up


def served_with(**settings: str) -> Inject:
    """Serve with other settings, on which it comes up."""

    @contextlib.contextmanager
    def inject(stage: Stage) -> Iterator[None]:
        with changed(stage, **settings):
            wait_until_up(stage.site)
            yield

    return inject


def refused(**settings: str) -> Inject:
    """Serve with settings that nobody can mean: it must not come up, and say why."""

    @contextlib.contextmanager
    def inject(stage: Stage) -> Iterator[None]:
        with changed(stage, **settings):
            yield

    return inject


@contextlib.contextmanager
def _taken(stage: Stage) -> Iterator[None]:
    """Start a second site at the same port."""
    with stage.site.beside("site") as second:
        stage.notes.append(f"the second ended with {second.wait(30)}")
        yield


@contextlib.contextmanager
def _no_folder(stage: Stage) -> Iterator[None]:
    """Run doctor with a data directory below a file."""
    (stage.folder / "file").write_text("no folder")
    given = {"PLANETARIUM_DATA_DIR": str(stage.folder / "file" / "data")}
    said = stage.site.run("doctor", given=given)
    stage.notes.append(f"doctor ended with {said.status}, traceback={'Traceback' in said.text}")
    yield


def _down(name: str, does: str, words: str, **settings: str) -> Fault:
    return Fault(
        name,
        "settings",
        does,
        refused(**settings),
        told=(log(words),),
        reads=False,
        answers=False,
        writes=NO_ANSWER,
    )


FAULTS = (
    Fault(
        "secret-changed",
        "settings",
        "SECRET_KEY is another one: everybody is signed out",
        served_with(SECRET_KEY=secrets.token_urlsafe(48)),
        told=(noted("^(401|400) "),),
        reads=False,
        answers=False,
        writes=SIGN_IN | NO_ANSWER | {400},
    ),
    _down(
        "secret-weak", "SECRET_KEY is weak", "SECRET_KEY is missing or weak", SECRET_KEY="secret"
    ),
    _down(
        "money-of-another-kind",
        "PLANETARIUM_PAYMENTS is not what the database was made for",
        "this database was made for 'test' payments",
        PLANETARIUM_PAYMENTS="none",
    ),
    _down(
        "address-below-a-path",
        "PLANETARIUM_BASE_URL names a path",
        "Planetarium is not served below a",
        PLANETARIUM_BASE_URL="http://planet.example/forum",
    ),
    Fault(
        "setting-misspelt",
        "settings",
        "a setting's name is misspelt",
        served_with(PLANETARIUM_SIGNUP_OPEN="no"),
        told=(doctor("PLANETARIUM_SIGNUP_OPEN is no setting"),),
        reads=False,
        answers=False,
        writes=NO_ANSWER,
    ),
    Fault(
        "port-taken",
        "settings",
        "a second site is started at the same port",
        _taken,
        told=(noted("the second ended with 2"), log("is in use. Choose another")),
    ),
    Fault(
        "folder-missing",
        "settings",
        "the data directory lies below a file",
        _no_folder,
        told=(noted("doctor ended with [1-9][0-9]*, traceback=False"),),
    ),
)
