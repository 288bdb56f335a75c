"""What pgaccess says about PrivateLink, in Japanese."""

from collections.abc import Mapping
from typing import Final

JAPANESE: Final[Mapping[str, str]] = {}
