"""When a person was last in each of their planets, for the few that every page shows.

Revision: 0110, after 0041.
"""

import sqlalchemy as sa
from alembic import op

import app.kernel.db

revision = "0110"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, unknown for all, and the index by which pinned and recent ones are found."""
    column = sa.Column("visited_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True)
    op.add_column("memberships", column)
    op.create_index("ix_memberships_rail", "memberships", ["user_id", "pinned_at", "visited_at"])


def downgrade() -> None:
    """Take both away."""
    op.drop_index("ix_memberships_rail", table_name="memberships")
    with op.batch_alter_table("memberships") as table:
        table.drop_column("visited_at")
