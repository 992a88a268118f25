"""Documents are numbered, sealed, kept from others' eyes, and each use of the seal is recorded."""

import asyncio
import io
import json
from typing import Any
from uuid import uuid4

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from case_service.cases.tables import Case
from case_service.documents import service
from case_service.documents.rules import DocumentKind
from case_service.documents.tables import Document
from case_service.seals.tables import SealUse
from support.case_rows import stored_case
from tongban.kernel import LedgerRow
from tongban.testing.fixtures import RunningService

FACTS = {"applicant_name": "黄先生", "matter_name": "变更税务登记", "outcome": "granted"}


async def draw_up(
    running: RunningService, case: Case, kind: DocumentKind = DocumentKind.RECEIPT
) -> Document:
    async with running.context.sessions.begin() as session:
        return await service.draw_up(
            session,
            running.context,
            case_id=case.id,
            case_number=case.number,
            kind=kind,
            facts=FACTS,
            at=running.context.clock(),
            drawn_up_by="clerk-1",
        )


def public_seal(running: RunningService) -> dict[str, Any]:
    key: dict[str, Any] = json.loads(running.settings.seal_key_file.read_text())
    return {name: value for name, value in key.items() if name != "d"}


def own(running: RunningService, case: Case) -> dict[str, str]:
    return running.district.headers("citizen", subject=case.applicant_subject)


async def test_documents_are_numbered_by_kind(case: RunningService) -> None:
    stored = await stored_case(case)

    first = await draw_up(case, stored)
    second = await draw_up(case, stored)
    other = await draw_up(case, stored, DocumentKind.RESULT_NOTICE)

    assert first.number[:10] == second.number[:10] == "610171-SJ-"
    assert int(second.number[-6:]) == int(first.number[-6:]) + 1
    assert other.number.startswith("610171-JG-")


async def test_the_applicant_reads_what_anybody_can_verify(case: RunningService) -> None:
    stored = await stored_case(case)
    document = await draw_up(case, stored)

    answer = await case.client.get(
        f"/api/v1/cases/{stored.id}/documents/{document.id}", headers=own(case, stored)
    )

    assert answer.status_code == 200
    assert answer.json()["lines"]["zh-CN"][0] == "黄先生："
    assert service.verify(answer.json(), public_seal(case))
    altered = json.loads(answer.text.replace("黄先生：", "王先生："))
    assert not service.verify(altered, public_seal(case))


async def test_a_case_lists_its_documents_in_order(case: RunningService) -> None:
    stored = await stored_case(case)
    drawn = [await draw_up(case, stored) for _ in range(3)]
    path = f"/api/v1/cases/{stored.id}/documents"

    first = (await case.client.get(f"{path}?limit=2", headers=own(case, stored))).json()
    cursor = first["next_cursor"]
    rest = (await case.client.get(f"{path}?cursor={cursor}", headers=own(case, stored))).json()

    listed = [*first["items"], *rest["items"]]
    assert [one["number"] for one in listed] == [one.number for one in drawn]
    assert rest["next_cursor"] is None


async def test_what_a_document_says_of_a_person_is_encrypted_at_rest(case: RunningService) -> None:
    document = await draw_up(case, await stored_case(case))

    row = await case.execute("SELECT documents::text FROM documents WHERE id = :id", id=document.id)

    written = row.scalar_one()
    assert "黄先生" not in written
    assert "黄先生".encode().hex() not in written


async def test_each_use_of_the_seal_is_recorded(case: RunningService) -> None:
    document = await draw_up(case, await stored_case(case))

    async with case.context.sessions() as session:
        use = await session.scalar(select(SealUse).where(SealUse.document_id == document.id))
        noted = await session.scalar(
            select(LedgerRow).where(
                LedgerRow.subject == str(document.id), LedgerRow.action == "seal.use"
            )
        )

    assert use is not None
    assert (use.number, use.by) == (document.number, "clerk-1")
    assert noted is not None
    assert noted.payload == {"number": document.number, "sha256": document.sha256}


async def test_each_reading_is_on_record(case: RunningService) -> None:
    stored = await stored_case(case)
    document = await draw_up(case, stored)
    headers = case.district.headers("approver", subject="approver-1")

    await case.client.get(f"/api/v1/cases/{stored.id}/documents/{document.id}", headers=headers)

    async with case.context.sessions() as session:
        noted = await session.scalar(
            select(LedgerRow).where(
                LedgerRow.subject == str(document.id), LedgerRow.action == "document.read"
            )
        )
    assert noted is not None
    assert noted.actor == "approver-1"


@pytest.mark.parametrize(
    ("role", "site", "status", "kind"),
    [
        ("citizen", None, 404, "case-not-found"),
        ("enterprise", None, 404, "case-not-found"),
        ("catalog_editor", None, 404, "case-not-found"),
        ("clerk", "zhangba-street", 403, "foreign-site"),
        ("clerk", "hitech-hall", 200, None),
        ("approver", None, 200, None),
        ("supervisor", None, 200, None),
    ],
)
async def test_only_who_has_to_do_with_the_case_sees_its_documents(
    case: RunningService, role: str, site: str | None, status: int, kind: str | None
) -> None:
    stored = await stored_case(case)
    document = await draw_up(case, stored)
    headers = case.district.headers(role, site=site)

    for path in ("documents", f"documents/{document.id}"):
        answer = await case.client.get(f"/api/v1/cases/{stored.id}/{path}", headers=headers)

        assert answer.status_code == status
        if kind is not None:
            assert answer.json()["type"] == f"urn:tongban:problem:{kind}"


async def test_a_document_is_found_under_its_own_case_alone(case: RunningService) -> None:
    stored, other = await stored_case(case), await stored_case(case)
    document = await draw_up(case, other)

    answer = await case.client.get(
        f"/api/v1/cases/{stored.id}/documents/{document.id}", headers=own(case, stored)
    )

    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:tongban:problem:document-not-found"


async def test_the_documents_of_no_case_are_not_found(case: RunningService) -> None:
    answer = await case.client.get(
        f"/api/v1/cases/{uuid4()}/documents", headers=case.district.headers("approver")
    )

    assert answer.json()["type"] == "urn:tongban:problem:case-not-found"


async def test_a_document_is_handed_out_as_a_sealed_pdf_the_same_each_time(
    case: RunningService,
) -> None:
    stored = await stored_case(case)
    document = await draw_up(case, stored)
    path = f"/api/v1/cases/{stored.id}/documents/{document.id}/content"

    first = await case.client.get(path, headers=own(case, stored))
    again = await case.client.get(path, headers=own(case, stored))

    assert first.status_code == 200, first.text
    assert first.headers["Content-Type"] == "application/pdf"
    assert first.content == again.content
    page = PdfReader(io.BytesIO(first.content)).pages[0].extract_text()
    assert "收件凭证" in page
    assert document.number in page
    assert document.sha256 in page.replace("\n", "")


async def test_a_pdf_is_kept_encrypted(case: RunningService) -> None:
    stored = await stored_case(case)
    document = await draw_up(case, stored)

    await case.client.get(
        f"/api/v1/cases/{stored.id}/documents/{document.id}/content", headers=own(case, stored)
    )

    row = await case.execute("SELECT pdf_key FROM documents WHERE id = :id", id=document.id)
    kept = await case.context.objects.get(row.scalar_one())
    assert not kept.startswith(b"%PDF")


async def test_a_lost_pdf_is_set_anew(case: RunningService) -> None:
    stored = await stored_case(case)
    document = await draw_up(case, stored)
    path = f"/api/v1/cases/{stored.id}/documents/{document.id}/content"
    await case.client.get(path, headers=own(case, stored))
    row = await case.execute("SELECT pdf_key FROM documents WHERE id = :id", id=document.id)
    await case.context.objects.delete(row.scalar_one())

    answer = await case.client.get(path, headers=own(case, stored))

    assert answer.content.startswith(b"%PDF")


async def test_two_who_ask_at_once_get_the_same_pdf(case: RunningService) -> None:
    stored = await stored_case(case)
    document = await draw_up(case, stored)
    path = f"/api/v1/cases/{stored.id}/documents/{document.id}/content"

    answers = await asyncio.gather(
        *(case.client.get(path, headers=own(case, stored)) for _ in range(4))
    )

    assert len({answer.content for answer in answers}) == 1


async def test_the_content_is_json_for_who_asks_for_json(case: RunningService) -> None:
    stored = await stored_case(case)
    document = await draw_up(case, stored)

    answer = await case.client.get(
        f"/api/v1/cases/{stored.id}/documents/{document.id}/content",
        headers={**own(case, stored), "Accept": "application/json"},
    )

    assert service.verify(answer.json(), public_seal(case))


async def test_anybody_verifies_a_document_by_number_and_digest(case: RunningService) -> None:
    document = await draw_up(case, await stored_case(case))

    answer = await case.client.get(
        f"/api/v1/documents/verify/{document.number}?sha256={document.sha256.upper()}"
    )

    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["is_genuine"] is True
    assert told["title"]["zh-CN"] == "收件凭证"
    assert "黄先生" not in answer.text


async def test_who_scans_a_documents_code_is_shown_a_page(case: RunningService) -> None:
    document = await draw_up(case, await stored_case(case))
    path = f"/api/v1/documents/verify/{document.number}?sha256="

    page = await case.client.get(f"{path}{document.sha256}", headers={"Accept": "text/html"})
    wrong = await case.client.get(f"{path}{'0' * 64}", headers={"Accept": "text/html"})

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert 'class="good">文书真实，未被改动' in page.text
    assert document.number in page.text
    assert "黄先生" not in page.text
    assert 'class="bad">没有这份文书' in wrong.text
    assert document.number not in wrong.text


@pytest.mark.parametrize("number", ["610171-SJ-2026-999999999", None])
async def test_a_wrong_digest_is_told_as_an_unknown_number_is(
    case: RunningService, number: str | None
) -> None:
    document = await draw_up(case, await stored_case(case))

    answer = await case.client.get(
        f"/api/v1/documents/verify/{number or document.number}?sha256={'0' * 64}"
    )

    assert answer.json() == {**dict.fromkeys(answer.json()), "is_genuine": False}


async def test_guessing_digests_is_stopped(case: RunningService) -> None:
    document = await draw_up(case, await stored_case(case))
    path = f"/api/v1/documents/verify/{document.number}?sha256="
    for _ in range(10):
        await case.client.get(f"{path}{'0' * 64}")

    stopped = await case.client.get(f"{path}{'0' * 64}")

    assert stopped.status_code == 429
    assert int(stopped.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (None, None),
        ("case_number", "1"),
        ("seal", "a.b.c"),
        ("added", "x"),
        ("facts", {"amount": 2**60}),
    ],
)
async def test_a_copy_is_genuine_only_letter_for_letter(
    case: RunningService, place: str | None, value: Any
) -> None:
    stored = await stored_case(case)
    document = await draw_up(case, stored)
    path = f"/api/v1/cases/{stored.id}/documents/{document.id}"
    copy = (await case.client.get(path, headers=own(case, stored))).json()
    if place is not None:
        copy[place] = value

    answer = await case.client.post("/api/v1/documents/verify", json=copy)

    assert answer.status_code == 200, answer.text
    assert answer.json()["is_genuine"] is (place is None)
