"""What a material is proven by (材料免提交), and how the virus scan of its bytes stands.

Pure: values in, values out.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, Final, Protocol
from uuid import UUID

from tongban.problems import FieldError, Text, Where

__all__ = [
    "OPEN_UPLOADS",
    "Asked",
    "HeldLicence",
    "MaterialOrigin",
    "ScanState",
    "claims_not_held",
    "proof_of",
    "waived",
]

OPEN_UPLOADS: Final = 20
"""So many unfinished uploads one person may have."""

_NOT_HELD: Text = {
    "zh-CN": "本区证照库中没有申请人可替代此材料的有效证照，请上传文件",
    "en": "the applicant holds no valid licence here that replaces it: upload a file",
}
_CLAIMS: Final = frozenset({"licence", "waived"})


class ScanState(StrEnum):
    NOT_SCANNED = "not_scanned"  # 未查毒
    CLEAN = "clean"  # 未见病毒
    INFECTED = "infected"  # 已感染
    FAILED = "failed"  # 查毒未成


class MaterialOrigin(StrEnum):
    UPLOAD = "upload"  # 上传
    REUSE = "reuse"  # 复用


class Asked(Protocol):
    """A material as its matter asks for it."""

    @property
    def key(self) -> str: ...
    @property
    def waived_by(self) -> tuple[str, ...]: ...


class HeldLicence(Protocol):
    """A valid licence of the applicant's."""

    @property
    def id(self) -> UUID: ...
    @property
    def number(self) -> str: ...
    @property
    def licence_type(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def valid_until(self) -> date | None: ...


def waived(asked: Iterable[Asked], held: Iterable[HeldLicence]) -> dict[str, dict[str, Any]]:
    """Return, by the materials' keys, the licences that make them unnecessary."""
    by_type = {licence.licence_type: licence for licence in held}
    return {
        one.key: proof_of(by_type[kind])
        for one in asked
        for kind in [next((kind for kind in one.waived_by if kind in by_type), None)]
        if kind is not None
    }


def proof_of(licence: HeldLicence) -> dict[str, Any]:
    """Return what a case keeps of a licence that proves one of its materials."""
    return {
        "licence_id": str(licence.id),
        "licence_number": licence.number,
        "licence_type": licence.licence_type,
        "name": licence.name,
        "valid_until": licence.valid_until.isoformat() if licence.valid_until else None,
    }


def claims_not_held(claimed: Mapping[str, str], proofs: Mapping[str, Any]) -> list[FieldError]:
    """Return the claims of a licence that nobody finds in the store, each at its place."""
    return [
        Where.pointer(f"/materials/{place}/evidence", _NOT_HELD, "not_held")
        for place, (key, evidence) in enumerate(claimed.items())
        if evidence in _CLAIMS and key not in proofs
    ]
