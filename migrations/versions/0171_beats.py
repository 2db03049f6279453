"""Workers count their signs of life, so that no clock is needed to tell a living one.

Revision: 0171, after 0160.
"""

import sqlalchemy as sa
from alembic import op

revision = "0171"
down_revision = "0160"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the count."""
    column = sa.Column("beats", sa.Integer, nullable=False, server_default="1")
    op.add_column("worker_beats", column)


def downgrade() -> None:
    """Take it away."""
    with op.batch_alter_table("worker_beats") as table:
        table.drop_column("beats")
