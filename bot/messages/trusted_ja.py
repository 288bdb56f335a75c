"""What pgaccess says about trusted IP ranges, in Japanese."""

from collections.abc import Mapping
from typing import Final

JAPANESE: Final[Mapping[str, str]] = {}
