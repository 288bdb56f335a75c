"""Access reviews with their answers; and indexes by which rows are found that nobody needs any more."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

REMOVED = "absent_at IS NOT NULL AND NOT adopted"

INDEXES = {
    "ix_idempotency_keys_at": ("idempotency_keys", ["at"], None),
    "ix_slack_users_deactivated": ("slack_users", ["id"], "deactivated <> (left_at IS NOT NULL)"),
    "ix_slack_users_left": ("slack_users", ["left_at"], "left_at IS NOT NULL AND name <> ''"),
    "ix_closings_closed": ("closings", ["closed_at"], "closed_at IS NOT NULL"),
    "ix_mtls_rule_intents_resolved": ("mtls_rule_intents", ["at"], "resolved"),
    "ix_mtls_rules_removed": ("mtls_rules", ["absent_at"], REMOVED),
    "ix_mtls_rules_intent_id": ("mtls_rules", ["intent_id"], None),
    "ix_privatelink_accounts_removed": ("privatelink_accounts", ["absent_at"], REMOVED),
    "ix_trusted_ranges_removed": ("trusted_ranges", ["absent_at"], REMOVED),
    "ix_unmanaged_entries_gone": ("unmanaged_entries", ["absent_at"], "absent_at IS NOT NULL"),
    "ix_download_links_over": ("download_links", ["expires_at"], "state <> 'open'"),
    "ix_outbox_shown": ("outbox", ["due_at", "id"], "sent_version >= version"),
}
"""Table, columns and condition of each new index."""


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "access_reviews",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("begun_at", time, nullable=False, comment="business time"),
        sa.Column("answer_by", time, nullable=False, comment="business time"),
        sa.Column("told_at", time, comment="business time at which its end was recorded; null: not yet"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_reviews")),
        comment="when what lasts long was reviewed",
    )
    op.create_table(
        "access_review_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "group_number",
            sa.BigInteger(),
            nullable=False,
            comment="of its approvers in the review, from 1 on",
        ),
        sa.Column(
            "approvers",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="people and groups who were asked",
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), comment="of a certificate"),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False, comment="the target's name on the day of the review"),
        sa.Column("subject", sa.Text(), nullable=False, comment="what it allows"),
        sa.Column("ends_at", time, comment="as it was asked about; null: it has no end"),
        sa.Column("answer", sa.Text(), comment="null: nobody has answered"),
        sa.Column("answered_by", sa.Text()),
        sa.Column("answered_at", time, comment="business time"),
        sa.Column("because", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "(answer IS NULL) = (answered_by IS NULL) AND (answer IS NULL) = (answered_at IS NULL)",
            name=op.f("ck_access_review_items_answered_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificates.id"],
            name=op.f("fk_access_review_items_certificate_id_certificates"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_access_review_items_request_id_requests")
        ),
        sa.ForeignKeyConstraint(
            ["review_id"], ["access_reviews.id"], name=op.f("fk_access_review_items_review_id_access_reviews")
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["targets.id"], name=op.f("fk_access_review_items_target_id_targets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_review_items")),
        comment="what an access review asks of, and what was answered",
    )
    op.create_index(
        "ix_access_review_items_group",
        "access_review_items",
        ["review_id", "group_number", "id"],
        unique=False,
    )
    left = "Postgres time at which it was found deactivated; null: it is not"
    op.add_column("slack_users", sa.Column("left_at", time, comment=left))
    for name, (table, columns, where) in INDEXES.items():
        condition = None if where is None else sa.text(where)
        op.create_index(name, table, columns, unique=False, postgresql_where=condition)


def downgrade() -> None:
    for name, (table, _, _) in reversed(INDEXES.items()):
        op.drop_index(name, table_name=table)
    op.drop_column("slack_users", "left_at")
    op.drop_table("access_review_items")
    op.drop_table("access_reviews")
