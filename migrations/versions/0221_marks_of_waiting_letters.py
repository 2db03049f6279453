"""The marks of letters that waited when 0170 came: of the links they bring.

Without its mark a waiting letter to a new address counted as one to somebody else's, and was dropped; and an
invitation's older letter went out with a link that was dead.

Revision: 0221, after 0211.
"""

import sqlalchemy as sa
from alembic import op

revision = "0221"
down_revision = "0211"
branch_labels = None
depends_on = None

_WAITS = "basis_mark = '' AND sent_at IS NULL AND dropped_at IS NULL"


def upgrade() -> None:
    """Fill them where the letter's key says which link it brings."""
    connection = op.get_bind()
    links = sa.text(
        "SELECT mails.id, account_tokens.token_hash, mails.dedupe_key, account_tokens.id AS token_id"
        " FROM mails JOIN account_tokens ON account_tokens.id = mails.basis_id"
        " WHERE mails.basis = 'link' AND account_tokens.email = mails.to_address"
        f" AND account_tokens.user_id = mails.user_id AND {_WAITS}"
    )
    for mail_id, mark, key, token_id in connection.execute(links).all():
        # Words about a link have something behind its number, and bring none.
        if key == f"link:{token_id}" and mark:
            _mark(connection, mail_id, mark)
    invitations = sa.text(
        "SELECT mails.id, mails.dedupe_key, invitations.token_hash"
        " FROM mails JOIN invitations ON invitations.id = mails.basis_id"
        f" WHERE mails.basis = 'invitation' AND {_WAITS}"
    )
    for mail_id, key, newest in connection.execute(invitations).all():
        begins = key.split(":")[2] if key.count(":") > 1 else ""
        if begins:
            _mark(connection, mail_id, newest if newest.startswith(begins) else begins)


def _mark(connection: sa.Connection, mail_id: int, mark: str) -> None:
    connection.execute(
        sa.text("UPDATE mails SET basis_mark = :mark WHERE id = :mail_id"),
        {"mark": mark, "mail_id": mail_id},
    )


def downgrade() -> None:
    """Nothing to take away: the column is 0170's."""
