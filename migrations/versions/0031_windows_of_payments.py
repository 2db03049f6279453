"""Each payment has its own time in which its buyer takes it back.

Of what was paid before, the first payment of an order has the time that its order promised, and no other.

Revision: 0031, after 0030.
"""

import sqlalchemy as sa
from alembic import op

import app.kernel.db

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the times, and keep those that were promised."""
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("refund_until", app.kernel.db.UtcDateTime(), nullable=True))
    op.execute(
        "UPDATE payments SET refund_until ="
        " (SELECT refund_until FROM orders WHERE orders.id = payments.order_id)"
        " WHERE id IN (SELECT min(id) FROM payments GROUP BY order_id)"
    )


def downgrade() -> None:
    """Drop them: orders have the times of their first payments."""
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.drop_column("refund_until")
