"""What events are about besides their object, and when open orders were last asked about.

Revision: 0021, after 0020.
"""

import sqlalchemy as sa
from alembic import op

import app.kernel.db

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("webhook_events", schema=None) as batch_op:
        batch_op.add_column(sa.Column("related", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("asked_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True)
        )
        batch_op.add_column(
            sa.Column("returned_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True)
        )
    op.create_index("ix_payments_invoice_ref", "payments", ["invoice_ref"])


def downgrade() -> None:
    op.drop_index("ix_payments_invoice_ref", "payments")
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_column("returned_at")
        batch_op.drop_column("asked_at")
    with op.batch_alter_table("webhook_events", schema=None) as batch_op:
        batch_op.drop_column("related")
