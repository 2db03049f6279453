"""The index in PostgreSQL keeps its terms in blocks, not one row for each.

Revision: 0070, after 0031.
"""

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the old index with its table; the worker makes it anew in the new form."""
    _forget_the_index()
    op.drop_table("search_terms")
    op.create_table(
        "search_blocks",
        _page(),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("block", sa.LargeBinary(), nullable=False),
    )
    _keep_as_it_is("search_blocks", "block")


def downgrade() -> None:
    """Go back to a row for each term; the worker makes the index anew here, too."""
    _forget_the_index()
    op.drop_table("search_blocks")
    op.create_table(
        "search_terms",
        _page(),
        sa.Column("key", sa.LargeBinary(), primary_key=True),
        sa.Column("passages", sa.Integer(), nullable=False),
        sa.Column("postings", sa.LargeBinary(), nullable=False),
    )
    _keep_as_it_is("search_terms", "postings")


def _page() -> sa.Column[int]:
    ident = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    page = sa.ForeignKey("search_pages.id", ondelete="CASCADE")
    return sa.Column("page_id", ident, page, primary_key=True, autoincrement=False)


def _forget_the_index() -> None:
    op.execute("DELETE FROM search_generations")
    op.execute("DELETE FROM search_pages")


def _keep_as_it_is(table: str, column: str) -> None:
    """Packed already: to compress it again costs time with each search."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL")
