"""What a look can have seen: one kind of value for each method."""

from bot.domain.mtls.observation import MtlsObservation
from bot.domain.privatelink.observation import PrivateLinkObservation
from bot.domain.trusted_ips.ruleset import RulesetObservation

Observation = MtlsObservation | PrivateLinkObservation | RulesetObservation
"""The last look of a lane: IP rules and certificates of mTLS, accounts of PrivateLink, or a space's list."""


def mtls_observation(observation: Observation | None) -> MtlsObservation | None:
    """A look at a database's IP rules; raises ``TypeError`` where it is one at something else."""
    if observation is not None and not isinstance(observation, MtlsObservation):
        raise TypeError(f"{observation!r} is no look at IP rules")
    return observation


def privatelink_observation(observation: Observation | None) -> PrivateLinkObservation | None:
    """A look at a database's PrivateLink; raises ``TypeError`` where it is one at something else."""
    if observation is not None and not isinstance(observation, PrivateLinkObservation):
        raise TypeError(f"{observation!r} is no look at PrivateLink")
    return observation


def ruleset_observation(observation: Observation | None) -> RulesetObservation | None:
    """A look at a space's trusted ranges; raises ``TypeError`` where it is one at something else."""
    if observation is not None and not isinstance(observation, RulesetObservation):
        raise TypeError(f"{observation!r} is no look at trusted ranges")
    return observation
