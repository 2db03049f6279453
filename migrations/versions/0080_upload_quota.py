"""An index to add up what one person uploaded.

Revision: 0080, after 0050.
"""

from alembic import op

revision = "0080"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_attachments_uploader", "attachments", ["uploader_id", "size"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_attachments_uploader", table_name="attachments")
