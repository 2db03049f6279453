"""Selects kept ready for kinds of readers.

What somebody may read is a condition on rows. Its form hangs on little (where he stands, his role,
two settings of the planet); the rest of it are values: who, in which planet, at which moment. So a
select is built once for each kind of reader, from a stand-in whose values are parameters.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import bindparam

from app.kernel.db import Id, UtcDateTime
from app.policy import Actor, ExpiredAccess, PlanetRole, PlanetSettings, Standing


class Kind(NamedTuple):
    """What the form of the conditions in `visible` hangs on, and nothing else."""

    standing: Standing
    role: PlanetRole | None
    known: bool
    ends: bool
    trial: bool
    queue_open: bool
    expired_access: ExpiredAccess


def kind_of(actor: Actor) -> Kind:
    """Return the kind of reader an actor is. ValueError outside a planet."""
    planet = actor.planet
    if planet is None:
        raise ValueError("topics are read inside a planet")
    return Kind(
        actor.standing,
        actor.role,
        actor.user_id is not None,
        actor.expires_at is not None,
        actor.reads_from is not None,
        planet.question_queue_open,
        planet.expired_access,
    )


def stand_in(kind: Kind) -> Actor:
    """Return an actor of this kind whose values are the parameters that `values_of` fills."""
    moment, number = UtcDateTime(), Id
    # Any: where the policy has a value, the select has a parameter.
    now: Any = bindparam("now", type_=moment)
    me: Any = bindparam("me", type_=number) if kind.known else None
    membership: Any = bindparam("membership", type_=number)
    ends: Any = bindparam("ends", type_=moment) if kind.ends else None
    since: Any = bindparam("since", type_=moment) if kind.trial else None
    planet: Any = bindparam("planet", type_=number)
    return Actor(
        now=now,
        user_id=me,
        planet=PlanetSettings(
            id=planet, question_queue_open=kind.queue_open, expired_access=kind.expired_access
        ),
        membership_id=membership,
        role=kind.role,
        standing=kind.standing,
        expires_at=ends,
        reads_from=since,
    )


def values_of(actor: Actor) -> dict[str, Any]:
    """Return the values of a stand-in's parameters."""
    return {
        "now": actor.now,
        "me": actor.user_id,
        "membership": actor.membership_id,
        "ends": actor.expires_at,
        "since": actor.reads_from,
        "planet": actor.planet.id if actor.planet else None,
    }
