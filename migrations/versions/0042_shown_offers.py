"""Coupons that are shown to everybody.

Revision: 0042, after 0110.
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0110"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; coupons made before are for whoever types their codes, as they were."""
    with op.batch_alter_table("coupons") as table:
        table.add_column(
            sa.Column("shown", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("coupons") as table:
        table.alter_column("shown", server_default=None)


def downgrade() -> None:
    """Take it away."""
    with op.batch_alter_table("coupons") as table:
        table.drop_column("shown")
