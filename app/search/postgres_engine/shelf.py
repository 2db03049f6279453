"""The generations of the index as rows: one is in use, another may be in the making."""

from __future__ import annotations

from sqlalchemy import delete, insert, or_, select, update

from app.kernel import clock
from app.kernel.db import db
from app.search.models import SearchGeneration, SearchPage
from app.search.port import Broken
from app.search.postgres_engine.blocks import Blocks
from app.search.postgres_engine.store import STAYS, Store
from app.search.whoosh_engine.stores import StoredPage

G = SearchGeneration.__table__.c
P = SearchPage.__table__.c


class RowShelf:
    """See `app.search.whoosh_engine.stores.Shelf`."""

    def __init__(self) -> None:
        """`blocks` keeps what was read of one generation, whose pages bear these ids for good. Another's may
        bear the same: a database that was put back counts from where it was."""
        self.blocks = Blocks()
        self._read_of = ""

    def in_use(self) -> str:
        """Return the generation in use. Raises Broken."""
        found = _find(in_use=True)
        if found is None:
            raise Broken("there is no index")
        return found

    def is_empty(self) -> bool:
        """Whether no generation is in use."""
        return _find(in_use=True) is None

    def store(self, generation: str) -> Store:
        """Return a generation's pages. One in the making keeps its blocks apart."""
        if self.in_the_making() == generation:
            return Store(generation, Blocks())
        if generation != self._read_of:
            self.blocks, self._read_of = Blocks(), generation
        return Store(generation, self.blocks)

    def opened(self, generation: str) -> list[StoredPage]:
        """Return its pages, whose blocks are read from the database again."""
        return Store(generation, Blocks()).read({})[1]

    def in_the_making(self) -> str | None:
        """Return the generation that a rebuild has begun and not ended."""
        return _find(in_use=False)

    def begin(self, generation: str) -> None:
        """Remember that a rebuild makes this generation; another that was begun goes."""
        with db.engine.begin() as connection:
            begun = select(G.name).where(G.in_use.is_(False))
            connection.execute(delete(SearchPage).where(P.generation.in_(begun)))
            connection.execute(delete(SearchGeneration).where(G.in_use.is_(False)))
            values = {"name": generation, "in_use": False, "commits": 0}
            connection.execute(insert(SearchGeneration).values(values))

    def put_in_place(self, generation: str) -> None:
        """Use a generation from now on. The pages of the one before stay for searches under way."""
        with db.engine.begin() as connection:
            connection.execute(delete(SearchGeneration).where(G.name != generation))
            others = update(SearchPage).where(P.generation != generation, P.replaced_at.is_(None))
            connection.execute(others.values(replaced_at=clock.now()))
            chosen = update(SearchGeneration).where(G.name == generation)
            connection.execute(chosen.values(in_use=True))

    def abandon(self, generation: str) -> None:
        """Throw away a generation in the making."""
        with db.engine.begin() as connection:
            connection.execute(delete(SearchPage).where(P.generation == generation))
            connection.execute(delete(SearchGeneration).where(G.name == generation))

    def sweep(self) -> None:
        """Delete pages that were replaced a while ago, and those of no generation."""
        late = P.replaced_at < clock.now() - STAYS
        lost = P.generation.not_in(select(G.name)) & P.replaced_at.is_(None)
        with db.engine.begin() as connection:
            connection.execute(delete(SearchPage).where(or_(late, lost)))


def _find(*, in_use: bool) -> str | None:
    with db.engine.connect() as connection:
        statement = select(G.name).where(G.in_use.is_(in_use)).order_by(G.name).limit(1)
        name: str | None = connection.scalar(statement)
    return name
