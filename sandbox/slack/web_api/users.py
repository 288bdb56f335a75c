"""``auth.test``, ``users.*``, ``usergroups.*``, ``team.info`` and ``apps.connections.open``.

Facts: Slack developer documentation, these methods, pagination and Socket Mode, 2026-11.
"""

from urllib.parse import urlencode

from sandbox.slack.model import json_shapes
from sandbox.slack.model.fixtures import UserGroup
from sandbox.slack.validation.checks import Json
from sandbox.slack.web_api.call import Call, page
from sandbox.slack.web_api.errors import Refused

USERS_PAGE_MOST = 1000
UNLIMITED_MOST = 10_000  # people that are listed without a limit: "limit_required", unquantified


def auth_test(call: Call) -> Json:
    """Answer auth.test."""
    world = call.workspace.world
    return {
        "url": f"https://{world.team_domain}.slack.com/",
        "team": world.team_name,
        "user": world.people[world.bot].name,
        "team_id": world.team_id,
        "user_id": world.bot,
        "bot_id": world.bot_id,
        "is_enterprise_install": False,
    }


def connections_open(call: Call) -> Json:
    """Answer apps.connections.open: a URL for one connection."""
    ticket = {"ticket": call.rights.ticket(now=call.now), "app_id": call.workspace.world.app_id}
    return {"url": f"{call.base_url.rstrip('/').replace('http', 'ws', 1)}/link/?{urlencode(ticket)}"}


def users_info(call: Call) -> Json:
    """Answer users.info."""
    return {"user": call.person("user").user(now=call.now, with_locale=call.flag("include_locale"))}


def users_list(call: Call) -> Json:
    """Answer users.list; deactivated people are in it, and Slackbot, and bots."""
    limit = call.number("limit", 0)
    if limit > USERS_PAGE_MOST:
        raise Refused("invalid_limit")
    everybody = tuple(call.workspace.world.people.values())
    if not limit and len(everybody) > UNLIMITED_MOST:
        raise Refused("limit_required")
    part, following = page(everybody, call, key=lambda one: one.id, limit=limit)
    return {
        "members": [one.user(now=call.now, with_locale=call.flag("include_locale")) for one in part],
        "cache_ts": int(call.now.timestamp()),
        "response_metadata": {"next_cursor": following},
    }


def usergroups_list(call: Call) -> Json:
    """Answer usergroups.list."""
    groups = call.workspace.world.groups.values()
    shown = [group for group in groups if call.flag("include_disabled") or not group.disabled]
    return {"usergroups": [_group(call, group) for group in shown]}


def usergroups_users_list(call: Call) -> Json:
    """Answer usergroups.users.list; a disabled group is as unknown as one that never was."""
    group = call.workspace.world.groups.get(call.required("usergroup"))
    if group is None or (group.disabled and not call.flag("include_disabled")):
        raise Refused("no_such_subteam")
    return {"users": list(group.users)}  # in full, also where a list of groups names fewer


def team_info(call: Call) -> Json:
    """Answer team.info."""
    world = call.workspace.world
    if call.optional("team") not in (None, world.team_id):
        raise Refused("team_not_found")
    address = f"https://{world.team_domain}.slack.com/"
    names = {"id": world.team_id, "name": world.team_name, "domain": world.team_domain}
    return {"team": {**names, "url": address, "email_domain": "", "is_verified": False}}


def _group(call: Call, group: UserGroup) -> Json:
    users, count = call.flag("include_users"), call.flag("include_count")
    shape = json_shapes.user_group(call.workspace.world, group, users=users, count=count)
    if users:
        shape["users"] = shape["users"][: call.behavior.listed_members_most]
    return shape
