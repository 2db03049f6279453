"""What the clock said when a worker looked last, and a jump of it that is not believed yet.

Revision: 0211, after 0200.
"""

import sqlalchemy as sa
from alembic import op

from app.kernel.db import Id, UtcDateTime

revision = "0211"
down_revision = "0200"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "clock_sights",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("doubted_from", UtcDateTime(timezone=True), nullable=True),
        sa.Column("doubted_to", UtcDateTime(timezone=True), nullable=True),
        sa.Column("proven_seconds", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clock_sights"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("clock_sights")
