"""An invitation's link can be copied while that of its mail stays good.

Revision: 0180, after 0171.
"""

import sqlalchemy as sa
from alembic import op

revision = "0180"
down_revision = "0171"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the second secret's hash; links that are out work as before."""
    with op.batch_alter_table("invitations") as table:
        table.add_column(sa.Column("link_hash", sa.String(64)))
        table.create_unique_constraint("uq_invitations_link_hash", ["link_hash"])


def downgrade() -> None:
    """Take it away: copied links die, those of mails do not."""
    with op.batch_alter_table("invitations") as table:
        table.drop_constraint("uq_invitations_link_hash", type_="unique")
        table.drop_column("link_hash")
