"""Messages: what each one asserts, what it is about, and what Slack shows of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Null in every older row: such a message is judged by the present state alone, once that changes.
    op.add_column(
        "outbox",
        sa.Column("asserts", sa.Text(), comment="what has to stay as it is for the message to stay true"),
    )
    op.add_column(
        "outbox",
        sa.Column(
            "about",
            postgresql.ARRAY(sa.Text()),
            comment="requests that it lists, findings that it reports",
        ),
    )
    op.add_column(
        "outbox",
        sa.Column(
            "settled_at",
            sa.DateTime(timezone=True),
            comment="business time at which its finding was no longer so",
        ),
    )
    op.add_column(
        "outbox", sa.Column("shown", sa.Text(), comment="digest of what Slack shows; null: not known")
    )
    op.create_index(
        "ix_outbox_about",
        "outbox",
        ["about"],
        postgresql_using="gin",
        postgresql_where=sa.text("about IS NOT NULL AND settled_at IS NULL"),
    )
    op.create_index(
        "ix_requests_grant",
        "requests",
        ["grant_id"],
        postgresql_where=sa.text("grant_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_requests_grant", table_name="requests")
    op.drop_index("ix_outbox_about", table_name="outbox")
    for name in ("shown", "settled_at", "about", "asserts"):
        op.drop_column("outbox", name)
