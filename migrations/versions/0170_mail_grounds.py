"""What each mail hangs on, so that it is asked again when it is sent.

Revision: 0170, after 0042.
"""

import sqlalchemy as sa
from alembic import op

revision = "0170"
down_revision = "0042"
branch_labels = None
depends_on = None

# What the mails that wait hang on, by the beginning of their keys.
_BASES = {
    "notice": "notice",
    "link": "link",
    "sign-up": "sign_up",
    "invitation": "invitation",
    "comp_offer": "offer",
    "receipt": "receipt",
}


def upgrade() -> None:
    """Add the columns, and fill them for the mails that wait."""
    identity = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    with op.batch_alter_table("mails") as table:
        table.add_column(
            sa.Column("basis", sa.String(12), nullable=False, server_default="account")
        )
        table.add_column(sa.Column("basis_id", identity))
        table.add_column(sa.Column("basis_mark", sa.String(64), nullable=False, server_default=""))
    connection = op.get_bind()
    waiting = sa.text(
        "SELECT id, dedupe_key, notification_id, to_address FROM mails"
        " WHERE sent_at IS NULL AND dropped_at IS NULL"
    )
    for mail_id, key, notification_id, address in connection.execute(waiting).all():
        basis, row_id = _read(connection, key, notification_id, address)
        connection.execute(
            sa.text("UPDATE mails SET basis = :basis, basis_id = :row_id WHERE id = :mail_id"),
            {"basis": basis, "row_id": row_id, "mail_id": mail_id},
        )
    with op.batch_alter_table("mails") as table:
        table.alter_column("basis", server_default=None, existing_type=sa.String(12))


def _read(connection: sa.Connection, key: str, notification_id: int | None, address: str) -> tuple:
    """Return a waiting mail's basis and row, as far as its key tells; the wish of a sign-up by its address."""
    parts = key.split(":")
    basis = _BASES.get(parts[0], "account")
    if basis == "account" or key.endswith(":changed"):
        return "account", None
    if basis == "notice":
        return basis, notification_id
    if basis == "sign_up":
        newest = sa.text("SELECT max(id) FROM sign_ups WHERE email = :address")
        return basis, connection.execute(newest, {"address": address}).scalar()
    return basis, int(parts[1])


def downgrade() -> None:
    """Take the columns away."""
    with op.batch_alter_table("mails") as table:
        table.drop_column("basis_mark")
        table.drop_column("basis_id")
        table.drop_column("basis")
