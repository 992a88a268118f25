"""Mutual TLS between districts: who is let in, who is not, and whose fault it is said to be."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from interop.test_over_the_wire import move_to, served
from interop.two_districts import HOSTS, OWNER, Districts

from interop_service import tls
from interop_service.exchanges import posting
from interop_service.exchanges.posting import TRANSPORT
from interop_service.verifications import status_lists
from support.certificates import Authority, Certified
from support.terminator import terminating
from tongban.certificates import LOOK_SECONDS


class Authorities(NamedTuple):
    """Who certifies the districts, and who somebody else."""

    districts: Authority
    strangers: Authority


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Authorities:
    folder = tmp_path_factory.mktemp("tls")
    return Authorities(Authority(folder, "districts"), Authority(folder, "strangers"))


@pytest_asyncio.fixture
async def demanding(districts: Districts, authorities: Authorities) -> AsyncIterator[str]:
    """The owner behind a terminator that demands a certificate; the near district calls it."""
    ours = authorities.districts
    resources = districts.near.context.resources
    kept = {name: resources.pop(name) for name in (TRANSPORT, tls.HELD)}
    async with served(districts.owner.app) as behind:
        port = int(behind.rpartition(":")[2])
        with terminating(port, demanded=ours, shown=ours.certify("qujiang")) as endpoint:
            await move_to(districts, endpoint)
            yield endpoint
            resources.update(kept)
            await move_to(districts, f"https://{HOSTS[OWNER]}")


def begin_with(districts: Districts, trusted: Path | None, shown: Certified | None) -> None:
    """Give the near district these files, and read them as a starting process does."""
    context = districts.near.context
    context.resources[tls.HELD] = tls.tls_to_partners(
        context.settings.model_copy(
            update={
                "tls_ca_file": trusted,
                "tls_certificate_file": shown and shown.certificate,
                "tls_key_file": shown and shown.key,
            }
        )
    )


async def self_test(districts: Districts) -> tuple[Any, ...]:
    near = districts.near
    answer = await near.client.post(
        f"/api/v1/partners/{OWNER}/self-test", headers=near.district.headers("admin")
    )
    told = answer.raise_for_status().json()
    return told["is_good"], told["fault_of"], told["fault"]


async def test_a_renewed_certificate_is_shown_without_a_restart(
    districts: Districts, authorities: Authorities, demanding: str
) -> None:
    ours, strangers = authorities
    shown = strangers.certify("to be renewed")
    begin_with(districts, ours.file, shown)
    refused = await self_test(districts)

    renewed = ours.certify("hitech")
    shown.key.write_bytes(renewed.key.read_bytes())
    shown.certificate.write_bytes(renewed.certificate.read_bytes())
    context, real = districts.near.context, districts.near.context.clock
    context.clock = lambda: real() + timedelta(seconds=LOOK_SECONDS)

    assert refused[0] is False
    assert await self_test(districts) == (True, None, None)
    context.clock = real


async def test_a_district_with_a_good_certificate_is_let_in(
    districts: Districts, authorities: Authorities, demanding: str
) -> None:
    ours = authorities.districts
    begin_with(districts, ours.file, ours.certify("hitech"))

    assert await self_test(districts) == (True, None, None)
    exchange_id = await districts.exchange()
    await districts.send(districts.near)
    assert (await districts.view(districts.near, exchange_id))["state"] == "received"


async def test_one_without_or_by_another_authority_is_refused_and_told_it_is_ours(
    districts: Districts, authorities: Authorities, demanding: str
) -> None:
    ours, theirs = authorities
    exchange_id = await districts.exchange()
    for shown, said in (
        (None, "tls-refused: certificate required"),
        (theirs.certify("hitech"), "tls-refused: unknown ca"),
    ):
        begin_with(districts, ours.file, shown)
        assert await self_test(districts) == (False, "ours", said)
        await districts.send(districts.near)
        view = await districts.view(districts.near, exchange_id)
        message = view["deliveries"][0]
        assert (message["last_fault"], message["fault_of"]) == (said, "ours")
    # It is kept, and goes by itself once the certificate is good.
    begin_with(districts, ours.file, ours.certify("hitech"))
    await districts.send(districts.near)
    assert (await districts.view(districts.near, exchange_id))["state"] == "received"


@pytest.mark.parametrize("trusted", ["public", "strangers"])
async def test_a_server_that_nobody_trusted_certified_is_told_nothing(
    districts: Districts, authorities: Authorities, demanding: str, trusted: str
) -> None:
    file = authorities.strangers.file if trusted == "strangers" else None
    begin_with(districts, file, authorities.districts.certify("hitech"))

    is_good, fault_of, fault = await self_test(districts)

    assert (is_good, fault_of) == (False, "network")
    assert fault.startswith("tls-untrusted: ")


async def test_a_status_list_is_fetched_in_the_same_way(
    districts: Districts, authorities: Authorities, demanding: str
) -> None:
    begin_with(districts, authorities.districts.file, None)

    async with posting.client_of(districts.near.context) as client:
        with pytest.raises(status_lists.ListInvalid, match="tls-refused: certificate required"):
            await status_lists.fetch(client, f"{demanding}/api/v1/licences/status-lists/1")


def test_files_that_cannot_be_used_are_told_at_the_start(
    authorities: Authorities, tmp_path: Path
) -> None:
    ours = authorities.districts
    one, another = ours.certify("one"), ours.certify("another")
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("rubbish")

    for files, named in (
        ((None, one.certificate, None), "go together"),
        ((None, None, one.key), "go together"),
        ((rubbish, None, None), "TLS_CA_FILE"),
        ((tmp_path / "nowhere.pem", None, None), "TLS_CA_FILE"),
        ((None, one.certificate, another.key), "TLS_CERTIFICATE_FILE"),
        ((None, rubbish, one.key), "TLS_CERTIFICATE_FILE"),
    ):
        names = ("tls_ca_file", "tls_certificate_file", "tls_key_file")
        settings: Any = SimpleNamespace(**dict(zip(names, files, strict=True)))
        with pytest.raises(tls.TlsUnusable, match=named):
            tls.tls_to_partners(settings)
