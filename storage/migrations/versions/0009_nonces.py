"""A nonce of each request, for its buttons, and the markers that rules at Heroku carry from before."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Null for requests from before, and for those of an older process: their buttons have none either.
    op.add_column(
        "requests", sa.Column("nonce", sa.Text(), comment="of its buttons; null: from before nonces")
    )
    earlier = "markers of rules from before"
    op.add_column(
        "installation",
        sa.Column(
            "earlier", postgresql.ARRAY(sa.Text()), nullable=False, server_default="{}", comment=earlier
        ),
    )


def downgrade() -> None:
    op.drop_column("installation", "earlier")
    op.drop_column("requests", "nonce")
