"""Completion hints of the page's composer: the bot's commands with their help texts.

Slack itself shows one usage hint for each slash command (Slack developer documentation, slash commands,
2026-11). The page shows more, for people who meet the bot there for the first time.
"""

import html
from typing import Any, Final

from bot.i18n.translator import Translator
from handlers.parsing.command_table import COMMAND, COMMANDS

_LANGUAGES: Final = ("en", "ja")


def usage() -> list[dict[str, Any]]:
    """Return a hint for every command.

    Returns:
        Its ``line``, an ``example``, and ``help`` by language: the ``form`` in which it is typed and what it
        is ``about``, which is empty where the bot's help has no text for it.
    """
    return [
        {
            "line": " ".join((COMMAND, *path)),
            "example": command.example,
            "help": {language: _help(path, Translator(language)) for language in _LANGUAGES},
        }
        for path, command in COMMANDS.items()
    ]


def _help(path: tuple[str, ...], t: Translator) -> dict[str, str]:
    """Split a command's line of the bot's help into its form, which is in code, and what it is about."""
    key = ".".join(("help", *path))
    line = html.unescape(t(key)) if key in t else ""
    form, _, about = line.strip().removeprefix("`").partition("`")
    return {"form": form or COMMANDS[path].example, "about": about.strip()}
