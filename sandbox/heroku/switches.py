"""What can be set: how fast Heroku works, and what it does where nobody outside knows.

Facts about the mTLS API come from its only public client, the Terraform provider herokux (c822fb4,
2025-08), and the samples published with it (2020-09). What no public source tells is a field here, so that a
client can be tried against each case.
"""

from dataclasses import dataclass
from typing import Literal, Self

Dates = Literal["rfc3339", "offset", "utc"]
"""How the Data API writes a time: ``2026-01-05T10:00:00.000+00:00``, ``2026-01-05 10:00:00 +0000`` or
``2026-01-05 10:00:00 UTC``. The first was seen in 2020; herokux reads all three since 2025."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long each transition takes, in real seconds.

    Heroku takes minutes (herokux waits up to 10 for an endpoint, up to 20 for a rule); played, it is fast
    enough to watch and slow enough to be seen.
    """

    provision: float = 6.0
    authorize: float = 3.0
    deprovision: float = 4.0

    def __post_init__(self) -> None:
        if min(self.provision, self.authorize, self.deprovision) < 0:
            raise ValueError("a transition cannot take less than no time")

    @classmethod
    def of(cls, seconds: float) -> Self:
        """Return a pace at which every transition takes the same time."""
        return cls(provision=seconds, authorize=seconds, deprovision=seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """What can be set. The defaults are the likeliest answers.

    Attributes:
        provisioning_errors: Share of GETs of a provisioning endpoint that answer 500, which herokux found to
            happen at times (commit 51bdd4f). 0 is never, 1 always.
        dates: How the Data API writes times; since 2025 probably with a space.
        uuid_in_path: Whether the Data API takes an add-on's UUID as well as its name. Sources disagree.
        created: Status of a rule that was added; unrecorded, like the endpoint's.
        deleted: Status of a rule that was removed; unrecorded, like the endpoint's. 204 has no body.
        full: Status at the 61st rule; unrecorded.
        off: Status of adding a rule while mTLS is not operational; refused, with a status nobody recorded.
        enabled_already: Status of enabling mTLS again; unrecorded.
        unsupported: Status of enabling mTLS on a plan without it; unrecorded.
        duplicates: What happens to a CIDR that is there already; unrecorded.
        readd_error_seconds: For how long after its removal a CIDR cannot be added again but answers 500;
            herokux warns of it and nobody measured it. 0 is never.
        pool: Request tokens of the account, full.
        refill: Request tokens that come back each minute.
        data_api_counts: Whether calls of the Data API take request tokens too; unrecorded.
    """

    provisioning_errors: float = 0.3
    dates: Dates = "offset"
    uuid_in_path: bool = False
    created: int = 201
    deleted: int = 202
    full: int = 422
    off: int = 404
    enabled_already: int = 422
    unsupported: int = 422
    duplicates: Literal["allow", "refuse"] = "allow"
    readd_error_seconds: float = 0.0
    pool: int = 4500
    refill: float = 75.0
    data_api_counts: bool = True
