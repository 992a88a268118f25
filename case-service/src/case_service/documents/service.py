"""Use cases of documents: draw one up, put the district's seal to it, hand it out again."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from joserfc.jwk import OKPKey
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.documents import rules, store
from case_service.documents.rules import verify
from case_service.documents.tables import Document, SealUse
from case_service.documents.wording import DocumentKind
from case_service.errors import DocumentNotFound
from tongban import audit, gb
from tongban.clock import local_date
from tongban.context import Context, read_private_key
from tongban.ids import new_id
from tongban.paging import Paging, page_of

__all__ = ["draw_up", "get", "of_case", "put_seal", "sealed", "verify"]

_VAULT: Final = "documents.body"


async def draw_up(
    session: AsyncSession,
    context: Context,
    *,
    case_id: UUID,
    case_number: str,
    kind: DocumentKind,
    facts: Mapping[str, Any],
    at: datetime,
    drawn_up_by: str,
) -> Document:
    """Number, word, date and seal a document of a case; `wording` lists the facts it may tell.

    Raises:
        MissingFacts: the law asks for a line whose facts are not given.
    """
    district = gb.district(context.settings.district)
    running = await store.next_number(session, kind)
    number = rules.number_of(
        kind, district=district.code, year=local_date(at).year, running=running
    )
    content = rules.compose(
        kind,
        number=number,
        district=district.code,
        body=facts.get("body") or district.name,
        case_number=case_number,
        issued_at=at,
        facts=facts,
    )
    document = Document(
        id=new_id(),
        case_id=case_id,
        kind=kind,
        number=number,
        sha256=rules.digest_of(content),
        issued_at=at,
        drawn_up_by=drawn_up_by,
    )
    signed = put_seal(session, context, content, document_id=document.id, at=at, by=drawn_up_by)
    document.sealed_body = context.vault.seal(json.dumps(signed), context=_VAULT)
    session.add(document)
    return document


def put_seal(
    session: AsyncSession,
    context: Context,
    content: Mapping[str, Any],
    *,
    at: datetime,
    by: str,
    document_id: UUID | None = None,
    licence_id: UUID | None = None,
) -> dict[str, Any]:
    """用印: return `content` with the district's seal; each use is recorded, and on the ledger."""
    key = _seal_key(context.settings.seal_key_file)
    signed = rules.seal(content, district=context.settings.district, key=key)
    number: str = content["number"]
    session.add(
        SealUse(document_id=document_id, licence_id=licence_id, number=number, at=at, by=by)
    )
    audit.note(
        session,
        actor=by,
        action="seal.use",
        subject=str(document_id or licence_id),
        payload={"number": number, "sha256": rules.digest_of(content)},
    )
    return signed


async def sealed(_session: AsyncSession, context: Context, document: Document) -> dict[str, Any]:
    """Return the document as it was handed out: its JSON with the seal."""
    opened: dict[str, Any] = json.loads(context.vault.open(document.sealed_body, context=_VAULT))
    return opened


async def get(
    session: AsyncSession, context: Context, *, case_id: UUID, document_id: UUID, reader: str
) -> dict[str, Any]:
    """Return a document of a case, and put on record who read it.

    Raises:
        DocumentNotFound: the case has no such document.
    """
    document = await store.get(session, case_id, document_id)
    if document is None:
        raise DocumentNotFound
    audit.note(
        session,
        actor=reader,
        action="document.read",
        subject=str(document.id),
        payload={"number": document.number},
    )
    return await sealed(session, context, document)


async def of_case(
    session: AsyncSession, case_id: UUID, paging: Paging
) -> tuple[Sequence[Document], str | None]:
    """Return a page of a case's documents, oldest first."""
    rows = await store.of_case(session, case_id, paging)
    return page_of(rows, paging, key=lambda row: (row.id,))


@cache
def _seal_key(path: Path) -> OKPKey:
    return read_private_key(path)
