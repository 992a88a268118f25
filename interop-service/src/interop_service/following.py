"""What follows where a letter was taken, or never will be: by what it is about."""

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.letters.rules import LetterKind
from interop_service.letters.sending import Follow
from interop_service.letters.tables import Letter
from interop_service.once_only import service as once_only
from interop_service.reliances import service as reliances
from interop_service.verifications import service as verifications
from tongban.context import Context

__all__ = ["follow_letter"]

_FOLLOWED: Mapping[LetterKind, Follow] = MappingProxyType(
    {
        LetterKind.EVIDENCE_REQUESTED: once_only.follow_letter,
        LetterKind.EVIDENCE_PREVIEWED: once_only.follow_letter,
        LetterKind.EVIDENCE_ACCEPTED: once_only.follow_letter,
        LetterKind.EVIDENCE_REFUSED: once_only.follow_letter,
        LetterKind.EVIDENCE_DELIVERED: once_only.follow_letter,
        LetterKind.EVIDENCE_DENIED: once_only.follow_letter,
        LetterKind.VERIFICATION_ASKED: verifications.follow_letter,
        LetterKind.VERIFICATION_ANSWERED: verifications.follow_letter,
        LetterKind.RELIED_ON: reliances.follow_letter,
        LetterKind.RELIANCE_DISPUTED: reliances.follow_letter,
        LetterKind.RELIANCE_CLEARED: reliances.follow_letter,
        LetterKind.RELIANCE_ENDED: reliances.follow_letter,
        LetterKind.DISPUTE_RAISED: reliances.follow_letter,
        LetterKind.DISPUTE_ANSWERED: reliances.follow_letter,
    }
)


async def follow_letter(session: AsyncSession, context: Context, letter: Letter) -> None:
    """Let whoever wrote a letter go on."""
    await _FOLLOWED[letter.kind](session, context, letter)
