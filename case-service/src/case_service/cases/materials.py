"""Use cases of materials (申请材料): take a file in, encrypted; hand it out, on the record."""

import hashlib
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from case_service.cases import application, content, party, steps, store
from case_service.cases.file_errors import (
    MaterialNotFound,
    MaterialUnknown,
)
from case_service.cases.rules import FINAL
from case_service.cases.schemas import FileRead
from case_service.cases.service import require_visible, role_of, visible
from case_service.cases.tables import Case, Material
from case_service.errors import (
    CaseFinished,
    CaseNotFound,
)
from case_service.matters.service import matters_of
from tongban import audit
from tongban.context import Context
from tongban.etags import require_match
from tongban.identity import Caller
from tongban.ids import new_id

__all__ = ["bytes_of", "download", "keep", "upload"]

_MEGABYTE: Final = 1024 * 1024


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
        MaterialTooLarge, MaterialNotAccepted, MaterialBelied
    """
    megabytes = context.settings.material_megabytes
    raw = await file.read(megabytes * _MEGABYTE + 1)
    found = await store.get_with_files(session, case_id, is_locked=True)
    if found is None:
        raise CaseNotFound
    case, _ = found
    require_visible(case, caller)
    require_match(case.version, if_match)
    if case.stage in FINAL:
        raise CaseFinished
    names = await _names_asked(session, context, case)
    if key not in names:
        raise MaterialUnknown(known=list(names))
    media_type = content.check(
        raw, declared=file.content_type, file_name=file.filename, megabytes=megabytes
    )
    material = await keep(
        session,
        context,
        raw,
        case_id=case.id,
        key=key,
        name=names[key],
        file_name=_plain_name(file.filename),
        media_type=media_type,
        by=caller.subject,
        at=at,
    )
    kept = FileRead.model_validate(material, from_attributes=True)
    await steps.take(
        session,
        case,
        {},
        action="upload",
        actor=caller.subject,
        actor_role=role_of(caller),
        site_id=caller.site_id,
        at=at,
        facts={"material": names[key]},
    )
    return kept, case.version


async def keep(
    session: AsyncSession,
    context: Context,
    raw: bytes,
    *,
    case_id: UUID,
    key: str,
    name: str,
    file_name: str | None,
    media_type: str,
    by: str,
    at: datetime,
) -> Material:
    """Store the bytes encrypted, and what they are with the caller's change."""
    material_id = new_id()
    stored = await context.objects.put(context.vault.seal(raw, context=_context(material_id)))
    material = Material(
        id=material_id,
        case_id=case_id,
        key=key,
        name=name,
        file_name=file_name,
        media_type=media_type,
        size=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
        object_key=stored.key,
        uploaded_by=by,
        uploaded_at=at,
    )
    session.add(material)
    return material


async def bytes_of(context: Context, material: Material) -> bytes:
    """Return a file's bytes, decrypted."""
    stored = await context.objects.get(material.object_key)
    return context.vault.open(stored, context=_context(material.id))


async def download(
    session: AsyncSession, context: Context, case_id: UUID, file_id: UUID, *, caller: Caller
) -> tuple[Material, bytes]:
    """Return a file and its bytes; who read it is on the record.

    Raises:
        CaseNotFound, ForeignSite, MaterialNotFound
    """
    case = await visible(session, case_id, caller)
    material = await store.get_file(session, case.id, file_id)
    if material is None:
        raise MaterialNotFound
    audit.note(
        session,
        actor=caller.subject,
        action="material.read",
        subject=str(material.id),
        payload={"number": case.number, "sha256": material.sha256},
    )
    await session.flush()
    return material, await bytes_of(context, material)


async def _names_asked(session: AsyncSession, context: Context, case: Case) -> dict[str, str]:
    matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
    whole = party.opened(context.vault, case.sealed_party, case_id=case.id)
    facts = application.facts_of(case.situation_answers, whole["form"])
    return {asked.key: asked.name for asked in matter.content.materials_for(facts)}


def _plain_name(name: str | None) -> str | None:
    """Return the file's name as it can be stored and shown; None where nothing is left of it."""
    return "".join(letter for letter in name or "" if letter.isprintable())[:200] or None


def _context(material_id: UUID) -> str:
    return f"materials.content:{material_id}"
