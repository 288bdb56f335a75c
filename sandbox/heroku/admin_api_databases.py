"""External changes to databases through the admin API: certificates, mTLS, PrivateLink, VPC endpoints.

No response contains a private key: everybody on this machine can call the admin API.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.http_types import Json, Refused
from sandbox.heroku.routing import optional_text, required_text
from sandbox.heroku.snapshot import shown_certificate, shown_link

Action = Callable[[Json], object]

REGION = "us-east-1"
"""AWS region of a VPC unless one is given."""


class DatabaseActions:
    """Actions on databases, JSON in and JSON out.

    Args:
        heroku: The emulated Heroku.
        now: Returns the present.
    """

    def __init__(self, heroku: HerokuEmulator, now: Callable[[], datetime]) -> None:
        self._heroku = heroku
        self._now = now

    def by_path(self) -> Mapping[str, Action]:
        """Return every action by its path below ``/_emulator``."""
        return {
            "mtls/enable": self.enable_mtls,
            "mtls/disable": self.disable_mtls,
            "certificates/create": self.create_certificate,
            "certificates/delete": self.delete_certificate,
            "privatelink/create": self.create_link,
            "privatelink/destroy": self.destroy_link,
            "accounts/add": self.add_account,
            "accounts/remove": self.remove_account,
            "vpc-endpoints/create": self.create_vpc_endpoint,
            "vpc-endpoints/delete": self.delete_vpc_endpoint,
        }

    def enable_mtls(self, given: Json) -> object:
        """Enable mTLS."""
        self._heroku.enable_mtls_externally(required_text(given, "database"), now=self._now())
        return {"ok": True}

    def disable_mtls(self, given: Json) -> object:
        """Disable mTLS."""
        self._heroku.disable_mtls_externally(required_text(given, "database"), now=self._now())
        return {"ok": True}

    def create_certificate(self, given: Json) -> object:
        """Create a client certificate; with ``expires_at`` one that is ready and expires then."""
        database, now = required_text(given, "database"), self._now()
        if not (end := optional_text(given, "expires_at")):
            return shown_certificate(self._heroku.create_certificate_externally(database, now=now))
        made = self._heroku.add_certificate_externally(database, expires_at=_moment(end), now=now)
        return shown_certificate(made)

    def delete_certificate(self, given: Json) -> object:
        """Delete a client certificate."""
        database, certificate = required_text(given, "database"), required_text(given, "certificate")
        gone = self._heroku.delete_certificate_externally(database, certificate, now=self._now())
        return shown_certificate(gone)

    def create_link(self, given: Json) -> object:
        """Create a PrivateLink endpoint."""
        database, accounts = required_text(given, "database"), given.get("accounts")
        if not isinstance(accounts, list):
            raise Refused(422, "accounts is required and must be a list.")
        self._heroku.create_privatelink_externally(database, accounts, now=self._now())
        return self._link(database)

    def destroy_link(self, given: Json) -> object:
        """Destroy a PrivateLink endpoint."""
        database = required_text(given, "database")
        self._heroku.destroy_privatelink_externally(database, now=self._now())
        return self._link(database)

    def add_account(self, given: Json) -> object:
        """Allow an AWS account."""
        database, account = required_text(given, "database"), required_text(given, "account")
        self._heroku.add_account_externally(database, account, now=self._now())
        return self._link(database)

    def remove_account(self, given: Json) -> object:
        """Remove an allowed AWS account."""
        database, account = required_text(given, "database"), required_text(given, "account")
        self._heroku.remove_account_externally(database, account, now=self._now())
        return self._link(database)

    def create_vpc_endpoint(self, given: Json) -> object:
        """Create a customer's VPC endpoint."""
        made = self._heroku.create_vpc_endpoint(
            required_text(given, "database"),
            account=required_text(given, "account"),
            region=optional_text(given, "region") or REGION,
            now=self._now(),
        )
        return {"endpoint_id": made.endpoint_id, "hostname": made.hostname}

    def delete_vpc_endpoint(self, given: Json) -> object:
        """Delete a customer's VPC endpoint."""
        database, endpoint = required_text(given, "database"), required_text(given, "endpoint_id")
        self._heroku.delete_vpc_endpoint(database, endpoint, now=self._now())
        return {"ok": True}

    def _link(self, database: str) -> object:
        now = self._now()
        link = self._heroku.privatelink(database, now=now)
        return shown_link(link, self._heroku.behavior, now) if link else None


def _moment(text: str) -> datetime:
    """Parse a moment in ISO 8601; raises `Refused` unless it has a UTC offset."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise Refused(422, "expires_at must have a UTC offset, such as 2027-01-01T10:00:00+00:00.")
    return found
