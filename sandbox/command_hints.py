"""What the page's composer hints at while one types: the bot's own commands, in the bot's own words.

Slack itself shows one usage hint per command (Slack developer documentation, slash commands, 2026-11); that
one comes with the command. These go further, for whoever meets the bot on the demo's page.
"""

import html
from typing import Any, Final

from bot.i18n.translator import Translator
from handlers.parsing.command_table import COMMAND, COMMANDS

_LANGUAGES: Final = ("en", "ja")


def usage() -> list[dict[str, Any]]:
    """Returns a hint for every command.

    Returns:
        Its ``line``, an ``example``, and ``says``: by language, in which ``form`` it is typed and what it is
        ``about``, which is empty where the bot's help has no words for it.
    """
    return [
        {
            "line": " ".join((COMMAND, *path)),
            "example": command.example,
            "says": {language: _said(path, Translator(language)) for language in _LANGUAGES},
        }
        for path, command in COMMANDS.items()
    ]


def _said(path: tuple[str, ...], t: Translator) -> dict[str, str]:
    """A command's line of the bot's help: its form in code, then what it is about, in Slack's entities."""
    key = ".".join(("help", *path))
    said = html.unescape(t(key)) if key in t else ""
    form, _, about = said.strip().removeprefix("`").partition("`")
    return {"form": form or COMMANDS[path].example, "about": about.strip()}
