"""Use cases of documents: draw one up under the seal, hand it out again, tell if it is genuine."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import rfc8785
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.documents import rules, store
from case_service.documents.rules import verify
from case_service.documents.schemas import DocumentStanding, IssuedBy, SealedCopy
from case_service.documents.tables import DOCUMENT_NUMBERS, Document
from case_service.documents.typesetting import typeset
from case_service.documents.wording import DocumentKind
from case_service.errors import DocumentNotFound, TooManyTries
from case_service.seals import service as seals
from case_service.seals.signing import seal_of
from tongban import audit, gb
from tongban.clock import local_date
from tongban.context import Context
from tongban.ids import new_id
from tongban.objects import ObjectNotFound
from tongban.paging import Paging, page_of

__all__ = [
    "draw_up",
    "erase_of_case",
    "get",
    "of_case",
    "on_paper",
    "paper_of",
    "sealed",
    "standing",
    "standing_of_copy",
    "verify",
]

VERIFICATION_TRIES: Final = 10
VERIFICATION_WINDOW: Final = timedelta(minutes=10)
_VAULT: Final = "documents.body"
_PAPER: Final = "documents.pdf"


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
        SealNotAuthorised: no keeper of the seal has authorised it.
    """
    district = gb.district(context.settings.district)
    running, authority = await seals.draw(
        session,
        DOCUMENT_NUMBERS[kind],
        kind=kind.value,
        on=local_date(at),
        case_id=case_id,
        by=drawn_up_by,
    )
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
    signature = await seals.use(
        session,
        context,
        authority,
        number=number,
        sha256=document.sha256,
        document_id=document.id,
        at=at,
        by=drawn_up_by,
    )
    signed = rules.sealed(content, signature)
    document.sealed_body = context.vault.seal(json.dumps(signed), context=_VAULT)
    session.add(document)
    return document


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
    return await sealed(session, context, await _read(session, case_id, document_id, reader))


async def on_paper(
    session: AsyncSession, context: Context, *, case_id: UUID, document_id: UUID, reader: str
) -> tuple[Document, bytes]:
    """Return a document and its PDF, the same bytes each time; who read it is on record.

    It is set and signed when it is first asked for, then kept encrypted.

    Raises:
        DocumentNotFound: the case has no such document.
    """
    document = await _read(session, case_id, document_id, reader)
    return document, await paper_of(session, context, document)


async def paper_of(session: AsyncSession, context: Context, document: Document) -> bytes:
    """Return a document's PDF for the file of its case."""
    kept = await _kept_paper(context, document.pdf_key)
    if kept is None:
        kept = await _set_and_signed(session, context, document)
        stored = await context.objects.put(context.vault.seal(kept, context=_PAPER))
        first_key = await store.keep_paper(session, document, stored.key)
        if first_key != stored.key:
            # Somebody asked at the same moment: his copy is the one that counts.
            await context.objects.delete(stored.key)
            kept = await _kept_paper(context, first_key) or kept
    return kept


async def standing(
    context: Context, number: str, sha256: str, *, at: datetime, seal: str | None = None
) -> DocumentStanding:
    """查验: tell anybody who holds a document whether it is one of ours, unchanged.

    A wrong digest is told as an unknown number is. It is counted in a transaction of its own.

    Raises:
        TooManyTries: too many wrong digests for this number.
    """
    async with context.sessions.begin() as session:
        missed, first = await store.count_misses(session, number, since=at - VERIFICATION_WINDOW)
        if first is not None and missed >= VERIFICATION_TRIES:
            left = first + VERIFICATION_WINDOW - at
            raise TooManyTries(seconds=max(1, int(left.total_seconds())))
        document = await store.by_number(session, number)
        is_kept = document is not None and bool(document.sealed_body)
        if document is not None and is_kept and document.sha256 == sha256.lower():
            ours = await sealed(session, context, document)
            if seal is None or seal == ours["seal"]:
                return _genuine(document, ours)
        await store.note_miss(session, number, at=at)
        return DocumentStanding(is_genuine=False)


async def standing_of_copy(context: Context, copy: SealedCopy, *, at: datetime) -> DocumentStanding:
    """查验电子件: tell whether a document's JSON is, letter for letter, what we sealed.

    Raises:
        TooManyTries: too many altered copies under this number.
    """
    try:
        sha256 = rules.digest_of(copy.model_dump(mode="json"))
    except rfc8785.CanonicalizationError:
        # Numbers that canonical JSON has no form for: nothing that we ever sealed.
        return DocumentStanding(is_genuine=False)
    return await standing(context, copy.number, sha256, at=at, seal=copy.seal)


async def erase_of_case(session: AsyncSession, context: Context, case_id: UUID) -> int:
    """Overwrite what a case's documents say; their numbers and digests stay, and their seals' use.

    Return how many there were.
    """
    papers = await store.erase_of_case(session, case_id)
    for key in filter(None, papers):
        await context.objects.delete(key)
    return len(papers)


async def of_case(
    session: AsyncSession, case_id: UUID, paging: Paging
) -> tuple[Sequence[Document], str | None]:
    """Return a page of a case's documents, oldest first."""
    rows = await store.of_case(session, case_id, paging)
    return page_of(rows, paging, key=lambda row: (row.id,))


async def _read(session: AsyncSession, case_id: UUID, document_id: UUID, reader: str) -> Document:
    document = await store.get(session, case_id, document_id)
    if document is None or not document.sealed_body:
        raise DocumentNotFound
    audit.note(
        session,
        actor=reader,
        action="document.read",
        subject=str(document.id),
        payload={"number": document.number},
    )
    return document


async def _kept_paper(context: Context, key: str | None) -> bytes | None:
    if key is None:
        return None
    try:
        kept = await context.objects.get(key)
    except ObjectNotFound:
        return None
    return context.vault.open(kept, context=_PAPER)


async def _set_and_signed(session: AsyncSession, context: Context, document: Document) -> bytes:
    number, sha256 = document.number, document.sha256
    address = f"{context.settings.public_url}/api/v1/documents/verify/{number}?sha256={sha256}"
    told = await sealed(session, context, document)
    paper = await asyncio.to_thread(typeset, told, sha256=sha256, verify_at=address)
    return await seal_of(context).sign_pdf(paper, reason=number)


def _genuine(document: Document, told: Mapping[str, Any]) -> DocumentStanding:
    return DocumentStanding(
        is_genuine=True,
        number=document.number,
        kind=document.kind,
        title=told["title"],
        issued_by=IssuedBy(**told["issued_by"]),
        issued_at=document.issued_at,
        sha256=document.sha256,
        seal=told["seal"],
    )
