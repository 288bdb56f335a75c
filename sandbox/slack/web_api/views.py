"""The ``views.*`` methods, and a person's stack of modals.

Facts: Slack developer documentation, modals and views.open, .push, .update and .publish, 2026-11.
"""

from datetime import datetime

from sandbox.slack.model import json_shapes
from sandbox.slack.model.workspace import VIEWS_STACKED_MOST, View, Workspace
from sandbox.slack.validation.blocks import validate_view
from sandbox.slack.validation.checks import Json
from sandbox.slack.web_api.call import Call
from sandbox.slack.web_api.errors import Refused


def open_view(call: Call) -> Json:
    """Answer views.open: the trigger's person sees the modal, in place of any other of the bot's.

    An ``external_id`` is taken while any view has it, also one that this modal would replace (public tracker
    of Slack's API specifications, 2021: "duplicate_external_id unavoidable if modal not explicitly closed").
    """
    content = _content(call, "modal")
    call.workspace.require_unused(content.get("external_id"))
    trigger = call.rights.exchange(call.required("trigger_id"), now=call.now)
    opened = call.workspace.new_view(trigger.person, content, now=call.now)
    call.workspace.stacks[trigger.person] = [opened]
    call.workspace.touch()
    return {"view": json_shapes.view(call.workspace, opened)}


def push_view(call: Call) -> Json:
    """Answer views.push: the modal goes on top of the one that the trigger came from."""
    content = _content(call, "modal")
    call.workspace.require_unused(content.get("external_id"))
    trigger = call.rights.exchange(call.required("trigger_id"), now=call.now)
    stack = call.workspace.stacks.get(trigger.person, [])
    if trigger.view is None or trigger.view not in [one.id for one in stack]:
        raise Refused("not_found")
    return {
        "view": json_shapes.view(call.workspace, pushed(call.workspace, stack[-1], content, now=call.now))
    }


def update_view(call: Call) -> Json:
    """Answer views.update, by view_id or external_id, with hash as a guard against another change."""
    view = call.workspace.view(call.optional("view_id") or call.required("external_id"))
    content = _content(call, view.content["type"])
    call.workspace.require_unused(content.get("external_id"), by=view)
    _guard(call, view)
    view.show({**content, "blocks": call.workspace.with_ids(content["blocks"])}, now=call.now)
    call.workspace.touch()
    return {"view": json_shapes.view(call.workspace, view)}


def publish_view(call: Call) -> Json:
    """Answer views.publish: a person's home tab."""
    content, person = _content(call, "home"), call.person("user_id")
    home = call.workspace.homes.get(person.id)
    call.workspace.require_unused(content.get("external_id"), by=home)
    if home is None:
        home = call.workspace.new_view(person.id, content, now=call.now)
        call.workspace.homes[person.id] = home
    else:
        _guard(call, home)
        home.show({**content, "blocks": call.workspace.with_ids(content["blocks"])}, now=call.now)
    call.workspace.touch()
    return {"view": json_shapes.view(call.workspace, home)}


def pushed(workspace: Workspace, below: View, content: Json, *, now: datetime) -> View:
    """Put a modal on top of `below` and return it; raises `Refused` ``push_limit_reached``."""
    stack = workspace.stacks[below.owner]
    if len(stack) >= VIEWS_STACKED_MOST:
        raise Refused("push_limit_reached")
    view = workspace.new_view(below.owner, content, now=now, below=below)
    stack.append(view)
    workspace.touch()
    return view


def _content(call: Call, kind: str) -> Json:
    content = call.structure("view")
    if content is None:
        raise Refused.arguments("missing required field: view", "view")
    if problems := validate_view(content):
        raise Refused.because(problems)
    if content["type"] != kind:
        raise Refused.arguments(f"must be a {kind}", "view/type")
    known: Json = content
    return known


def _guard(call: Call, view: View) -> None:
    given = call.optional("hash")
    if given is not None and given != view.hash:
        raise Refused("hash_conflict")
