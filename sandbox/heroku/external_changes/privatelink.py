"""External changes to a database's PrivateLink, at Heroku and in customers' AWS accounts."""

from collections.abc import Sequence
from datetime import datetime

from sandbox.heroku.model import privatelink_lifecycle, vpc_endpoints
from sandbox.heroku.model.account import Account
from sandbox.heroku.model.aws_names import principal
from sandbox.heroku.model.privatelink import Connection, PrivateLink


class PrivateLinkExternalChanges:
    """PrivateLink of an emulated Heroku: changes by others, and its state.

    Databases are named by name or id, accounts in any form that Heroku takes; what Heroku or AWS rejects
    raises `Refused`.
    """

    _account: Account

    def privatelink(self, database: str, *, now: datetime) -> PrivateLink | None:
        """Return a database's PrivateLink endpoint, also while it is ``Deprovisioned``."""
        return self._account.addon(database).link_at(now)

    def create_privatelink_externally(
        self, database: str, accounts: Sequence[str], *, now: datetime
    ) -> PrivateLink:
        """Create a PrivateLink endpoint that allows these accounts."""
        arns = privatelink_lifecycle.principals(self._account, list(accounts))
        return privatelink_lifecycle.create(self._account, self._account.addon(database), arns, now)

    def destroy_privatelink_externally(self, database: str, *, now: datetime) -> PrivateLink:
        """Destroy a PrivateLink endpoint."""
        return privatelink_lifecycle.destroy(self._account, self._account.addon(database), now)

    def add_account_externally(self, database: str, account: str, *, now: datetime) -> PrivateLink:
        """Allow an account, and return the endpoint."""
        found = self._account.addon(database)
        privatelink_lifecycle.admit(self._account, found, [principal(account)], now)
        return privatelink_lifecycle.link_of(found, now)

    def remove_account_externally(self, database: str, account: str, *, now: datetime) -> PrivateLink:
        """Remove an allowed account, and return the endpoint."""
        found = self._account.addon(database)
        privatelink_lifecycle.dismiss(self._account, found, [principal(account)], now)
        return privatelink_lifecycle.link_of(found, now)

    def create_vpc_endpoint(
        self, database: str, *, account: str, region: str = "us-east-1", now: datetime
    ) -> Connection:
        """Create a customer's VPC endpoint.

        Args:
            database: Name or id of the add-on.
            account: The customer's account; must be allowed and active.
            region: AWS region of the VPC; must be the database's.
            now: The moment.

        Raises:
            Refused: The service does not exist in that region, or not yet, or not for this account.
        """
        found = self._account.addon(database)
        return vpc_endpoints.connect(self._account, found, arn=principal(account), region=region, now=now)

    def delete_vpc_endpoint(self, database: str, endpoint_id: str, *, now: datetime) -> Connection:
        """Delete a customer's VPC endpoint and return it as it was."""
        return vpc_endpoints.disconnect(self._account, self._account.addon(database), endpoint_id, now)
