"""Use cases of the search: what words mean, what is in demand, what to suggest."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.matters.search import letters
from catalog_service.search import rules, store
from tongban import audit
from tongban.etags import require_match

__all__ = ["count_cases", "demand", "meanings", "replace_synonyms", "suggest", "synonyms"]

MOST_SUGGESTED = 10
Meanings = Sequence[tuple[str, Sequence[str]]]


async def meanings(session: AsyncSession, keys: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Return what each of `keys` that the table knows means."""
    found = await store.synonyms_of(session, keys) if keys else []
    return rules.merged([(key, word, means) for key, word, means in found])


async def synonyms(session: AsyncSession) -> tuple[Sequence[Row[str, list[str]]], int]:
    """Return the whole table and its version."""
    return await store.all_synonyms(session), await store.table_version(session)


async def replace_synonyms(
    session: AsyncSession, given: Meanings, *, actor: str, if_match: str | None
) -> int:
    """Write the whole table anew and return its version.

    Raises:
        StaleVersion: 412.
    """
    version = await store.lock_table(session)
    require_match(version, if_match)
    rows = [
        {"key": key, "word": word, "means": [*means]}
        for word, means in given
        for key in dict.fromkeys(rules.keys_of_word(word))
    ]
    await store.replace_synonyms(session, rows)
    audit.note(
        session,
        actor=actor,
        action="replace_synonyms",
        subject="synonyms",
        payload={"version": version + 1, "words": len(given)},
    )
    await session.flush()
    return version + 1


async def count_cases(session: AsyncSession, asked: Iterable[rules.Asked]) -> None:
    """Note that cases were submitted of these matters."""
    counted = rules.counted(asked)
    if counted:
        await store.add_demand(session, counted)


async def demand(session: AsyncSession, *, district: str) -> Mapping[str, float]:
    """Return the fading count of cases of each of our matters, as it stands now."""
    return await store.demand(session, district=district)


async def suggest(
    session: AsyncSession, query: str, *, district: str
) -> Sequence[Row[str, str, str]]:
    """Return the matters whose names, sounds or initials go on as `query` begins."""
    key = letters(query)
    if not key:
        return []
    return await store.suggestions(session, key, district=district, limit=MOST_SUGGESTED)
