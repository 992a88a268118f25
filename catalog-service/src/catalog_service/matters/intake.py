"""Take over many matters at once (批量导入): each row a new version, a changed draft, or nothing.

Done as it is for one matter, in a fixed number of statements.
"""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.basic_items.service import refusals
from catalog_service.errors import (
    ImportFaulty,
    MatterRetired,
    OverlappingValidity,
    VersionNotDraft,
)
from catalog_service.events import MatterChanged
from catalog_service.matters import bulk, store
from catalog_service.matters.codes import parse_code
from catalog_service.matters.content import MatterContent
from catalog_service.matters.faults import Place, by_pointer
from catalog_service.matters.projection import published_row
from catalog_service.matters.rules import Change, Known, State, change_for, digest_of
from tongban.ids import new_id
from tongban.problems import FieldError, Problem, Text

__all__ = ["Intake", "Row", "plan", "take_over"]


@dataclass(frozen=True)
class Row:
    """What an import does with one matter."""

    content: MatterContent
    digest: str
    known: Known
    change: Change

    @property
    def number(self) -> int:
        """The version that the content becomes."""
        draft = self.known.open
        return draft.version if draft is not None else self.known.last_version + 1

    @property
    def is_new_matter(self) -> bool:
        return self.known.last_version == 0


@dataclass(frozen=True)
class Intake:
    """An import, worked out: nothing is written yet."""

    rows: Sequence[Row]
    publish: bool

    @property
    def changed(self) -> list[Row]:
        return [row for row in self.rows if row.change is not Change.NONE]


async def plan(
    session: AsyncSession,
    contents: Sequence[MatterContent],
    *,
    publish: bool,
    place: Place = by_pointer,
    claiming: Collection[str] = (),
) -> Intake:
    """Work out what an import of `contents` changes; `claiming` are basic codes it brings along.

    Raises:
        ImportFaulty: 422, with each matter that is not claimed, retired, or planned ahead.
    """
    stored = await bulk.known(session, [one.code for one in contents])
    rows = []
    for content in contents:
        digest, known = digest_of(content), stored.get(content.code, Known())
        change = change_for(known, digest, publish=publish)
        rows.append(Row(content, digest, known, change))
    basic_codes = {parse_code(one.code).basic for one in contents}
    refused = await refusals(session, basic_codes - set(claiming))
    faults = [*_faults(rows, refused, place, publish=publish)]
    if faults:
        raise ImportFaulty(errors=faults)
    return Intake(rows, publish=publish)


def _faults(
    rows: Sequence[Row], refused: Mapping[str, Problem], place: Place, *, publish: bool
) -> Iterator[FieldError]:
    for at, row in enumerate(rows):
        problem = refused.get(parse_code(row.content.code).basic)
        if row.change is Change.NONE:
            continue
        if problem is None and row.known.is_retired:
            problem = MatterRetired(code=row.content.code)
        if problem is None and publish and row.known.planned is not None:
            problem = OverlappingValidity(code=row.content.code)
        if problem is None and row.known.submitted and row.change is Change.REWRITE_DRAFT:
            problem = VersionNotDraft(code=row.content.code)
        if problem is not None:
            yield place(at, ("code",), _said(problem), problem.type)


def _said(problem: Problem) -> Text:
    """Say what is wrong, with the basic code where that is what is missing."""
    basic_code = problem.facts.get("basic_code") or problem.facts.get("code")
    return {language: f"{title}: {basic_code}" for language, title in problem.title.items()}


async def take_over(
    session: AsyncSession, intake: Intake, *, importer: str, on: date, district: str
) -> None:
    """Write what `plan` worked out, and tell what was published."""
    changed = intake.changed
    if not changed:
        return
    numbers = {row.content.code: row.number for row in changed}
    superseded = await bulk.supersede(session, numbers, on=on) if intake.publish else ()
    # Hundreds of contents are written out here, and made findable, while others are answered.
    written = await asyncio.to_thread(
        lambda: [_version(row, intake, importer=importer, on=on) for row in changed]
    )
    added = [row for row, one in zip(written, changed, strict=True) if one.known.open is None]
    rewritten = [row for row, one in zip(written, changed, strict=True) if one.known.open]
    if added:
        await bulk.add_versions(session, added)
    if rewritten:
        await bulk.rewrite_drafts(session, rewritten)
    await bulk.move_on(session, numbers)
    if not intake.publish:
        return
    await bulk.put_in_force(session, numbers)
    listed, told = await asyncio.to_thread(
        lambda: (
            [published_row(row.content, number=row.number, district=district) for row in changed],
            [
                *((_published(row, on=on, district=district), 1) for row in changed),
                *((_retired(row, district=district), row["sequence"]) for row in superseded),
            ],
        )
    )
    await store.keep_all_published(session, listed)
    await bulk.tell(session, told)


def _version(row: Row, intake: Intake, *, importer: str, on: date) -> dict[str, Any]:
    return {
        "id": new_id(),
        "code": row.content.code,
        "number": row.number,
        "state": State.PUBLISHED if intake.publish else State.DRAFT,
        "content": row.content.model_dump(mode="json"),
        "digest": row.digest,
        "author": importer,
        "publisher": importer if intake.publish else None,
        "effective_from": on if intake.publish else None,
        "sequence": 1 if intake.publish else 0,
    }


def _published(row: Row, *, on: date, district: str) -> MatterChanged:
    return MatterChanged(
        code=row.content.code,
        version=row.number,
        state="published",
        effective_from=on,
        retired_on=None,
        owner_district=district,
        content=row.content,
    )


def _retired(row: RowMapping, *, district: str) -> MatterChanged:
    return MatterChanged(
        code=row["code"],
        version=row["number"],
        state="retired",
        effective_from=row["effective_from"],
        retired_on=row["retired_on"],
        owner_district=district,
        content=MatterContent.model_validate(row["content"]),
    )
