"""Removes known secrets from text that others wrote, in every form in which they may come back."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote, quote_plus

REDACTED: Final = "[redacted]"
"""What stands in the place of a secret."""

SHORTEST: Final = 8
"""Characters of the shortest secret, and of the shortest form of one, that is looked for. A password of fewer
may be a part of any word."""

LETTERS_ONLY: Final = 16
"""The same for letters alone: ``postgres`` is a password in development, and a word everywhere else."""

_ESCAPE: Final = re.compile("%[0-9A-F]{2}")


class Redactor:
    """Replaces known secrets in text.

    Args:
        secrets: tokens and passwords as they are used; empty ones and too short ones are not looked for.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if _is_distinct(secret) for form in _forms(secret)}
        # The longest first: a form may be a part of another, which would stay behind in part.
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._known = re.compile("|".join(map(_pattern, longest_first))) if forms else None

    def text(self, text: str) -> str:
        """Returns the text with each secret replaced; whole, so that a text is redacted before it is cut."""
        return text if self._known is None else self._known.sub(REDACTED, text)

    def value(self, value: Any) -> Any:
        """Returns a value as JSON has it, or a tuple, with each text in it redacted; others as they are."""
        if self._known is None:
            return value
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.value(key): self.value(inner) for key, inner in value.items()}
            case list() | tuple():
                return [self.value(inner) for inner in value]
        return value


def _is_distinct(secret: str) -> bool:
    return len(secret) >= (LETTERS_ONLY if secret.isalpha() else SHORTEST)


def _pattern(form: str) -> str:
    """The form as a pattern; the digits of a percent escape may be of either case (RFC 3986, 2.1)."""

    def either_case(escape: re.Match[str]) -> str:
        return "".join(f"[{digit}{digit.lower()}]" for digit in escape[0][1:])

    return _ESCAPE.sub(lambda escape: f"%{either_case(escape)}", re.escape(form))


def _forms(secret: str) -> Iterator[str]:
    """The secret itself, percent-encoded, in hexadecimal, escaped in JSON, and as a part of base64 text."""
    yield secret
    for encoded in (quote(secret), quote(secret, safe=""), quote_plus(secret)):
        yield encoded
        # A value that was encoded into a URL that is a value itself.
        yield quote(encoded, safe="")
    # Postgres shows bytes so.
    yield secret.encode().hex()
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret)[1:-1].replace("/", "\\/")
    for data in (secret.encode(), quote(secret, safe="").encode()):
        for part in _base64_parts(data):
            if len(part) >= SHORTEST:
                yield part
                yield part.translate(str.maketrans("+/", "-_"))
                yield quote(part, safe="")


def _base64_parts(data: bytes) -> Iterator[str]:
    """What is the same of some bytes in any base64 text, by how many bytes stand before them."""
    for before in range(3):
        # Characters that are made of bits of the neighbours too are left out at both ends.
        first, last = -(-before * 8 // 6), (before + len(data)) * 8 // 6
        yield base64.b64encode(bytes(before) + data).decode()[first:last]
