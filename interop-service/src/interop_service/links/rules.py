"""How long a closed line stays closed, and which keys soon end. Pure."""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

__all__ = ["WARNED_BEFORE", "ending_keys", "seconds_until"]

WARNED_BEFORE: Final = timedelta(days=30)
"""How long before its end a key is warned of: two districts need days to agree on a new one."""


def seconds_until(end: datetime, *, at: datetime) -> int:
    """Return the whole seconds to wait, at least one (RFC 9110, Retry-After)."""
    return max(1, math.ceil((end - at).total_seconds()))


def ending_keys(jwks: Iterable[Mapping[str, Any]], *, at: datetime) -> dict[str, datetime]:
    """Return the keys that end within `WARNED_BEFORE`, or ended already, by id, with their end."""
    ends = {
        str(jwk["kid"]): datetime.fromtimestamp(jwk["exp"], UTC)
        for jwk in jwks
        if isinstance(jwk.get("exp"), int)
    }
    return {key_id: end for key_id, end in ends.items() if end <= at + WARNED_BEFORE}
