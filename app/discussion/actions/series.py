"""Verbs on columns (series)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select

from app.discussion.models import Series, SeriesTopic
from app.kernel.db import db
from app.kernel.errors import Invalid


def put_into_series(*, planet_id: int, topic_id: int, public_ids: Sequence[str]) -> None:
    """Make these the columns the topic stands in: at the end of each new one, in place where it was.

    Called by the actions that publish and edit, which have asked the policy. Invalid("series",
    "missing") when one is not the planet's.
    """
    known = list(
        db.session.scalars(
            select(Series.id).where(Series.planet_id == planet_id, Series.public_id.in_(public_ids))
        )
    )
    if len(known) != len(set(public_ids)):
        raise Invalid("series", "missing")
    mine = SeriesTopic.topic_id == topic_id
    db.session.execute(delete(SeriesTopic).where(mine, SeriesTopic.series_id.not_in(known)))
    present = set(db.session.scalars(select(SeriesTopic.series_id).where(mine)))
    for series_id in known:
        if series_id not in present:
            place = SeriesTopic(
                series_id=series_id, topic_id=topic_id, position=_next_position(series_id)
            )
            db.session.add(place)


def _next_position(series_id: int) -> int:
    last = db.session.scalar(
        select(func.max(SeriesTopic.position)).where(SeriesTopic.series_id == series_id)
    )
    return (last or 0) + 1
