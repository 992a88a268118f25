"""What is told when a licence ends (注销、撤销、撤回、吊销决定书): four documents apart by law."""

from typing import Final

from case_service.documents.phrases import ADDRESS, REMEDIES_OTHER, Title, Wording, Words

__all__ = ["CANCELLATION", "RESCISSION", "REVOCATION", "WITHDRAWAL"]

_REASON: Final = Words("理由：{reason}", "Reason: {reason}")
_BASIS: Final = Words("依据：{law}。", "Legal basis: {english_law}.")
_YOURS_ZH: Final = "您的“{matter_name}”（证照编号{licence_number}）"
_YOURS_EN: Final = "Your “{matter_english_name}” (licence number {licence_number})"

CANCELLATION = Wording(
    letters="ZX",
    titles=(Title("注销决定书", "Decision to cancel"),),
    lines=(
        ADDRESS,
        Words(
            f"{_YOURS_ZH}自{{effective_on}}起注销。",
            f"{_YOURS_EN} is cancelled from {{effective_on}}.",
        ),
        _REASON,
        _BASIS,
        REMEDIES_OTHER,
    ),
)

RESCISSION = Wording(
    letters="CX",
    titles=(Title("撤销决定书", "Decision to rescind"),),
    lines=(
        ADDRESS,
        Words(
            f"{_YOURS_ZH}予以撤销，自始无效。",
            f"{_YOURS_EN} is rescinded: it is void from the beginning.",
        ),
        _REASON,
        _BASIS,
        REMEDIES_OTHER,
    ),
)

WITHDRAWAL = Wording(
    letters="CH",
    titles=(Title("撤回决定书", "Decision to withdraw"),),
    lines=(
        ADDRESS,
        Words(
            f"为了公共利益的需要，{_YOURS_ZH}自{{effective_on}}起撤回。",
            f"In the public interest: {_YOURS_EN} is withdrawn from {{effective_on}}.",
        ),
        _REASON,
        Words("补偿：{compensation}", "Compensation: {compensation}"),
        _BASIS,
        REMEDIES_OTHER,
    ),
)

REVOCATION = Wording(
    letters="DX",
    titles=(Title("吊销决定书", "Decision to revoke"),),
    lines=(
        ADDRESS,
        Words(
            f"{_YOURS_ZH}自{{effective_on}}起吊销。",
            f"{_YOURS_EN} is revoked from {{effective_on}}.",
        ),
        _REASON,
        _BASIS,
        REMEDIES_OTHER,
    ),
)
