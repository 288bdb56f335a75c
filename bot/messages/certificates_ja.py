"""What pgaccess says about certificates and mTLS as a whole, in Japanese."""

from collections.abc import Mapping
from typing import Final

JAPANESE: Final[Mapping[str, str]] = {}
