"""What pgaccess says about certificates and mTLS as a whole, in English."""

from collections.abc import Mapping
from typing import Final

ENGLISH: Final[Mapping[str, str]] = {}
