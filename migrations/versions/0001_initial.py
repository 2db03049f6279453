"""initial

Revision: 0001, after .
"""

import sqlalchemy as sa
from alembic import op

import app.kernel.db

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_events")),
    )
    op.create_table(
        "rate_counters",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("window_start", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", "window_start", name=op.f("pk_rate_counters")),
    )
    op.create_table(
        "sign_ups",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("timezone", sa.String(length=60), nullable=False),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ups")),
        sa.UniqueConstraint("public_id", name=op.f("uq_sign_ups_public_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_ups_token_hash")),
    )
    with op.batch_alter_table("sign_ups", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_ups_email"), ["email"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_ups_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "timed_jobs",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("due_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ran_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_timed_jobs")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_confirmed_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("name_key", sa.String(length=120), nullable=False),
        sa.Column("bio", sa.Text(), nullable=False),
        sa.Column("avatar", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("timezone", sa.String(length=60), nullable=False),
        sa.Column("theme", sa.String(length=10), nullable=False),
        sa.Column("mail_notices", sa.Boolean(), nullable=False),
        sa.Column("site_admin", sa.Boolean(), nullable=False),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("deactivated_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint("public_id", name=op.f("uq_users_public_id")),
    )
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_users_name_key"), ["name_key"], unique=False)

    op.create_table(
        "worker_beats",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_worker_beats")),
    )
    op.create_table(
        "account_tokens",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("former_email", sa.String(length=254), nullable=False),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_account_tokens_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_account_tokens_token_hash")),
    )
    with op.batch_alter_table("account_tokens", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_account_tokens_expires_at"), ["expires_at"], unique=False
        )
        batch_op.create_index(
            "ix_account_tokens_user_id_purpose", ["user_id", "purpose"], unique=False
        )

    op.create_table(
        "outbox_deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("handler", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("done_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["outbox_events.id"],
            name=op.f("fk_outbox_deliveries_event_id_outbox_events"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_deliveries")),
        sa.UniqueConstraint(
            "event_id", "handler", name=op.f("uq_outbox_deliveries_event_id_handler")
        ),
    )
    with op.batch_alter_table("outbox_deliveries", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbox_deliveries_state_next_try_at", ["state", "next_try_at"], unique=False
        )

    op.create_table(
        "planets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("intro", sa.Text(), nullable=False),
        sa.Column("intro_html", sa.Text(), nullable=False),
        sa.Column("tagline", sa.String(length=140), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("accent", sa.String(length=20), nullable=False),
        sa.Column("avatar", sa.String(length=16), nullable=False),
        sa.Column("cover", sa.String(length=16), nullable=False),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("next_number", sa.Integer(), nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("joining", sa.String(length=12), nullable=False),
        sa.Column("join_question", sa.String(length=300), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.Column("who_may_post", sa.String(length=10), nullable=False),
        sa.Column("who_may_comment", sa.String(length=10), nullable=False),
        sa.Column("topic_max_chars", sa.Integer(), nullable=False),
        sa.Column("comment_max_chars", sa.Integer(), nullable=False),
        sa.Column("comment_edit_minutes", sa.Integer(), nullable=False),
        sa.Column("file_max_mib", sa.Integer(), nullable=False),
        sa.Column("questions_enabled", sa.Boolean(), nullable=False),
        sa.Column("anonymous_questions", sa.Boolean(), nullable=False),
        sa.Column("private_questions", sa.Boolean(), nullable=False),
        sa.Column("question_queue_open", sa.Boolean(), nullable=False),
        sa.Column("question_max_chars", sa.Integer(), nullable=False),
        sa.Column("question_quota_per_week", sa.Integer(), nullable=False),
        sa.Column("answer_due_hours", sa.Integer(), nullable=False),
        sa.Column("directory_open", sa.Boolean(), nullable=False),
        sa.Column("private_messages", sa.Boolean(), nullable=False),
        sa.Column("expired_access", sa.String(length=6), nullable=False),
        sa.Column("watermark", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_planets_created_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planets")),
        sa.UniqueConstraint("public_id", name=op.f("uq_planets_public_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_planets_slug")),
    )
    op.create_table(
        "revisions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject_type", sa.String(length=10), nullable=False),
        sa.Column(
            "subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("replaced_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["editor_id"], ["users.id"], name=op.f("fk_revisions_editor_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisions")),
        sa.UniqueConstraint(
            "subject_type",
            "subject_id",
            "number",
            name=op.f("uq_revisions_subject_type_subject_id_number"),
        ),
    )
    op.create_table(
        "user_sessions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("user_agent", sa.String(length=300), nullable=False),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.Column("revoked_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_user_sessions_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_sessions")),
        sa.UniqueConstraint("public_id", name=op.f("uq_user_sessions_public_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_user_sessions_token_hash")),
    )
    with op.batch_alter_table("user_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_user_sessions_user_id"), ["user_id"], unique=False)

    op.create_table(
        "attachments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "uploader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("owner_type", sa.String(length=10), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("content_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("storage_key", sa.String(length=120), nullable=False),
        sa.Column("thumbnail_key", sa.String(length=120), nullable=False),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_attachments_planet_id_planets")
        ),
        sa.ForeignKeyConstraint(
            ["uploader_id"], ["users.id"], name=op.f("fk_attachments_uploader_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sa.UniqueConstraint("public_id", name=op.f("uq_attachments_public_id")),
    )
    with op.batch_alter_table("attachments", schema=None) as batch_op:
        batch_op.create_index("ix_attachments_orphans", ["owner_id", "created_at"], unique=False)
        batch_op.create_index(
            "ix_attachments_owner", ["owner_type", "owner_id", "position"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_attachments_planet_id"), ["planet_id"], unique=False)

    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject_type", sa.String(length=30), nullable=False),
        sa.Column(
            "subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["users.id"], name=op.f("fk_audit_entries_actor_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_audit_entries_planet_id_planets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.create_index("ix_audit_entries_planet_id_at", ["planet_id", "at"], unique=False)

    op.create_table(
        "former_slugs",
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column(
            "planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("until", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_former_slugs_planet_id_planets")
        ),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_former_slugs")),
    )
    with op.batch_alter_table("former_slugs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_former_slugs_planet_id"), ["planet_id"], unique=False)

    op.create_table(
        "invitations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column(
            "planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("ends_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("expires_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column(
            "accepted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("revoked_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["accepted_by"], ["users.id"], name=op.f("fk_invitations_accepted_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_invitations_created_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_invitations_planet_id_planets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("public_id", name=op.f("uq_invitations_public_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitations_token_hash")),
    )
    with op.batch_alter_table("invitations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invitations_planet_id"), ["planet_id"], unique=False)

    op.create_table(
        "memberships",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column(
            "planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("nickname", sa.String(length=60), nullable=False),
        sa.Column("name_key", sa.String(length=120), nullable=True),
        sa.Column("joined_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("expires_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("requested_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("request_answer", sa.String(length=1000), nullable=False),
        sa.Column("declined_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("declined_reason", sa.String(length=300), nullable=False),
        sa.Column("left_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("removed_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("removed_reason", sa.String(length=300), nullable=False),
        sa.Column("muted_until", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("isolated_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("takes_questions", sa.Boolean(), nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("rules_accepted_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("read_through_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("pinned_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_memberships_planet_id_planets")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_memberships_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
        sa.UniqueConstraint(
            "planet_id", "name_key", name=op.f("uq_memberships_planet_id_name_key")
        ),
        sa.UniqueConstraint("planet_id", "number", name=op.f("uq_memberships_planet_id_number")),
        sa.UniqueConstraint("planet_id", "user_id", name=op.f("uq_memberships_planet_id_user_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_memberships_public_id")),
    )
    with op.batch_alter_table("memberships", schema=None) as batch_op:
        batch_op.create_index(
            "ix_memberships_planet_id_expires_at", ["planet_id", "expires_at"], unique=False
        )
        batch_op.create_index("ix_memberships_planet_id_role", ["planet_id", "role"], unique=False)
        batch_op.create_index(batch_op.f("ix_memberships_user_id"), ["user_id"], unique=False)

    op.create_table(
        "rules_pages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("published_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "published_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_rules_pages_planet_id_planets")
        ),
        sa.ForeignKeyConstraint(
            ["published_by"], ["users.id"], name=op.f("fk_rules_pages_published_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rules_pages")),
        sa.UniqueConstraint("planet_id", "version", name=op.f("uq_rules_pages_planet_id_version")),
    )
    op.create_table(
        "series",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column(
            "planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("intro", sa.String(length=500), nullable=False),
        sa.Column("cover", sa.String(length=16), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_series_planet_id_planets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("public_id", name=op.f("uq_series_public_id")),
    )
    with op.batch_alter_table("series", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_series_planet_id"), ["planet_id"], unique=False)

    op.create_table(
        "tags",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("in_menu", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_tags_planet_id_planets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("planet_id", "key", name=op.f("uq_tags_planet_id_key")),
    )
    op.create_table(
        "topics",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column(
            "planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("excerpt", sa.String(length=300), nullable=False),
        sa.Column("render_version", sa.Integer(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("published_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("edited_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_activity_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column(
            "deleted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("pinned_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("digest_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("public_sample_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("comments_closed_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("isolated", sa.Boolean(), nullable=False),
        sa.Column("like_count", sa.Integer(), nullable=False),
        sa.Column("comment_count", sa.Integer(), nullable=False),
        sa.Column("image_count", sa.Integer(), nullable=False),
        sa.Column("file_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_topics_author_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["deleted_by"], ["users.id"], name=op.f("fk_topics_deleted_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_topics_planet_id_planets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topics")),
        sa.UniqueConstraint("public_id", name=op.f("uq_topics_public_id")),
    )
    with op.batch_alter_table("topics", schema=None) as batch_op:
        batch_op.create_index(
            "ix_topics_author", ["planet_id", "author_id", "published_at"], unique=False
        )
        batch_op.create_index("ix_topics_feed", ["planet_id", "published_at", "id"], unique=False)
        batch_op.create_index(
            "ix_topics_files",
            ["planet_id", "published_at", "id"],
            unique=False,
            sqlite_where=sa.text("file_count > 0"),
            postgresql_where=sa.text("file_count > 0"),
        )
        batch_op.create_index(
            "ix_topics_in_digest",
            ["planet_id", "published_at", "id"],
            unique=False,
            sqlite_where=sa.text("digest_at IS NOT NULL"),
            postgresql_where=sa.text("digest_at IS NOT NULL"),
        )
        batch_op.create_index("ix_topics_kind", ["planet_id", "kind", "published_at"], unique=False)
        batch_op.create_index("ix_topics_pinned", ["planet_id", "pinned_at"], unique=False)
        batch_op.create_index("ix_topics_sample", ["planet_id", "public_sample_at"], unique=False)

    op.create_table(
        "answers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("topic_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("render_version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("edited_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("isolated", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_answers_author_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topics.id"], name=op.f("fk_answers_topic_id_topics")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
        sa.UniqueConstraint("public_id", name=op.f("uq_answers_public_id")),
        sa.UniqueConstraint("topic_id", "author_id", name=op.f("uq_answers_topic_id_author_id")),
    )
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_answers_author_id"), ["author_id"], unique=False)
        batch_op.create_index(
            "uq_answers_topic_id_shown",
            ["topic_id"],
            unique=True,
            sqlite_where=sa.text("isolated = 0"),
            postgresql_where=sa.text("NOT isolated"),
        )

    op.create_table(
        "bookmarks",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("topic_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_bookmarks_planet_id_planets")
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"],
            ["topics.id"],
            name=op.f("fk_bookmarks_topic_id_topics"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_bookmarks_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", "topic_id", name=op.f("pk_bookmarks")),
    )
    with op.batch_alter_table("bookmarks", schema=None) as batch_op:
        batch_op.create_index(
            "ix_bookmarks_user_id_created_at", ["user_id", "created_at"], unique=False
        )

    op.create_table(
        "comments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column(
            "planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("topic_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("root_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("as_asker", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("render_version", sa.Integer(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("edited_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column(
            "deleted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("stuck_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("isolated", sa.Boolean(), nullable=False),
        sa.Column("quote_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("quote", sa.String(length=300), nullable=False),
        sa.Column("like_count", sa.Integer(), nullable=False),
        sa.Column("reply_count", sa.Integer(), nullable=False),
        sa.Column("has_image", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_comments_author_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["deleted_by"], ["users.id"], name=op.f("fk_comments_deleted_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["comments.id"], name=op.f("fk_comments_parent_id_comments")
        ),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_comments_planet_id_planets")
        ),
        sa.ForeignKeyConstraint(
            ["quote_id"], ["comments.id"], name=op.f("fk_comments_quote_id_comments")
        ),
        sa.ForeignKeyConstraint(
            ["root_id"], ["comments.id"], name=op.f("fk_comments_root_id_comments")
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topics.id"], name=op.f("fk_comments_topic_id_topics")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
        sa.UniqueConstraint("public_id", name=op.f("uq_comments_public_id")),
    )
    with op.batch_alter_table("comments", schema=None) as batch_op:
        batch_op.create_index("ix_comments_author", ["author_id", "created_at"], unique=False)
        batch_op.create_index(
            "ix_comments_isolated",
            ["topic_id", "author_id"],
            unique=False,
            sqlite_where=sa.text("isolated = 1"),
            postgresql_where=sa.text("isolated"),
        )
        batch_op.create_index(
            "ix_comments_liked",
            ["topic_id", "like_count", "id"],
            unique=False,
            sqlite_where=sa.text("root_id IS NULL"),
            postgresql_where=sa.text("root_id IS NULL"),
        )
        batch_op.create_index(
            "ix_comments_roots",
            ["topic_id", "created_at", "id"],
            unique=False,
            sqlite_where=sa.text("root_id IS NULL"),
            postgresql_where=sa.text("root_id IS NULL"),
        )
        batch_op.create_index("ix_comments_stream", ["planet_id", "created_at", "id"], unique=False)
        batch_op.create_index(
            "ix_comments_thread",
            ["root_id", "created_at", "id"],
            unique=False,
            sqlite_where=sa.text("root_id IS NOT NULL"),
            postgresql_where=sa.text("root_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_comments_stuck",
            ["topic_id"],
            unique=True,
            sqlite_where=sa.text("stuck_at IS NOT NULL"),
            postgresql_where=sa.text("stuck_at IS NOT NULL"),
        )

    op.create_table(
        "drafts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column(
            "planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("topic_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("tab", sa.String(length=40), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_drafts_planet_id_planets")
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topics.id"], name=op.f("fk_drafts_topic_id_topics")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_drafts_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
        sa.UniqueConstraint("public_id", name=op.f("uq_drafts_public_id")),
    )
    with op.batch_alter_table("drafts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_drafts_planet_id"), ["planet_id"], unique=False)
        batch_op.create_index(
            "ix_drafts_user_id_updated_at", ["user_id", "updated_at"], unique=False
        )

    op.create_table(
        "likes",
        sa.Column("subject_type", sa.String(length=10), nullable=False),
        sa.Column(
            "subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("topic_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("isolated", sa.Boolean(), nullable=False),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topics.id"], name=op.f("fk_likes_topic_id_topics"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_likes_user_id_users")),
        sa.PrimaryKeyConstraint("subject_type", "subject_id", "user_id", name=op.f("pk_likes")),
    )
    with op.batch_alter_table("likes", schema=None) as batch_op:
        batch_op.create_index("ix_likes_topic", ["topic_id", "user_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_likes_user_id"), ["user_id"], unique=False)

    op.create_table(
        "membership_periods",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "membership_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("source_ref", sa.String(length=80), nullable=False),
        sa.Column("starts_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column(
            "granted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["granted_by"], ["users.id"], name=op.f("fk_membership_periods_granted_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["memberships.id"],
            name=op.f("fk_membership_periods_membership_id_memberships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership_periods")),
        sa.UniqueConstraint(
            "source", "source_ref", name=op.f("uq_membership_periods_source_source_ref")
        ),
    )
    with op.batch_alter_table("membership_periods", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_membership_periods_membership_id"), ["membership_id"], unique=False
        )

    op.create_table(
        "question_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("topic_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column(
            "from_user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "to_user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["users.id"], name=op.f("fk_question_log_actor_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["from_user_id"], ["users.id"], name=op.f("fk_question_log_from_user_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["to_user_id"], ["users.id"], name=op.f("fk_question_log_to_user_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"],
            ["topics.id"],
            name=op.f("fk_question_log_topic_id_topics"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_log")),
    )
    with op.batch_alter_table("question_log", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_question_log_topic_id"), ["topic_id"], unique=False)

    op.create_table(
        "questions",
        sa.Column(
            "topic_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("asker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "addressee_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("asked_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("due_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("overdue_told_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("answered_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("declined_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("decline_reason", sa.String(length=500), nullable=False),
        sa.Column("withdrawn_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column(
            "accepted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["accepted_by"], ["users.id"], name=op.f("fk_questions_accepted_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["addressee_id"], ["users.id"], name=op.f("fk_questions_addressee_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["asker_id"], ["users.id"], name=op.f("fk_questions_asker_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_questions_planet_id_planets")
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"],
            ["topics.id"],
            name=op.f("fk_questions_topic_id_topics"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("topic_id", name=op.f("pk_questions")),
    )
    with op.batch_alter_table("questions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_questions_asker", ["asker_id", "planet_id", "asked_at"], unique=False
        )
        batch_op.create_index("ix_questions_due", ["answered_at", "due_at"], unique=False)
        batch_op.create_index(
            "ix_questions_inbox",
            ["addressee_id", "planet_id", "answered_at", "due_at"],
            unique=False,
        )

    op.create_table(
        "read_marks",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("topic_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("read_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_read_marks_planet_id_planets")
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"],
            ["topics.id"],
            name=op.f("fk_read_marks_topic_id_topics"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_read_marks_user_id_users")
        ),
        sa.PrimaryKeyConstraint("user_id", "topic_id", name=op.f("pk_read_marks")),
    )
    op.create_table(
        "rules_acceptances",
        sa.Column(
            "membership_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("accepted_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["memberships.id"],
            name=op.f("fk_rules_acceptances_membership_id_memberships"),
        ),
        sa.PrimaryKeyConstraint("membership_id", "version", name=op.f("pk_rules_acceptances")),
    )
    op.create_table(
        "series_topics",
        sa.Column(
            "series_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("topic_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"],
            ["series.id"],
            name=op.f("fk_series_topics_series_id_series"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"],
            ["topics.id"],
            name=op.f("fk_series_topics_topic_id_topics"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("series_id", "topic_id", name=op.f("pk_series_topics")),
    )
    with op.batch_alter_table("series_topics", schema=None) as batch_op:
        batch_op.create_index("ix_series_topics_order", ["series_id", "position"], unique=False)
        batch_op.create_index(batch_op.f("ix_series_topics_topic_id"), ["topic_id"], unique=False)

    op.create_table(
        "topic_tags",
        sa.Column("topic_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tag_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("published_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tag_id"], ["tags.id"], name=op.f("fk_topic_tags_tag_id_tags"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"],
            ["topics.id"],
            name=op.f("fk_topic_tags_topic_id_topics"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("topic_id", "tag_id", name=op.f("pk_topic_tags")),
    )
    with op.batch_alter_table("topic_tags", schema=None) as batch_op:
        batch_op.create_index(
            "ix_topic_tags_feed", ["tag_id", "published_at", "topic_id"], unique=False
        )

    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dedupe_key", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("topic_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "comment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "invitation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("read_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["comment_id"],
            ["comments.id"],
            name=op.f("fk_notifications_comment_id_comments"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitations.id"],
            name=op.f("fk_notifications_invitation_id_invitations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["users.id"],
            name=op.f("fk_notifications_person_id_users"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_notifications_planet_id_planets")
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"],
            ["topics.id"],
            name=op.f("fk_notifications_topic_id_topics"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_notifications_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint("public_id", name=op.f("uq_notifications_public_id")),
        sa.UniqueConstraint(
            "user_id", "dedupe_key", name=op.f("uq_notifications_user_id_dedupe_key")
        ),
    )
    with op.batch_alter_table("notifications", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_notifications_comment_id"), ["comment_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_notifications_planet_id"), ["planet_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_notifications_topic_id"), ["topic_id"], unique=False)
        batch_op.create_index(
            "ix_notifications_user_id_created_at", ["user_id", "created_at", "id"], unique=False
        )
        batch_op.create_index(
            "ix_notifications_user_id_read_at", ["user_id", "read_at"], unique=False
        )

    op.create_table(
        "mails",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dedupe_key", sa.String(length=120), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "notification_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("to_address", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("letter", sa.JSON(), nullable=False),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("sent_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("dropped_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["notifications.id"],
            name=op.f("fk_mails_notification_id_notifications"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_mails_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_mails_dedupe_key")),
    )
    with op.batch_alter_table("mails", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mails_created_at"), ["created_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_mails_notification_id"), ["notification_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("mails", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mails_notification_id"))
        batch_op.drop_index(batch_op.f("ix_mails_created_at"))

    op.drop_table("mails")
    with op.batch_alter_table("notifications", schema=None) as batch_op:
        batch_op.drop_index("ix_notifications_user_id_read_at")
        batch_op.drop_index("ix_notifications_user_id_created_at")
        batch_op.drop_index(batch_op.f("ix_notifications_topic_id"))
        batch_op.drop_index(batch_op.f("ix_notifications_planet_id"))
        batch_op.drop_index(batch_op.f("ix_notifications_comment_id"))

    op.drop_table("notifications")
    with op.batch_alter_table("topic_tags", schema=None) as batch_op:
        batch_op.drop_index("ix_topic_tags_feed")

    op.drop_table("topic_tags")
    with op.batch_alter_table("series_topics", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_series_topics_topic_id"))
        batch_op.drop_index("ix_series_topics_order")

    op.drop_table("series_topics")
    op.drop_table("rules_acceptances")
    op.drop_table("read_marks")
    with op.batch_alter_table("questions", schema=None) as batch_op:
        batch_op.drop_index("ix_questions_inbox")
        batch_op.drop_index("ix_questions_due")
        batch_op.drop_index("ix_questions_asker")

    op.drop_table("questions")
    with op.batch_alter_table("question_log", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_question_log_topic_id"))

    op.drop_table("question_log")
    with op.batch_alter_table("membership_periods", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_membership_periods_membership_id"))

    op.drop_table("membership_periods")
    with op.batch_alter_table("likes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_likes_user_id"))
        batch_op.drop_index("ix_likes_topic")

    op.drop_table("likes")
    with op.batch_alter_table("drafts", schema=None) as batch_op:
        batch_op.drop_index("ix_drafts_user_id_updated_at")
        batch_op.drop_index(batch_op.f("ix_drafts_planet_id"))

    op.drop_table("drafts")
    with op.batch_alter_table("comments", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_comments_stuck",
            sqlite_where=sa.text("stuck_at IS NOT NULL"),
            postgresql_where=sa.text("stuck_at IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_comments_thread",
            sqlite_where=sa.text("root_id IS NOT NULL"),
            postgresql_where=sa.text("root_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_comments_stream")
        batch_op.drop_index(
            "ix_comments_roots",
            sqlite_where=sa.text("root_id IS NULL"),
            postgresql_where=sa.text("root_id IS NULL"),
        )
        batch_op.drop_index(
            "ix_comments_liked",
            sqlite_where=sa.text("root_id IS NULL"),
            postgresql_where=sa.text("root_id IS NULL"),
        )
        batch_op.drop_index(
            "ix_comments_isolated",
            sqlite_where=sa.text("isolated = 1"),
            postgresql_where=sa.text("isolated"),
        )
        batch_op.drop_index("ix_comments_author")

    op.drop_table("comments")
    with op.batch_alter_table("bookmarks", schema=None) as batch_op:
        batch_op.drop_index("ix_bookmarks_user_id_created_at")

    op.drop_table("bookmarks")
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_answers_topic_id_shown",
            sqlite_where=sa.text("isolated = 0"),
            postgresql_where=sa.text("NOT isolated"),
        )
        batch_op.drop_index(batch_op.f("ix_answers_author_id"))

    op.drop_table("answers")
    with op.batch_alter_table("topics", schema=None) as batch_op:
        batch_op.drop_index("ix_topics_sample")
        batch_op.drop_index("ix_topics_pinned")
        batch_op.drop_index("ix_topics_kind")
        batch_op.drop_index(
            "ix_topics_in_digest",
            sqlite_where=sa.text("digest_at IS NOT NULL"),
            postgresql_where=sa.text("digest_at IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_topics_files",
            sqlite_where=sa.text("file_count > 0"),
            postgresql_where=sa.text("file_count > 0"),
        )
        batch_op.drop_index("ix_topics_feed")
        batch_op.drop_index("ix_topics_author")

    op.drop_table("topics")
    op.drop_table("tags")
    with op.batch_alter_table("series", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_series_planet_id"))

    op.drop_table("series")
    op.drop_table("rules_pages")
    with op.batch_alter_table("memberships", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_memberships_user_id"))
        batch_op.drop_index("ix_memberships_planet_id_role")
        batch_op.drop_index("ix_memberships_planet_id_expires_at")

    op.drop_table("memberships")
    with op.batch_alter_table("invitations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invitations_planet_id"))

    op.drop_table("invitations")
    with op.batch_alter_table("former_slugs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_former_slugs_planet_id"))

    op.drop_table("former_slugs")
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_entries_planet_id_at")

    op.drop_table("audit_entries")
    with op.batch_alter_table("attachments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_attachments_planet_id"))
        batch_op.drop_index("ix_attachments_owner")
        batch_op.drop_index("ix_attachments_orphans")

    op.drop_table("attachments")
    with op.batch_alter_table("user_sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_user_sessions_user_id"))

    op.drop_table("user_sessions")
    op.drop_table("revisions")
    op.drop_table("planets")
    with op.batch_alter_table("outbox_deliveries", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_deliveries_state_next_try_at")

    op.drop_table("outbox_deliveries")
    with op.batch_alter_table("account_tokens", schema=None) as batch_op:
        batch_op.drop_index("ix_account_tokens_user_id_purpose")
        batch_op.drop_index(batch_op.f("ix_account_tokens_expires_at"))

    op.drop_table("account_tokens")
    op.drop_table("worker_beats")
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_users_name_key"))

    op.drop_table("users")
    op.drop_table("timed_jobs")
    with op.batch_alter_table("sign_ups", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_ups_expires_at"))
        batch_op.drop_index(batch_op.f("ix_sign_ups_email"))

    op.drop_table("sign_ups")
    op.drop_table("rate_counters")
    op.drop_table("outbox_events")
