"""Search: changes to index, searches without result, past and saved searches.

Revision: 0010, after 0003.
"""

import secrets

import sqlalchemy as sa
from alembic import op

import app.kernel.db

revision = "0010"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    ident = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = app.kernel.db.UtcDateTime()
    op.create_table(
        "search_changes",
        sa.Column("id", ident, primary_key=True, autoincrement=True),
        sa.Column("topic_id", ident, nullable=False),
        sa.Column("part", sa.String(10), nullable=False),
        sa.Column("row_id", ident, nullable=False),
        sa.Column("at", moment, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_search_changes_at", "search_changes", ["at"])
    _begin_somewhere()
    op.create_table(
        "search_misses",
        sa.Column("id", ident, primary_key=True),
        sa.Column("planet_id", ident, sa.ForeignKey("planets.id"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("words", sa.String(100), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.UniqueConstraint("planet_id", "day", "words"),
    )
    op.create_table(
        "past_searches",
        sa.Column("id", ident, primary_key=True),
        sa.Column("user_id", ident, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("words", sa.String(100), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.UniqueConstraint("user_id", "words"),
    )
    op.create_index("ix_past_searches_user_id_at", "past_searches", ["user_id", "at"])
    op.create_table(
        "saved_searches",
        sa.Column("id", ident, primary_key=True),
        sa.Column("public_id", sa.String(16), nullable=False, unique=True),
        sa.Column("user_id", ident, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("planet_id", ident, sa.ForeignKey("planets.id")),
        sa.Column("query", sa.String(300), nullable=False),
        sa.Column("tell", sa.Boolean(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("looked_at", moment, nullable=False),
    )
    op.create_index("ix_saved_searches_user_id", "saved_searches", ["user_id"])
    op.create_table(
        "search_generations",
        sa.Column("name", sa.String(20), primary_key=True),
        sa.Column("in_use", sa.Boolean(), nullable=False),
        sa.Column("commits", ident, nullable=False),
    )
    op.create_table(
        "search_pages",
        sa.Column("id", ident, primary_key=True),
        sa.Column("generation", sa.String(20), nullable=False),
        sa.Column("columns", sa.LargeBinary(), nullable=False),
        sa.Column("replaced_at", moment),
    )
    op.create_index("ix_search_pages_generation", "search_pages", ["generation"])
    op.create_table(
        "search_terms",
        sa.Column(
            "page_id",
            ident,
            sa.ForeignKey("search_pages.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("key", sa.LargeBinary(), primary_key=True),
        sa.Column("passages", sa.Integer(), nullable=False),
        sa.Column("postings", sa.LargeBinary(), nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        # Packed already: to compress them again costs time with each search.
        for table, column in (("search_terms", "postings"), ("search_pages", "columns")):
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL")


def _begin_somewhere() -> None:
    """Let the changes of each database count from a number of their own: an index that is left from
    another one then names a change that is not known here."""
    first = 1 + secrets.randbelow(1 << 40)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER SEQUENCE search_changes_id_seq RESTART WITH {first}")
        return
    op.execute(
        sa.text(
            "INSERT INTO sqlite_sequence (name, seq) VALUES ('search_changes', :first)"
        ).bindparams(first=first)
    )


def downgrade() -> None:
    """Drop the tables; what they held is lost, the index can be rebuilt."""
    for table in ("search_terms", "search_pages", "search_generations"):
        op.drop_table(table)
    for table in ("saved_searches", "past_searches", "search_misses", "search_changes"):
        op.drop_table(table)
