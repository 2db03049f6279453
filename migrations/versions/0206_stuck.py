"""What hangs in a worker, told with its sign of life.

Revision: 0206, after 0221.
"""

import sqlalchemy as sa
from alembic import op

revision = "0206"
down_revision = "0221"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("worker_beats", sa.Column("stuck", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("worker_beats", "stuck")
