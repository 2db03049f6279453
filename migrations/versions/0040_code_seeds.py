"""What a batch's codes are derived from, for the hour in which its download may be repeated.

Revision: 0040, after 0101.
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0101"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; batches that were downloaded before cannot be downloaded again."""
    with op.batch_alter_table("code_batches") as table:
        table.add_column(sa.Column("seed", sa.String(32), nullable=False, server_default=""))
    with op.batch_alter_table("code_batches") as table:
        table.alter_column("seed", server_default=None)


def downgrade() -> None:
    """Take it away."""
    with op.batch_alter_table("code_batches") as table:
        table.drop_column("seed")
