"""What a look saw, as it is kept: JSON, one form for each method."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from bot.domain.certificate import Certificate
from bot.domain.target import Look, Rule, read_network


def look_of(row: Mapping[Any, Any]) -> Look | None:
    """Reads the last look from a row of ``lanes``."""
    kept = row["look"]
    if kept is None:
        return None
    rules = tuple(
        Rule(
            id=UUID(rule["id"]),
            network=read_network(rule["cidr"]),
            status=rule["status"],
            description=rule["text"],
        )
        for rule in kept["rules"]
    )
    return Look(
        at=row["looked_at"],
        enabled=kept["enabled"],
        rules=rules,
        ours=frozenset(UUID(id) for id in kept["ours"]),
        certificates=tuple(_certificate(each) for each in kept.get("certificates", ())),
        certificates_at=_moment(kept.get("certificates_at")),
    )


def _certificate(kept: Mapping[str, Any]) -> Certificate:
    return Certificate(name=kept["name"], status=kept["status"], expires_at=_moment(kept["expires_at"]))


def _moment(kept: str | None) -> datetime | None:
    return None if kept is None else datetime.fromisoformat(kept)


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def look_json(look: Look) -> dict[str, Any]:
    """A look as it is kept. Those from before certificates were read lack the last two."""
    rules = [
        {"id": str(r.id), "cidr": str(r.network), "status": r.status, "text": r.description}
        for r in look.rules
    ]
    return {
        "enabled": look.enabled,
        "rules": rules,
        "ours": sorted(str(id) for id in look.ours),
        "certificates": [
            {"name": c.name, "status": c.status, "expires_at": _written(c.expires_at)}
            for c in look.certificates
        ],
        "certificates_at": _written(look.certificates_at),
    }
