"""Addresses, presentation, settings and rules of a planet; on both engines."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import sqlalchemy as sa

from app.kernel import clock
from app.kernel.audit import AuditEntry
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Invalid, Refused
from app.planets import actions, queries
from app.planets.basics import Basics, prepare
from app.planets.models import FormerSlug, Planet
from app.planets.settings import GROUPS, Amount, Choice, SettingsChange, Switch, Zone
from app.planets.slugs import RESERVED, check_slug, suggest_slug
from app.policy import Actor
from tests.cast import Cast


def founder(cast: Cast) -> Actor:
    return Actor(now=clock.now(), user_id=cast.users["stranger"], confirmed=True, may_create=True)


@pytest.mark.parametrize("slug", ["abc", "a-b-c", "2026", "x" * 40])
def test_good_slugs(slug: str) -> None:
    check_slug(slug)


@pytest.mark.parametrize(
    ("slug", "code"),
    [
        ("ab", "slug_length"),
        ("x" * 41, "slug_length"),
        ("Abc", "slug_shape"),
        ("-abc", "slug_shape"),
        ("abc-", "slug_shape"),
        ("a--b", "slug_shape"),
        ("星球馆", "slug_shape"),
        ("abc\n", "slug_shape"),
        ("admin", "slug_reserved"),
    ],
)
def test_bad_slugs(slug: str, code: str) -> None:
    with pytest.raises(Invalid) as invalid:
        check_slug(slug)
    assert invalid.value.code == code


def test_reserved_words_are_words_one_could_type() -> None:
    assert all(word == word.lower() and " " not in word for word in RESERVED)


def test_suggestions_are_free_and_good(cast: Cast) -> None:
    assert suggest_slug("Deep Reading, slowly!") == "deep-reading-slowly"
    assert suggest_slug("Orbit") != "orbit"
    assert suggest_slug("Orbit").startswith("orbit-")
    assert suggest_slug("Admin").startswith("admin-")
    for name in ("慢慢读", "Orbit", "a", "x" * 80, "Café crème"):
        check_slug(suggest_slug(name))


def test_who_may_create(cast: Cast) -> None:
    for actor, reason in (
        (Actor(now=clock.now()), "sign_in"),
        (Actor(now=clock.now(), user_id=1, may_create=True), "confirm_email"),
        (Actor(now=clock.now(), user_id=1, confirmed=True), "site_admins_only"),
    ):
        with pytest.raises(Refused) as refused, unit_of_work():
            actions.create_planet(actor, slug="fresh", basics=Basics(name="x"))
        assert refused.value.reason == reason


@pytest.mark.parametrize("slug", ["orbit", "former"])
def test_slugs_of_others_are_taken_also_their_former_ones(cast: Cast, slug: str) -> None:
    with unit_of_work() as session:
        session.add(FormerSlug(slug="former", planet_id=cast.planet_id, until=clock.now()))
    with pytest.raises(Invalid) as invalid, unit_of_work():
        actions.create_planet(founder(cast), slug=slug, basics=Basics(name="x"))
    assert (invalid.value.field, invalid.value.code) == ("slug", "slug_taken")


def test_a_new_slug_leaves_the_old_one_pointing(cast: Cast) -> None:
    owner = cast.actor("owner")
    with unit_of_work():
        actions.change_slug(owner, planet_id=cast.planet_id, slug="ellipse")
    assert queries.find_former_slug("orbit") == "ellipse"
    with unit_of_work():
        actions.change_slug(owner, planet_id=cast.planet_id, slug="orbit")
    assert queries.find_former_slug("orbit") is None
    assert queries.find_former_slug("ellipse") == "orbit"


def test_slugs_are_not_hoarded(cast: Cast, noon: object) -> None:
    owner = cast.actor("owner")
    for slug in ("one-1", "two-2", "three-3"):
        with unit_of_work():
            actions.change_slug(owner, planet_id=cast.planet_id, slug=slug)
    with pytest.raises(Invalid) as invalid, unit_of_work():
        actions.change_slug(owner, planet_id=cast.planet_id, slug="four-4")
    assert invalid.value.code == "slug_changes"
    with clock.fixed(clock.now() + timedelta(days=30)), unit_of_work():
        actions.change_slug(owner, planet_id=cast.planet_id, slug="four-4")


def test_a_slug_given_up_in_the_same_moment_changes_no_hands(cast: Cast) -> None:
    owner, other = cast.actor("owner"), founder(cast)
    start = Barrier(2)

    def rename() -> None:
        with unit_of_work():
            start.wait()
            actions.change_slug(owner, planet_id=cast.planet_id, slug="ellipse")

    def take() -> None:
        if not start.broken:
            start.wait()
        with unit_of_work():
            actions.create_planet(other, slug="orbit", basics=Basics(name="x"))

    def run(job: object) -> object:
        with cast.app.app_context():
            try:
                return job()  # type: ignore[operator]
            except Exception as error:
                return error
            finally:
                db.session.remove()

    db.session.remove()
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(run, [rename, take]))
    assert results[0] is None
    assert isinstance(results[1], Invalid)
    assert db.session.scalars(sa.select(Planet.slug)).all() == ["ellipse"]


def test_basics_are_tidied_rendered_and_bounded() -> None:
    made = prepare(Basics(name="  慢  读 ", tagline="a\nb", intro="**重点**", accent="jade"))
    assert (made.name, made.tagline) == ("慢 读", "a b")
    assert "<strong>重点</strong>" in made.intro_html
    for wrong, field in (
        (Basics(name=" "), "name"),
        (Basics(name="x" * 61), "name"),
        (Basics(name="x", tagline="x" * 141), "tagline"),
        (Basics(name="x", intro="x" * 5001), "intro"),
        (Basics(name="x", accent="red"), "accent"),
        (Basics(name="x", category="cats"), "category"),
        (Basics(name="x", language="tlh"), "language"),
    ):
        with pytest.raises(Invalid) as invalid:
            prepare(wrong)
        assert invalid.value.field == field


def test_every_setting_of_a_planet_is_in_a_group_and_its_default_is_allowed(cast: Cast) -> None:
    columns = list(Planet.__table__.columns.keys())
    settings = columns[columns.index("joining") :]
    grouped = [column for group in GROUPS.values() for column in group]
    others = ("private_messages", "paid", "paused_at", "transfer_note")
    assert sorted([*grouped, *others]) == sorted(settings)
    planet = db.session.get_one(Planet, cast.planet_id)
    for group, kinds in GROUPS.items():
        values = {column: getattr(planet, column) for column in kinds}
        with unit_of_work():
            change = SettingsChange(group, values)
            actions.change_settings(cast.actor("owner"), planet_id=cast.planet_id, change=change)


def changed(cast: Cast, group: str, **values: object) -> SettingsChange:
    planet = db.session.get_one(Planet, cast.planet_id)
    present = {column: getattr(planet, column) for column in GROUPS[group]}
    return SettingsChange(group, {**present, **values})  # type: ignore[dict-item]


def test_settings_are_saved_by_group_with_before_and_after(cast: Cast) -> None:
    change = changed(cast, "posting", who_may_post="members", file_max_mib=10)
    with unit_of_work():
        actions.change_settings(cast.actor("partner"), planet_id=cast.planet_id, change=change)
    view, _actor = cast.entry("member")
    assert (view.who_may_post, view.file_max_mib) == ("members", 10)
    entry = db.session.scalars(sa.select(AuditEntry)).one()
    assert entry.action == "planet.settings"
    assert entry.data == {
        "before": {"who_may_post": "guests", "file_max_mib": 50},
        "after": {"who_may_post": "members", "file_max_mib": 10},
    }


def test_nothing_changed_writes_no_line(cast: Cast) -> None:
    with unit_of_work():
        actions.change_settings(
            cast.actor("owner"), planet_id=cast.planet_id, change=changed(cast, "privacy")
        )
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)) == 0


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_every_setting_refuses_what_is_out_of_bounds(cast: Cast, group: str) -> None:
    owner = cast.actor("owner")
    for column, kind in GROUPS[group].items():
        wrong: list[object] = []
        if isinstance(kind, Choice):
            wrong = ["everybody", ""]
        elif isinstance(kind, Amount):
            wrong = [kind.low - 1, kind.high + 1]
        elif isinstance(kind, Zone):
            wrong = ["Mars/Olympus", "x" * 300]
        elif not isinstance(kind, Switch):
            wrong = ["x" * (kind.high + 1)]
        for value in wrong:
            change = changed(cast, group, **{column: value})
            with pytest.raises(Invalid) as invalid, unit_of_work():
                actions.change_settings(owner, planet_id=cast.planet_id, change=change)
            assert invalid.value.field == column


def test_approval_needs_a_question(cast: Cast) -> None:
    change = changed(cast, "joining", joining="approval", join_question="")
    with pytest.raises(Invalid) as invalid, unit_of_work():
        actions.change_settings(cast.actor("owner"), planet_id=cast.planet_id, change=change)
    assert invalid.value.code == "join_question_needed"


@pytest.mark.parametrize("persona", ["admin", "guest", "member", "expired", "removed", "visitor"])
def test_settings_belong_to_owner_and_partners(cast: Cast, persona: str) -> None:
    change = changed(cast, "privacy", directory_open=True)
    with pytest.raises(Refused), unit_of_work():
        actions.change_settings(cast.actor(persona), planet_id=cast.planet_id, change=change)


def test_discoverable_planets_are_those_that_opted_in_page_by_page(cast: Cast) -> None:
    with unit_of_work() as session:
        for n in range(5):
            session.add(
                Planet(
                    slug=f"planet-{n}",
                    name=str(n),
                    listed=n != 3,
                    category="arts" if n % 2 else "games",
                    created_at=clock.now(),
                    created_by=cast.users["owner"],
                )
            )
            session.flush()
    seen: list[str] = []
    cursor = ""
    while True:
        page, cursor = queries.list_discoverable(after=cursor, limit=2)
        seen += [p.name for p in page]
        if not cursor:
            break
    assert seen == ["4", "2", "1", "0"]
    assert [p.name for p in queries.list_discoverable(category="arts")[0]] == ["1"]
    assert sorted(queries.list_used_categories()) == ["arts", "games"]
