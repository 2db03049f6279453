"""Tax within payments.

Revision: 0050, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payments", sa.Column("tax", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("payments", "tax")
