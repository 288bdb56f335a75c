"""An index of the unmanaged entries that are ignored for a while."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

IGNORED = "ignored_until IS NOT NULL AND absent_at IS NULL"


def upgrade() -> None:
    op.create_index(
        "ix_unmanaged_entries_ignored",
        "unmanaged_entries",
        ["ignored_until"],
        unique=False,
        postgresql_where=sa.text(IGNORED),
    )


def downgrade() -> None:
    op.drop_index("ix_unmanaged_entries_ignored", table_name="unmanaged_entries")
