"""Who asked for somebody else, and the ticket that a request names."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Null, and empty, for requests of an older process, which can have neither.
    asker = "who asked for the requester; null: they asked themselves"
    op.add_column("requests", sa.Column("asker", sa.Text(), comment=asker))
    ticket = sa.Column("ticket", sa.Text(), nullable=False, server_default="", comment="that it names")
    op.add_column("requests", ticket)


def downgrade() -> None:
    op.drop_column("requests", "ticket")
    op.drop_column("requests", "asker")
