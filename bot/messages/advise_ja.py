"""What pgaccess says about advice on which way in to take, in Japanese."""

from collections.abc import Mapping
from typing import Final

JAPANESE: Final[Mapping[str, str]] = {}
