"""What a file is by its bytes, and what a licence makes unnecessary."""

import hashlib
import io
import os
import zipfile
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_service.materials import content
from case_service.materials.content import Look
from case_service.materials.errors import (
    MaterialBelied,
    MaterialEmpty,
    MaterialNotAccepted,
    MaterialTooLarge,
)
from case_service.materials.rules import claims_not_held, waived
from case_service.materials.scanning import Clamd, InvalidScanner, NoScanner, scanner_of
from support.case_world import PDF, PNG
from tongban.problems import Problem


def seen(raw: bytes, *, size: int = 100_000) -> Look:
    look = Look()
    for start in range(0, len(raw), size):
        look.at(raw[start : start + size])
    return look


def zipped(name: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(name, "<x/>")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("raw", "declared", "name", "found"),
    [
        (PDF, "application/pdf", "plan.pdf", content.PDF),
        (PDF, None, None, content.PDF),
        (PDF, "application/octet-stream", "plan", content.PDF),
        (PNG, "image/png", "plan.PNG", "image/png"),
        (b"\xff\xd8\xff\xe0" + bytes(20), "image/jpg", "plan.jpg", "image/jpeg"),
        (zipped("OFD.xml"), "application/ofd", "plan.ofd", content.OFD),
        (zipped("word/document.xml"), content.DOCX, "plan.docx", content.DOCX),
        (zipped("xl/workbook.xml"), None, "plan.xlsx", content.XLSX),
    ],
)
def test_a_file_is_what_its_bytes_say(
    raw: bytes, declared: str | None, name: str | None, found: str
) -> None:
    assert content.check(seen(raw), declared=declared, file_name=name, megabytes=1) == found


@pytest.mark.parametrize(
    ("raw", "declared", "name", "problem"),
    [
        (b"", "application/pdf", "plan.pdf", MaterialEmpty),
        (PNG, "application/pdf", "plan.pdf", MaterialBelied),
        (PNG, None, "plan.pdf", MaterialBelied),
        (b"MZ" + bytes(100), "application/pdf", "plan.pdf", MaterialBelied),
        (b"<html>", "text/html", "plan.html", MaterialBelied),
        (zipped("evil.sh"), "application/zip", "plan.zip", MaterialNotAccepted),
        (b"PK\x03\x04 broken", None, "plan.docx", MaterialBelied),
        (PDF + bytes(1024 * 1024), None, None, MaterialTooLarge),
    ],
)
def test_what_is_not_taken_is_refused_with_its_reason(
    raw: bytes, declared: str | None, name: str | None, problem: type[Problem]
) -> None:
    with pytest.raises(problem):
        content.check(seen(raw), declared=declared, file_name=name, megabytes=1)


@given(raw=st.binary(max_size=30_000), size=st.integers(min_value=1, max_value=9000))
def test_a_look_sees_the_same_however_the_bytes_come(raw: bytes, size: int) -> None:
    look = seen(raw, size=size)

    assert (look.size, look.sha256) == (len(raw), hashlib.sha256(raw).hexdigest())
    assert look.media_type == seen(raw).media_type


def test_a_large_archive_is_known_by_its_end() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("media/scan.bin", os.urandom(5_000_000))
        archive.writestr("word/document.xml", "<x/>")

    assert seen(packed.getvalue()).media_type == content.DOCX


@dataclass(frozen=True)
class Wanted:
    key: str
    waived_by: tuple[str, ...]


@dataclass(frozen=True)
class Held:
    licence_type: str
    id: UUID
    number: str = "610171-ZZ-2026-000001"
    name: str = "营业执照"
    valid_until: date | None = None


def test_a_licence_waives_the_materials_that_name_its_type_and_no_other() -> None:
    asked = [
        Wanted("m1", ("business_licence",)),
        Wanted("m2", ()),
        Wanted("m3", ("lease_record", "business_licence")),
        Wanted("m4", ("lease_record",)),
    ]
    held = Held("business_licence", uuid4())

    proofs = waived(asked, [held])

    assert set(proofs) == {"m1", "m3"}
    assert proofs["m1"]["licence_id"] == str(held.id)


def test_a_claim_that_the_store_does_not_hold_is_told_at_its_place() -> None:
    claimed = {"m1": "file", "m2": "licence", "m3": "waived", "m4": "licence"}

    faults = claims_not_held(claimed, {"m4": {}})

    assert [fault.pointer for fault in faults] == ["/materials/1/evidence", "/materials/2/evidence"]


def test_a_scanner_is_named_by_its_address() -> None:
    assert isinstance(scanner_of("none"), NoScanner)
    assert isinstance(scanner_of("clamd://127.0.0.1:3310"), Clamd)
    assert isinstance(scanner_of("clamd:///run/clamav/clamd.ctl"), Clamd)
    for wrong in ("", "clamd://", "http://scanner", "mcafee"):
        with pytest.raises(InvalidScanner):
            scanner_of(wrong)
