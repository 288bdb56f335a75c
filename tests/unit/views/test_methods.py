"""The registry of the access methods, and the table of message kinds."""

from bot.domain.method import Method
from bot.i18n.catalogue import CATALOGUE
from bot.ports import MessageKind
from bot.views.methods import METHOD_VIEWS
from bot.views.render import RENDERERS

NOT_RENDERED = {MessageKind.HOME, MessageKind.UNOWNED}
"""A home tab is a view, and the weekly summary has a renderer without a request."""


def test_every_method_has_a_view() -> None:
    assert set(METHOD_VIEWS) == set(Method)


def test_every_kind_of_message_has_a_renderer_or_is_the_key_of_its_text() -> None:
    operational = set(MessageKind) - RENDERERS.keys() - NOT_RENDERED
    assert operational <= CATALOGUE["en"].keys()


def test_no_two_methods_render_the_same_kind() -> None:
    kinds = [kind for view in METHOD_VIEWS.values() for kind in view.renderers]
    assert len(kinds) == len(set(kinds))
