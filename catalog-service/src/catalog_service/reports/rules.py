"""What is reported upward, and how what arrived differs from what should be there. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Gap", "GapKind", "Report", "claim_key", "digest_of", "gaps", "matter_key"]


@dataclass(frozen=True)
class Report:
    """上报内容: the newest state of one thing."""

    key: str
    sequence: int
    body: Mapping[str, Any]

    @property
    def digest(self) -> str:
        return digest_of(self.body)


def digest_of(body: Mapping[str, Any]) -> str:
    """Return what two equal bodies have in common."""
    canonical = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def matter_key(code: str, version: int) -> str:
    """Return the key under which a version of a matter is reported."""
    return f"matter-{code}-{version}"


def claim_key(basic_code: str) -> str:
    """Return the key under which a claim is reported."""
    return f"claim-{basic_code}"


class GapKind(StrEnum):
    """对账差异."""

    MISSING = "missing"  # 未上报
    OUTDATED = "outdated"  # 内容不一致
    UNEXPECTED = "unexpected"  # 多报


@dataclass(frozen=True)
class Gap:
    """One difference between what should have been reported and what is there."""

    key: str
    kind: GapKind


def gaps(due: Mapping[str, str], held: Mapping[str, str]) -> Sequence[Gap]:
    """Return the differences between two lists of digests by key, by key."""
    found = []
    for key in sorted({*due, *held}):
        if key not in held:
            found.append(Gap(key, GapKind.MISSING))
        elif key not in due:
            found.append(Gap(key, GapKind.UNEXPECTED))
        elif due[key] != held[key]:
            found.append(Gap(key, GapKind.OUTDATED))
    return found
