"""Use cases of materials (申请材料): take a file in, hand it out on the record."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from case_service.assistance import authorities
from case_service.cases import application, party, steps
from case_service.cases.rules import FINAL
from case_service.cases.schemas import FileRead
from case_service.cases.service import role_of, visible, visible_for_update
from case_service.cases.tables import Case
from case_service.errors import CaseFinished
from case_service.materials import content, keeping, store
from case_service.materials.content import MEGABYTE
from case_service.materials.errors import (
    MaterialInfected,
    MaterialNotFound,
    MaterialTooLarge,
    MaterialUnknown,
)
from case_service.materials.keeping import Inspected, Source
from case_service.materials.rules import MaterialOrigin
from case_service.materials.tables import Material, StoredContent
from case_service.matters.rules import MaterialAsked
from case_service.matters.service import matters_of
from tongban import audit, writes
from tongban.context import Context
from tongban.etags import require_match
from tongban.identity import Caller
from tongban.ids import new_id

__all__ = [
    "ToPack",
    "download",
    "examined",
    "hand_in",
    "inspected",
    "keep",
    "locked_case",
    "material_asked",
    "plain_name",
    "require_size",
    "to_pack",
    "upload",
]

_PIECE_BYTES: Final = 256 * 1024

ToPack = tuple[Material, AsyncIterator[bytes]]
"""A file, and its bytes in pieces."""


async def upload(
    session: AsyncSession,
    context: Context,
    case_id: UUID,
    key: str,
    file: UploadFile,
    *,
    caller: Caller,
    at: datetime,
    if_match: str | None,
) -> tuple[FileRead, int]:
    """Take a file in as the material `key`; return it with the case's new version.

    Raises:
        CaseNotFound, ForeignSite, StaleVersion, CaseFinished, MaterialUnknown, MaterialEmpty,
        MaterialTooLarge, MaterialNotAccepted, MaterialBelied, MaterialInfected
    """
    require_size(context, file)
    case = await locked_case(session, case_id, caller, if_match=if_match)
    asked = await material_asked(session, context, case, key)
    source, seen, media_type = await examined(
        session, context, file, caller=caller, subject=case.number, at=at
    )
    material = await hand_in(
        session,
        context,
        case,
        asked,
        source,
        seen,
        file_name=file.filename,
        media_type=media_type,
        caller=caller,
        at=at,
    )
    return _read(material), case.version


def require_size(context: Context, file: UploadFile) -> None:
    """Refuse what is too large before anything is asked.

    Raises:
        MaterialTooLarge
    """
    megabytes = context.settings.material_megabytes
    if (file.size or 0) > megabytes * MEGABYTE:
        raise MaterialTooLarge(megabytes=megabytes)


async def examined(
    session: AsyncSession,
    context: Context,
    file: UploadFile,
    *,
    caller: Caller,
    subject: str,
    at: datetime,
) -> tuple[Source, Inspected, str]:
    """Return where a file's bytes come from, what was found in them, and their type.

    Raises:
        MaterialEmpty, MaterialTooLarge, MaterialNotAccepted, MaterialBelied, MaterialInfected
    """

    async def source() -> AsyncIterator[bytes]:
        await file.seek(0)
        while piece := await file.read(_PIECE_BYTES):
            yield piece

    seen = await inspected(session, context, source, caller=caller, subject=subject, at=at)
    media_type = content.check(
        seen.look,
        declared=file.content_type,
        file_name=file.filename,
        megabytes=context.settings.material_megabytes,
    )
    return source, seen, media_type


async def locked_case(
    session: AsyncSession, case_id: UUID, caller: Caller, *, if_match: str | None = None
) -> Case:
    """Return the case, locked, where this caller may add to it.

    Raises:
        CaseNotFound, ForeignSite, StaleVersion, CaseFinished
    """
    case = await visible_for_update(session, case_id, caller)
    require_match(case.version, if_match)
    if case.stage in FINAL:
        raise CaseFinished
    return case


async def material_asked(
    session: AsyncSession, context: Context, case: Case, key: str
) -> MaterialAsked:
    """Return the material of this key that the case's matter asks for.

    Raises:
        MaterialUnknown: it asks for none such.
    """
    matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
    whole = party.opened(context.vault, case.sealed_party, case_id=case.id)
    facts = application.facts_of(case.situation_answers, whole["form"])
    asked = {one.key: one for one in matter.content.materials_for(facts)}
    if key not in asked:
        raise MaterialUnknown(known=list(asked))
    return asked[key]


async def inspected(
    session: AsyncSession,
    context: Context,
    source: Source,
    *,
    caller: Caller,
    subject: str,
    at: datetime,
) -> Inspected:
    """Inspect a file; that an infected one was offered is on the record though it is refused.

    Raises:
        MaterialInfected: 422.
    """
    try:
        return await keeping.inspect(context, source)
    except MaterialInfected as refusal:
        async with writes.staying(session):
            audit.note(
                session,
                actor=caller.subject,
                action="material.infected",
                subject=subject,
                payload={"signature": refusal.facts["signature"], "at": at.isoformat()},
            )
        raise


async def hand_in(
    session: AsyncSession,
    context: Context,
    case: Case,
    asked: MaterialAsked,
    source: Source,
    seen: Inspected,
    *,
    file_name: str | None,
    media_type: str,
    caller: Caller,
    at: datetime,
) -> Material:
    """Make an inspected file one of the locked case's materials, with a step on its timeline."""
    await authorities.require(session, case, "upload", caller=caller, at=at)
    kept = await keeping.keep(session, context, source, seen, at=at)
    material = _material(
        kept,
        case_id=case.id,
        key=asked.key,
        name=asked.name,
        file_name=plain_name(file_name),
        media_type=media_type,
        sha256=seen.look.sha256,
        uploaded_by=caller.subject,
        uploaded_at=at,
    )
    session.add(material)
    await steps.take(
        session,
        case,
        {},
        action="upload",
        actor=caller.subject,
        actor_role=role_of(caller),
        site_id=caller.site_id,
        at=at,
        facts={"material": asked.name},
    )
    return material


async def keep(
    session: AsyncSession,
    context: Context,
    source: Source,
    *,
    case_id: UUID,
    key: str,
    name: str,
    file_name: str | None,
    media_type: str,
    by: str,
    at: datetime,
) -> Material:
    """Keep a file that came with its case from another district.

    Raises:
        MaterialInfected: the package is not taken.
    """
    seen = await keeping.inspect(context, source)
    kept = await keeping.keep(session, context, source, seen, at=at)
    material = _material(
        kept,
        case_id=case_id,
        key=key,
        name=name,
        file_name=file_name,
        media_type=media_type,
        sha256=seen.look.sha256,
        uploaded_by=by,
        uploaded_at=at,
    )
    session.add(material)
    return material


async def to_pack(
    session: AsyncSession, context: Context, case_id: UUID, *, behind: UUID | None = None
) -> list[ToPack]:
    """Return a case's files, oldest first, to be packed one after the other: those after `behind`.

    Raises:
        MaterialInfected, MaterialNotScanned: one of them must not leave.
    """
    return [
        (material, await keeping.read(context, material, kept))
        for material, kept in await store.files_of(session, case_id)
        if behind is None or material.id > behind
    ]


async def download(
    session: AsyncSession, context: Context, case_id: UUID, file_id: UUID, *, caller: Caller
) -> tuple[Material, AsyncIterator[bytes]]:
    """Return a file and its bytes in pieces; who read it is on the record.

    Raises:
        CaseNotFound, ForeignSite, MaterialNotFound, MaterialInfected, MaterialNotScanned
    """
    case = await visible(session, case_id, caller)
    found = await store.file_of_case(session, case.id, file_id)
    if found is None:
        raise MaterialNotFound
    material, kept = found
    pieces = await keeping.read(context, material, kept)
    audit.note(
        session,
        actor=caller.subject,
        action="material.read",
        subject=str(material.id),
        payload={"number": case.number, "sha256": material.sha256},
    )
    await session.flush()
    return material, pieces


def plain_name(name: str | None) -> str | None:
    """Return the file's name as it can be stored and shown; None where nothing is left of it."""
    return "".join(letter for letter in name or "" if letter.isprintable())[:200] or None


def _material(kept: StoredContent, **values: Any) -> Material:
    return Material(
        id=new_id(),
        size=kept.size,
        content_id=kept.id,
        origin=MaterialOrigin.UPLOAD,
        **values,
    )


def _read(material: Material) -> FileRead:
    return FileRead.model_validate(material, from_attributes=True)
