"""What an observation can show: one kind of value for each method."""

from bot.domain.mtls.observation import MtlsObservation
from bot.domain.privatelink.observation import PrivateLinkObservation
from bot.domain.trusted_ips.ruleset import RulesetObservation

Observation = MtlsObservation | PrivateLinkObservation | RulesetObservation
"""IP rules and certificates of mTLS, accounts of PrivateLink, or a space's list."""


def mtls_observation(observation: Observation | None) -> MtlsObservation | None:
    """Narrows to an observation of mTLS; raises ``TypeError`` where it is of another method."""
    if observation is not None and not isinstance(observation, MtlsObservation):
        raise TypeError(f"{observation!r} is no observation of mTLS")
    return observation


def privatelink_observation(observation: Observation | None) -> PrivateLinkObservation | None:
    """Narrows to an observation of PrivateLink; raises ``TypeError`` where it is of another method."""
    if observation is not None and not isinstance(observation, PrivateLinkObservation):
        raise TypeError(f"{observation!r} is no observation of PrivateLink")
    return observation


def ruleset_observation(observation: Observation | None) -> RulesetObservation | None:
    """Narrows to an observation of trusted ranges; raises ``TypeError`` where it is of another method."""
    if observation is not None and not isinstance(observation, RulesetObservation):
        raise TypeError(f"{observation!r} is no observation of trusted ranges")
    return observation
