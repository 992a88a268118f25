"""How an account wants to be told (偏好设置)."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.notices.languages import Language
from case_service.people import store
from case_service.people.schemas import PreferenceRead

__all__ = ["change", "language_of", "read"]


async def language_of(session: AsyncSession, subject: str | None) -> Language | None:
    """Return the language that an account chose; None where it chose none."""
    if subject is None:
        return None
    found = await store.find_preference(session, subject)
    return found.language if found is not None else None


async def read(session: AsyncSession, subject: str) -> PreferenceRead:
    """Return an account's preferences; Chinese until it says otherwise."""
    return PreferenceRead(language=await language_of(session, subject) or Language.CHINESE)


async def change(
    session: AsyncSession, subject: str, language: Language, *, at: datetime
) -> PreferenceRead:
    """Keep an account's preferences."""
    await store.keep_preference(session, subject, language=language, at=at)
    return PreferenceRead(language=language)
