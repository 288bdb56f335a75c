"""Runs over a database's IP rules, its endpoint and its certificates."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from typing import ClassVar
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.method import Method
from bot.domain.mtls import issuance, unmanaged_rules
from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.observation import Observation, mtls_observation
from bot.domain.operation import Operation
from bot.domain.request import Kind, Request
from bot.domain.schedule import OPERATION_DEADLINE
from bot.domain.subject import CertificateId
from bot.heroku.client import HerokuClient
from bot.ports import AuditContext, ConnectionTest, Transaction
from bot.reconciler.adapter import AnyAdapter
from bot.reconciler.mtls.adapter import MtlsAdapter
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fixtures import DATABASE
from sandbox.heroku.model.certificates import Certificate
from sandbox.heroku.model.resources import Database as EmulatedDatabase
from sandbox.heroku.model.resources import Endpoint, KeptRule
from storage.tables import mtls_rule_intents, mtls_rules, targets
from storage.transaction import PostgresStore
from tests import database
from tests.flow.reconciler.harness import Harness
from tests.unit.factories import POLICY
from tests.unit.storage import store_helpers

ADD = r"POST .*/ip-rules$"
REMOVE = r"DELETE .*/ip-rules/"
LIST = r"GET .*/ip-rules$"
ENABLE = r"POST .*/tls-endpoint$"
DISABLE = r"DELETE .*/tls-endpoint$"
CREATE = r"POST .*/certificates$"
DISCARD = r"DELETE .*/certificates/"


class MtlsHarness(Harness):
    """Runs over the app ``billing``'s database, and what somebody else does to it at Heroku."""

    method: ClassVar[Method] = Method.MTLS

    def __init__(
        self,
        *,
        store: PostgresStore,
        engine: AsyncEngine,
        heroku: HerokuEmulator,
        client: HerokuClient,
        probe: ConnectionTest | None = None,
    ) -> None:
        self._probe = probe
        super().__init__(store=store, engine=engine, heroku=heroku, client=client)

    def _adapter(self) -> AnyAdapter:
        return MtlsAdapter(
            store=self.store, heroku=self.client, policy=POLICY, clock=self.clock, probe=self._probe
        )

    async def _discover(self) -> int:
        found = await self.client.databases()
        await store_helpers.discover(self.store, *found)
        self.target = next(database for database in found if database.name == DATABASE)
        return len(found)

    def _operation(self, request: Request, observation: Observation | None) -> Operation:
        operation, subject = super()._operation(request, observation), request.terms.subject
        if request.kind in unmanaged_rules.KINDS and isinstance(subject, IPv4Network):
            rules = unmanaged_rules.meant(request.kind, mtls_observation(observation), subject)
            return unmanaged_rules.aimed(operation, rules)
        return operation

    async def wait_a_minute(self) -> None:
        """A minute goes by for what waits for Heroku."""
        minute = timedelta(seconds=61)
        await database.make_older(self.engine, mtls_rules, "removal_requested_at", by=minute)
        await database.make_older(self.engine, mtls_rule_intents, "ambiguous_until", by=timedelta(seconds=81))
        await self.age_requests(by=minute)

    async def age_certificates(self, by: timedelta = timedelta(days=1)) -> None:
        """The certificates were last read so much longer ago."""
        observation = mtls_observation(await self.observation())
        assert observation is not None
        assert observation.certificates_at is not None
        read_at = (observation.certificates_at - by).isoformat()
        await database.set_observation(
            self.engine, {"certificates_at": read_at}, target_id=self.target.id, method=self.method
        )

    async def swap_names(self) -> None:
        """What the store knows of two names has been the other way round since the last discovery."""
        (first, one), (second, other) = await database.rows(
            self.engine, targets, "id", "name", is_space=False
        )
        for id, name in ((first, other), (second, one)):
            await database.update_rows(self.engine, targets, {"name": name}, id=id)

    # --- rules at Heroku ---------------------------------------------------------------------------

    def emulated(self, name: str = DATABASE) -> EmulatedDatabase:
        return self.heroku._account.addon(name)

    def endpoint(self, name: str = DATABASE) -> Endpoint:
        endpoint = self.emulated(name).endpoint
        assert endpoint is not None
        return endpoint

    def networks(self) -> list[str]:
        """Every rule's network at Heroku."""
        return [rule.cidr for rule in self.endpoint().rules.values()]

    def owned(self, name: str = DATABASE) -> list[str]:
        """Networks of the rules at Heroku that pgaccess made."""
        rules = self.endpoint(name).rules.values()
        return [rule.cidr for rule in rules if rule.description.startswith("pgaccess/")]

    def rule_externally(self, network: IPv4Network, description: str = "") -> None:
        """Somebody else makes a rule."""
        self.heroku.add_rule_externally(DATABASE, str(network), description, now=self.now)

    def removed_externally(self, network: IPv4Network) -> None:
        """Somebody else removes every rule of a network."""
        for id, rule in list(self.endpoint().rules.items()):
            if rule.cidr == str(network):
                self.heroku.delete_rule_externally(DATABASE, id, now=self.now)

    def odd_rule(self, cidr: str, description: str) -> None:
        """A rule that the API would not have taken."""
        long_ago = datetime(2026, 1, 1, tzinfo=UTC)
        odd = KeptRule(
            id=uuid4(), cidr=cidr, description=description, created_at=long_ago, authorized_at=long_ago
        )
        self.endpoint().rules[odd.id] = odd

    @contextlib.contextmanager
    def stale(self) -> Iterator[None]:
        """Heroku's list lacks our rules, which are allowed all the same."""
        rules = self.endpoint().rules
        hidden = {id: rule for id, rule in rules.items() if rule.description.startswith("pgaccess/")}
        for id in hidden:
            del rules[id]
        yield
        rules.update(hidden)

    # --- certificates ------------------------------------------------------------------------------

    async def issue(self, *, owner: str = "U0ENGINEER") -> tuple[Operation, KnownCertificate]:
        """A certificate that was requested, made and read back."""
        operation = await self.start(Kind.ISSUE, owner=owner, reason="etl")
        await self.reconcile(3)
        assert await self.result(operation) == ("done", None)
        issued = [known for known in await self.inventory() if known.request == operation.request]
        return operation, issued[0]

    async def discard(self, known: KnownCertificate, *, owner: str = "U0ENGINEER") -> Operation:
        """The removal of a certificate that was just approved."""
        return await self.start(Kind.DISCARD, CertificateId(known.id), owner=owner)

    async def retry(self, operation: Operation) -> None:
        """A person presses Retry."""

        async def again(tx: Transaction) -> None:
            current = await tx.operations.lock(operation.id)
            context = AuditContext(actor=operation.owner, at=self.clock.now())
            await tx.operations.update(
                current, issuance.again(current), doing=context, within=OPERATION_DEADLINE
            )
            await tx.reconcile_queue.bump_generation(self.target.id, operation.method)

        await self.do(again)

    def certificate_externally(self) -> Certificate:
        """Somebody else makes a certificate."""
        return self.heroku.create_certificate_externally(DATABASE, now=self.now)

    def certificates(self) -> dict[UUID, str]:
        """The certificates at Heroku with their status; none where mTLS is off."""
        return {each.id: each.status for each in self.heroku.certificates(DATABASE, now=self.now)}

    async def inventory(self) -> tuple[KnownCertificate, ...]:
        """The certificates that the store knows."""
        async with self.store.transaction() as tx:
            return await tx.certificates.present(self.target.id)

    async def told(self, operation: Operation) -> list[str]:
        """What the owner of an operation was told, oldest first."""
        return await database.outbox_kinds(
            self.engine, recipient=operation.owner, request_id=operation.request, kind="notification.%"
        )
