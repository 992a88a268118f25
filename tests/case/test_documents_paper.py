"""A document on paper: what the PDF says, that its bytes are the same, that a change shows."""

import asyncio
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import OKPKey
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader

from case_service.documents.rules import compose, digest_of
from case_service.documents.typesetting import typeset
from case_service.documents.wording import DocumentKind
from case_service.seals.certificate import read_certificate
from case_service.seals.signing import LocalSeal

KEY = OKPKey.generate_key("Ed25519", {"kid": "610171-seal"})
ADDRESS = "https://tongban.example/api/v1/documents/verify/610171-JD-2026-000007"


def document(kind: DocumentKind = DocumentKind.DECISION, **facts: Any) -> dict[str, Any]:
    return compose(
        kind,
        number="610171-JD-2026-000007",
        district="610171",
        body="高新区行政审批服务局",
        case_number="610171202603020000018",
        issued_at=datetime(2026, 3, 2, 1, 30, tzinfo=UTC),
        facts={
            "applicant_name": "黄先生",
            "matter_name": "食品经营许可（新办）",
            "matter_english_name": "Food business licence (new)",
            "matter_type": "licence",
            "outcome": "denied",
            "reason": "经营场所不符合要求",
            **facts,
        },
    )


def paper(told: dict[str, Any]) -> bytes:
    return typeset(told, sha256=digest_of(told), verify_at=ADDRESS)


def text_of(pdf: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def signed(pdf: bytes, seal: LocalSeal) -> bytes:
    return asyncio.run(seal.sign_pdf(pdf, reason="610171-JD-2026-000007"))


def standing(pdf: bytes, seal: LocalSeal) -> Any:
    root = next(iter(load_certs_from_pemder_data(seal.certificate.public_bytes(Encoding.DER))))
    signature = PdfFileReader(io.BytesIO(pdf)).embedded_signatures[0]
    return validate_pdf_signature(signature, ValidationContext(trust_roots=[root]))


def test_the_page_tells_title_number_addressee_reason_and_remedies() -> None:
    text = text_of(paper(document())).replace(" ", "").replace("\n", "")

    assert "不予行政许可决定书" in text
    assert "文号：610171-JD-2026-000007" in text
    assert "黄先生：" in text
    assert "理由：经营场所不符合要求" in text
    assert "六十日内依法申请行政复议" in text
    assert "2026年3月2日" in text


def test_the_page_speaks_english_after_chinese() -> None:
    text = text_of(paper(document()))

    assert text.index("决定书") < text.index("Decision to deny the licence")
    assert "Food business licence (new)" in text


def test_the_page_carries_its_digest() -> None:
    told = document()

    assert digest_of(told) in text_of(paper(told)).replace("\n", "")


def test_the_chinese_font_is_embedded_in_part() -> None:
    pdf = paper(document())

    resources: Any = PdfReader(io.BytesIO(pdf)).pages[0]["/Resources"]
    names = [str(font.get_object()["/BaseFont"]) for font in resources["/Font"].values()]
    assert any("NotoSerifSC" in name for name in names)
    assert all(name[7] == "+" for name in names), "each font is a subset"
    assert len(pdf) < 200_000


def test_the_same_document_is_set_in_the_same_bytes() -> None:
    assert paper(document()) == paper(document())


def test_what_an_applicant_writes_is_text_and_no_markup() -> None:
    name = '#panic("x") *甲* $乙$ #include "/etc/passwd" \\ <丙> @丁'

    text = text_of(paper(document(applicant_name=name)))

    assert "#panic" in text
    assert "root:" not in text


def test_a_long_document_runs_over_pages() -> None:
    pdf = paper(document(reason="经营场所不符合要求。" * 300))

    pages = PdfReader(io.BytesIO(pdf)).pages
    assert len(pages) > 1
    assert f"共 {len(pages)} 页" in pages[0].extract_text()


def test_the_proof_of_service_is_a_form() -> None:
    told = document(
        DocumentKind.PROOF_OF_SERVICE,
        served=["610171-JD-2026-000007"],
        way="post",
        tracking_number="EMS123456789CN",
        recipient="黄先生",
        served_on="2026-03-05",
    )

    text = text_of(paper(told))

    assert "送达回证" in text
    assert "受送达人" in text
    assert "EMS123456789CN" in text


def test_the_seal_on_a_pdf_covers_every_byte() -> None:
    seal = LocalSeal(KEY, district="610171")

    found = standing(signed(paper(document()), seal), seal)

    assert found.bottom_line
    assert str(found.coverage) == "SignatureCoverageLevel.ENTIRE_FILE"
    assert "西安高新" in found.signing_cert.subject.human_friendly


@pytest.mark.parametrize("place", [1_000, 10_000, 20_000])
def test_a_changed_byte_breaks_the_seal_on_a_pdf(place: int) -> None:
    seal = LocalSeal(KEY, district="610171")
    changed = bytearray(signed(paper(document()), seal))
    changed[place] ^= 1

    assert not standing(bytes(changed), seal).intact


def test_a_pdf_sealed_by_another_is_not_trusted() -> None:
    other = LocalSeal(OKPKey.generate_key("Ed25519"), district="610171")

    found = standing(signed(paper(document()), other), LocalSeal(KEY, district="610171"))

    assert found.intact
    assert not found.trusted


def test_the_district_makes_the_same_certificate_every_time(tmp_path: Any) -> None:
    made = LocalSeal(KEY, district="610171").certificate
    file = tmp_path / "seal.pem"
    file.write_bytes(made.public_bytes(Encoding.PEM))

    assert LocalSeal(KEY, district="610171").certificate == made
    assert read_certificate(file) == made
