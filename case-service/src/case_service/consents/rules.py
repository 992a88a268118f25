"""When a consent holds (个人信息保护法 Art. 13–16): for a purpose, a scope and a time.

Pure: values in, values out.
"""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from case_service.consents.errors import (
    ConsentEvidenceMissing,
    ConsentNotRevocable,
    ConsentOver,
    ConsentRevokedAlready,
)
from tongban.problems import Where

__all__ = ["ConsentWay", "Purpose", "check", "check_revocation", "covers", "holds"]


class Purpose(StrEnum):
    REUSE_MATERIALS = "reuse_materials"  # 复用历史材料
    USE_LICENCES = "use_licences"  # 调用电子证照
    DELIVER_ONLINE = "deliver_online"  # 电子送达
    SHARE_ACROSS_DISTRICTS = "share_across_districts"  # 跨区共享
    CALL_BACK = "call_back"  # 电话回访


class ConsentWay(StrEnum):
    ONLINE = "online"  # 网上确认
    PAPER = "paper"  # 纸质签字
    FINGERPRINT = "fingerprint"  # 指纹确认


class _Timed(Protocol):
    @property
    def expires_at(self) -> datetime | None: ...
    @property
    def revoked_at(self) -> datetime | None: ...


_EVIDENCE = {
    "zh-CN": "纸质或指纹方式须填写留存凭证编号",
    "en": "given on paper or by fingerprint, name the evidence that is kept",
}
_EXPIRY = {"zh-CN": "有效期须晚于当前时间", "en": "must lie in the future"}


def holds(consent: _Timed, at: datetime) -> bool:
    """Tell whether it was neither revoked nor is over."""
    is_over = consent.expires_at is not None and consent.expires_at <= at
    return consent.revoked_at is None and not is_over


def covers(scope: Collection[str], wanted: str) -> bool:
    """Tell whether a consent's scope reaches `wanted`; one without a scope reaches all."""
    return not scope or wanted in scope


def check(
    *, way: ConsentWay, evidence: str | None, expires_at: datetime | None, at: datetime
) -> None:
    """Refuse a consent that would prove nothing.

    Raises:
        ConsentEvidenceMissing: what was not given online is proven by a paper or a print.
        ConsentOver: it would be over before it began.
    """
    if way is not ConsentWay.ONLINE and evidence is None:
        raise ConsentEvidenceMissing(errors=[Where.pointer("/evidence", _EVIDENCE, "missing")])
    if expires_at is not None and expires_at <= at:
        raise ConsentOver(errors=[Where.pointer("/expires_at", _EXPIRY, "past")])


def check_revocation(*, is_revocable: bool, revoked_at: datetime | None) -> None:
    """Refuse to take back what can't be.

    Raises:
        ConsentNotRevocable: what was done by it can't be undone.
        ConsentRevokedAlready: it was taken back before.
    """
    if revoked_at is not None:
        raise ConsentRevokedAlready(revoked_at=revoked_at)
    if not is_revocable:
        raise ConsentNotRevocable
