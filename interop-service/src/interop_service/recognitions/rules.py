"""Whether another district's document counts here as our own (等效互认). Pure."""

from collections.abc import Collection
from enum import StrEnum

__all__ = ["DocumentKind", "Objection", "RecognitionState", "objections", "state_of"]


class RecognitionState(StrEnum):
    """Whether it counts."""

    RECOGNISED = "recognised"  # 已互认
    REFUSED = "refused"  # 不予互认


class DocumentKind(StrEnum):
    """What was issued."""

    NOTICE = "notice"  # 结果通知书
    LICENCE = "licence"  # 许可证照
    CERTIFICATE = "certificate"  # 证明


class Objection(StrEnum):
    """Why it does not count."""

    MALFORMED = "malformed"  # 内容不完整
    NO_SEAL = "no_seal"  # 无电子印章
    UNKNOWN_SEAL = "unknown_seal"  # 印章未登记
    SEAL_BROKEN = "seal_broken"  # 验章不通过
    OTHER_ISSUER = "other_issuer"  # 签发区不符
    NOT_AGREED = "not_agreed"  # 协议未列入互认


def objections(
    *,
    kind: DocumentKind,
    issuer: str,
    owner: str,
    agreed_kinds: Collection[str],
    seal_fault: Objection | None,
) -> tuple[Objection, ...]:
    """Return every reason against recognising a document; none means that it counts."""
    found = []
    if seal_fault is not None:
        found.append(seal_fault)
    if issuer != owner:
        found.append(Objection.OTHER_ISSUER)
    if kind not in agreed_kinds:
        found.append(Objection.NOT_AGREED)
    return tuple(found)


def state_of(found: Collection[Objection]) -> RecognitionState:
    """Recognised only where nothing speaks against it."""
    return RecognitionState.REFUSED if found else RecognitionState.RECOGNISED
