"""Catalog: regions, the Postgres service and its plans.

Facts: Heroku Dev Center, private-spaces, 2024-10: the regions of Private Spaces; the Platform API's
hyper-schema (heroku/platform-api, 2026-02) for the fields. The names of plans and regions tell the rest:
prices and descriptions are left out, because no client here reads them.
"""

from collections.abc import Mapping
from typing import Final

from sandbox.heroku.api import json_shapes
from sandbox.heroku.http_types import Json, missing
from sandbox.heroku.model.resources import LONG_AGO

REGIONS: Final[Mapping[str, str]] = {
    "us": "us-east-1",
    "eu": "eu-west-1",
    "dublin": "eu-west-1",
    "frankfurt": "eu-central-1",
    "london": "eu-west-2",
    "montreal": "ca-central-1",
    "mumbai": "ap-south-1",
    "oregon": "us-west-2",
    "singapore": "ap-southeast-1",
    "sydney": "ap-southeast-2",
    "tokyo": "ap-northeast-1",
    "virginia": "us-east-1",
}
"""AWS region of each Heroku region."""

COMMON: Final = ("us", "eu")
"""The regions of the Common Runtime, which has no spaces."""

SERVICE: Final = "heroku-postgresql"

_KINDS: Final = ("standard", "premium", "private", "shield")
_SIZES: Final = range(10)
PLANS: Final = tuple(f"{SERVICE}:{kind}-{size}" for kind in _KINDS for size in _SIZES)
"""Names of plans: a kind and a size (official CLI, 11.9.0: ``private-4``, ``shield-0``)."""


def regions() -> list[Json]:
    """Return all regions."""
    return [region(name) for name in REGIONS]


def region(key: str) -> Json:
    """Return a region by name or id; raises `Refused` ``not_found``."""
    name = _by_name_or_id("region", key, REGIONS)
    return {
        **json_shapes.named("region", name),
        "private_capable": name not in COMMON,
        "provider": {"name": "amazon-web-services", "region": REGIONS[name]},
        "description": name.capitalize(),
        "created_at": json_shapes.platform_time(LONG_AGO),
        "updated_at": json_shapes.platform_time(LONG_AGO),
    }


def service(key: str) -> Json:
    """Return an add-on service by name or id; raises `Refused` ``not_found``."""
    return service_named(_by_name_or_id("addon_service", key, (SERVICE,)))


def service_named(name: str) -> Json:
    """Return an add-on service, whether in the catalog or not."""
    return {
        **json_shapes.named("addon_service", name),
        "human_name": "Heroku Postgres" if name == SERVICE else name,
        "state": "ga",
        "supports_multiple_installations": True,
        "supports_sharing": True,
        "created_at": json_shapes.platform_time(LONG_AGO),
        "updated_at": json_shapes.platform_time(LONG_AGO),
    }


def plans() -> list[Json]:
    """Return all plans of the Postgres service."""
    return [plan(name) for name in PLANS]


def plan(key: str) -> Json:
    """Return a plan by name or id; raises `Refused` ``not_found``."""
    return plan_named(_by_name_or_id("plan", key, PLANS))


def plan_named(name: str) -> Json:
    """Return a plan, whether in the catalog or not.

    Private and Shield plans live in a space and the others outside; what complies with HIPAA and PCI is
    Shield.
    """
    service, _, words = name.partition(":")
    kind, _, size = words.partition("-")
    inside, shield = "private" in words or "shield" in words, "shield" in words
    return {
        **json_shapes.named("plan", name),
        "addon_service": json_shapes.named("addon_service", service),
        "human_name": f"{kind.capitalize()} {size}",
        "state": "ga",
        "installable_inside_private_network": inside,
        "installable_outside_private_network": not inside,
        "space_default": name == f"{SERVICE}:private-0",
        "compliance": ["HIPAA", "PCI"] if shield else None,
        "created_at": json_shapes.platform_time(LONG_AGO),
        "updated_at": json_shapes.platform_time(LONG_AGO),
    }


def _by_name_or_id(kind: str, key: str, names: Mapping[str, str] | tuple[str, ...]) -> str:
    for name in names:
        if key in json_shapes.named(kind, name).values():
            return name
    raise missing(kind.replace("_", "-"))
