"""Terms of each audit line, and when entries that pgaccess does not manage were seen at Heroku."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PRESENT = "absent_at IS NULL"


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    # A line from before has none, and its digest covers none.
    op.add_column(
        "audit",
        sa.Column(
            "terms",
            postgresql.JSONB(none_as_null=True),
            comment="of its request and grant, as they are after the change",
        ),
    )
    op.create_table(
        "unmanaged_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column(
            "entry", sa.Text(), nullable=False, comment="Heroku's id of an IP rule; an ARN; a range's source"
        ),
        sa.Column("subject", sa.Text(), nullable=False, comment="what it allows: a network, an ARN"),
        sa.Column(
            "description", sa.Text(), server_default="", nullable=False, comment="as Heroku has it, cleaned"
        ),
        sa.Column(
            "created_by", sa.Text(), server_default="", nullable=False, comment="empty: Heroku does not tell"
        ),
        sa.Column("first_seen_at", time, nullable=False, comment="business time"),
        sa.Column(
            "absent_at", time, comment="business time of the observation that proved it; null: present"
        ),
        sa.Column("ignored_until", time, comment="business time; null: not ignored"),
        sa.Column("ignored_by", sa.Text()),
        sa.Column("ignored_because", sa.Text()),
        sa.ForeignKeyConstraint(
            ["target_id"], ["targets.id"], name=op.f("fk_unmanaged_entries_target_id_targets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unmanaged_entries")),
        comment="entries that no grant covers, kept after they have gone: who could reach what, and when",
    )
    op.create_index(
        "ix_unmanaged_entries_present",
        "unmanaged_entries",
        ["target_id", "method", "entry"],
        unique=True,
        postgresql_where=sa.text(PRESENT),
    )
    op.create_index(
        "ix_unmanaged_entries_target", "unmanaged_entries", ["target_id", "first_seen_at"], unique=False
    )


def downgrade() -> None:
    op.drop_table("unmanaged_entries")
    op.drop_column("audit", "terms")
