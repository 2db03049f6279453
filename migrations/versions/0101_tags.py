"""The order of a planet's tags, for planets with thousands of them.

Revision: 0101, after 0053.
"""

from alembic import op

revision = "0101"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A page of tags is read in their order."""
    op.create_index("ix_tags_order", "tags", ["planet_id", "position", "id"])


def downgrade() -> None:
    """All tags are read and sorted."""
    op.drop_index("ix_tags_order", "tags")
