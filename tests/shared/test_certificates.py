"""A renewed certificate is shown without a restart; one that ends is told of."""

import asyncio
import os
import shutil
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from structlog.testing import CapturedCall, CapturingLogger

from support.certificates import Authority, Certified
from tongban import certificates
from tongban.certificates import LOOK_SECONDS, KeptCertificate

NOW = datetime.now(UTC)


def later(looks: int = 1) -> datetime:
    return NOW + timedelta(seconds=looks * LOOK_SECONDS)


def kept_of(shown: Certified) -> KeptCertificate:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    return KeptCertificate(context, shown.certificate, shown.key)


def replace(old: Path, new: Path) -> None:
    """Put a file in another's place, as renewing tools do."""
    shutil.copy(new, old.with_suffix(".new"))
    os.replace(old.with_suffix(".new"), old)


async def shown_to(authority: Authority, server: ssl.SSLContext) -> str:
    """Return the name on the certificate that a new connection is shown."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=server) as listening:
        port = listening.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=authority.trusting())
        raw = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
    return x509.load_der_x509_certificate(raw).subject.rfc4514_string()


async def test_a_renewed_certificate_is_shown_to_who_connects_after(tmp_path: Path) -> None:
    districts = Authority(tmp_path, "districts")
    old, new = districts.certify("old"), districts.certify("new")
    kept = kept_of(old)
    kept.look(NOW)
    before = await shown_to(districts, kept.context)

    replace(old.certificate, new.certificate)
    kept.look(later())
    with_the_key_still_to_come = await shown_to(districts, kept.context)
    replace(old.key, new.key)
    kept.look(later(2))

    assert (before, with_the_key_still_to_come) == ("CN=old", "CN=old")
    assert await shown_to(districts, kept.context) == "CN=new"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[CapturedCall]:
    """What the log is told, whatever level others set it to."""
    heard = CapturingLogger()
    monkeypatch.setattr(certificates, "log", heard)
    return heard.calls


def test_files_that_cannot_be_used_are_told_and_leave_what_is_in_use(
    tmp_path: Path, told: list[CapturedCall]
) -> None:
    shown = Authority(tmp_path, "districts").certify("old")
    kept = kept_of(shown)
    ends_at = kept.ends_at

    shown.certificate.write_text("rubbish")
    kept.look(NOW)
    shown.key.unlink()
    kept.look(later())

    unusable = [one for one in told if one.args == ("tls.certificate_unusable",)]
    assert [one.method_name for one in unusable] == ["error", "error"]
    assert kept.ends_at == ends_at


def test_an_end_that_is_near_is_told_once_a_day(tmp_path: Path, told: list[CapturedCall]) -> None:
    kept = kept_of(Authority(tmp_path, "districts").certify("ends tomorrow"))

    for hours in range(49):
        kept.look(NOW + timedelta(hours=hours))

    ending = [one for one in told if one.args == ("tls.certificate_ending",)]
    assert [one.method_name for one in ending] == ["warning"] * 3
    assert ending[0].kwargs["ends_at"] == kept.ends_at.isoformat()


def test_a_pair_that_does_not_fit_is_refused_at_the_start(tmp_path: Path) -> None:
    districts = Authority(tmp_path, "districts")
    one, other = districts.certify("one"), districts.certify("other")

    with pytest.raises(ssl.SSLError, match="KEY_VALUES_MISMATCH"):
        kept_of(Certified(one.certificate, other.key))
