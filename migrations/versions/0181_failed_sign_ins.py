"""Failed sign-ins, counted by the hour.

Revision: 0181, after 0180.
"""

import sqlalchemy as sa
from alembic import op

import app.kernel.db

revision = "0181"
down_revision = "0180"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "failed_sign_ins",
        sa.Column("hour", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("wrong", sa.Integer, nullable=False),
        sa.Column("held_up", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("hour", name="pk_failed_sign_ins"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("failed_sign_ins")
