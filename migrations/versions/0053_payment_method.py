"""How a payment was made.

Revision: 0053, after 0052.
"""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payments", sa.Column("method", sa.String(40), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("payments", "method")
