"""How long coupons hold on subscriptions.

Revision: 0041, after 0032.
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; coupons made before hold for passes only, as they did."""
    with op.batch_alter_table("coupons") as table:
        table.add_column(sa.Column("duration", sa.String(9), nullable=False, server_default=""))
        table.add_column(sa.Column("months", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("coupons") as table:
        table.alter_column("duration", server_default=None)
        table.alter_column("months", server_default=None)


def downgrade() -> None:
    """Take them away."""
    with op.batch_alter_table("coupons") as table:
        table.drop_column("months")
        table.drop_column("duration")
