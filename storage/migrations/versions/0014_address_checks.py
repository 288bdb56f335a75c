"""Requests that wait for the address of their requester's browser."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "address_checks",
        sa.Column("id", sa.Uuid(), nullable=False, comment="not secret: it is part of URLs"),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the link's secret"),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=True, comment="as typed"),
        sa.Column("duration", sa.Text(), nullable=True, comment="as typed"),
        sa.Column("until", sa.Text(), nullable=True, comment="as typed"),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False, comment="business time"),
        sa.Column("request_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_address_checks_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_checks")),
    )
    op.create_index("ix_address_checks_expires_at", "address_checks", ["expires_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_address_checks_expires_at", table_name="address_checks")
    op.drop_table("address_checks")
