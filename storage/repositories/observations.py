"""Serialises observations: JSON, one form for each method."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from bot.domain.drift import Drift
from bot.domain.method import Method
from bot.domain.mtls.certificate import Certificate
from bot.domain.mtls.observation import IpRule, MtlsObservation, read_network
from bot.domain.observation import Observation
from bot.domain.privatelink.observation import AllowedAccount, Connection, PrivateLinkObservation
from bot.domain.trusted_ips.ruleset import Ruleset, RulesetObservation, RulesetRule


def observation_of(row: Mapping[Any, Any]) -> Observation | None:
    """Reads the last observation from a row of ``reconcile_queue``, whose method tells its form."""
    stored = row["observation"]
    return None if stored is None else _READERS[row["method"]](stored, row["observed_at"])


def observation_json(observation: Observation) -> dict[str, Any]:
    """Returns an observation as it is stored."""
    match observation:
        case PrivateLinkObservation():
            return _privatelink_json(observation)
        case RulesetObservation():
            return _ruleset_json(observation)
    return _mtls_json(observation)


def _read_mtls(stored: Mapping[str, Any], at: datetime) -> MtlsObservation:
    rules = tuple(
        IpRule(
            id=UUID(rule["id"]),
            network=read_network(rule["cidr"]),
            status=rule["status"],
            description=rule["text"],
        )
        for rule in stored["rules"]
    )
    return MtlsObservation(
        at=at,
        enabled=stored["enabled"],
        rules=rules,
        ours=frozenset(UUID(id) for id in stored["ours"]),
        certificates=tuple(_certificate(each) for each in stored.get("certificates", ())),
        certificates_at=_moment(stored.get("certificates_at")),
        drift=_drift(stored),
    )


def _certificate(stored: Mapping[str, Any]) -> Certificate:
    return Certificate(
        id=UUID(stored["id"]),
        name=stored["name"],
        status=stored["status"],
        expires_at=_moment(stored["expires_at"]),
    )


def _moment(stored: str | None) -> datetime | None:
    return None if stored is None else datetime.fromisoformat(stored)


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _mtls_json(observation: MtlsObservation) -> dict[str, Any]:
    """Observations from before certificates were read lack the last two."""
    rules = [
        {"id": str(r.id), "cidr": str(r.network), "status": r.status, "text": r.description}
        for r in observation.rules
    ]
    return {
        "enabled": observation.enabled,
        "rules": rules,
        "ours": sorted(str(id) for id in observation.ours),
        "certificates": [
            {"id": str(c.id), "name": c.name, "status": c.status, "expires_at": _written(c.expires_at)}
            for c in observation.certificates
        ],
        "certificates_at": _written(observation.certificates_at),
        "drift": _drift_json(observation.drift),
    }


def _read_privatelink(stored: Mapping[str, Any], at: datetime) -> PrivateLinkObservation:
    return PrivateLinkObservation(
        at=at,
        status=stored["status"],
        service=stored["service"],
        accounts=tuple(AllowedAccount(**each) for each in stored["accounts"]),
        connections=tuple(Connection(**each) for each in stored["connections"]),
        ours=frozenset(stored["ours"]),
        config_vars=tuple(stored["config_vars"]),
        # Observations from before these two were stored lack them.
        vars_tries=stored.get("vars_tries", 0),
        vars_read_at=_moment(stored.get("vars_read_at")),
        drift=_drift(stored),
    )


def _privatelink_json(observation: PrivateLinkObservation) -> dict[str, Any]:
    return {
        "status": observation.status,
        "service": observation.service,
        "accounts": [asdict(account) for account in observation.accounts],
        "connections": [asdict(connection) for connection in observation.connections],
        "ours": sorted(observation.ours),
        "config_vars": list(observation.config_vars),
        "vars_tries": observation.vars_tries,
        "vars_read_at": _written(observation.vars_read_at),
        "drift": _drift_json(observation.drift),
    }


def _read_ruleset(stored: Mapping[str, Any], at: datetime) -> RulesetObservation:
    ruleset = Ruleset(
        id=UUID(stored["id"]),
        rules=tuple(RulesetRule(action, source) for action, source in stored["rules"]),
        applied=stored["applied"],
        by=stored["by"],
    )
    return RulesetObservation(at=at, ruleset=ruleset, ours=frozenset(stored["ours"]), drift=_drift(stored))


def _ruleset_json(observation: RulesetObservation) -> dict[str, Any]:
    ruleset = observation.ruleset
    return {
        "id": str(ruleset.id),
        "rules": [[rule.action, rule.source] for rule in ruleset.rules],
        "applied": ruleset.applied,
        "by": ruleset.by,
        "ours": sorted(observation.ours),
        "drift": _drift_json(observation.drift),
    }


def _drift(stored: Mapping[str, Any]) -> Drift:
    """Reads what an observation found; one from before drift was stored found nothing."""
    # By the fields of the class: an older row has no entry for a kind of drift that was added since.
    found = stored.get("drift", {})
    return Drift(**{each.name: frozenset(found.get(each.name, ())) for each in fields(Drift)})


def _drift_json(drift: Drift) -> dict[str, list[str]]:
    """Only what there is, and mostly that is nothing."""
    return {name: sorted(entries) for name, entries in asdict(drift).items() if entries}


_READERS: Final[Mapping[Method, Callable[[Mapping[str, Any], datetime], Observation]]] = {
    Method.MTLS: _read_mtls,
    Method.PRIVATELINK: _read_privatelink,
    Method.TRUSTED: _read_ruleset,
}
