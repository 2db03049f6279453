"""Uploads whose bytes are not as their rows say, and how far the search for them has come.

Revision: 0210, after 0181.
"""

import sqlalchemy as sa
from alembic import op

from app.kernel.db import Id, UtcDateTime

revision = "0210"
down_revision = "0181"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "media_faults",
        sa.Column("attachment_id", Id, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("seen_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attachment_id"],
            ["attachments.id"],
            name="fk_media_faults_attachment_id_attachments",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("attachment_id", name="pk_media_faults"),
    )
    op.create_table(
        "media_rounds",
        sa.Column("id", Id, nullable=False),
        sa.Column("upto", Id, nullable=False),
        sa.Column("whole_at", UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_media_rounds"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("media_rounds")
    op.drop_table("media_faults")
