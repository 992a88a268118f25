"""The seal is used under a keeper's word alone; each use and each word is on record."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from case_service.documents import service as documents
from case_service.documents.rules import DocumentKind
from case_service.documents.tables import Document
from case_service.seals.errors import SealNotAuthorised
from case_service.seals.tables import SealUse
from support.case_rows import stored_case
from tongban.kernel import LedgerRow
from tongban.testing.fixtures import RunningService

ALL_KINDS = [kind.value for kind in DocumentKind] + ["licence"]
PATH = "/api/v1/seals"


async def first_seal(case: RunningService) -> dict[str, Any]:
    answer = await case.client.get(PATH, headers=case.district.headers("admin"))
    return dict(answer.json()[0])


async def kept_by(case: RunningService, *keepers: str) -> str:
    """Put the seal into these hands; return its id."""
    seal = await first_seal(case)
    answer = await case.client.put(
        f"{PATH}/{seal['id']}/keepers",
        json={"keepers": list(keepers)},
        headers=case.district.headers("admin"),
    )
    assert answer.status_code == 200, answer.text
    return str(seal["id"])


def keeper_of(case: RunningService, subject: str) -> dict[str, str]:
    return case.district.headers("seal_keeper", subject=subject)


async def draw_up(case: RunningService, by: str = "clerk-1", **of: Any) -> Document:
    stored = of.get("case") or await stored_case(case)
    async with case.context.sessions.begin() as session:
        return await documents.draw_up(
            session,
            case.context,
            case_id=stored.id,
            case_number=stored.number,
            kind=DocumentKind.RECEIPT,
            facts={"applicant_name": "黄先生", "matter_name": "变更税务登记"},
            at=case.context.clock(),
            drawn_up_by=by,
        )


@asynccontextmanager
async def nothing_authorised(case: RunningService) -> AsyncIterator[None]:
    """Suspend what stands, for as long as the test looks at a seal without a word."""
    revoke = "UPDATE seal_authorisations SET revoked_at = now() WHERE given_by = 'setup'"
    restore = "UPDATE seal_authorisations SET revoked_at = NULL WHERE given_by = 'setup'"
    await case.execute(revoke)
    try:
        yield
    finally:
        await case.execute(restore)


async def test_the_set_up_seal_covers_every_kind(case: RunningService) -> None:
    seal = await first_seal(case)

    answer = await case.client.get(
        f"{PATH}/{seal['id']}/authorisations?limit=100", headers=case.district.headers("admin")
    )

    standing = [one for one in answer.json()["items"] if one["given_by"] == "setup"]
    assert sorted(standing[0]["kinds"]) == sorted(ALL_KINDS)
    assert seal["key_id"].startswith("610171-seal")


async def test_without_a_keepers_word_nothing_is_sealed(case: RunningService) -> None:
    async with nothing_authorised(case):
        with pytest.raises(SealNotAuthorised) as refusal:
            await draw_up(case)

    assert refusal.value.facts["kind"] == "receipt"


async def test_a_keepers_word_lets_the_machine_seal_and_its_end_stops_it(
    case: RunningService,
) -> None:
    keeper = f"keeper-{uuid4().hex[:8]}"
    seal_id = await kept_by(case, keeper)
    headers = keeper_of(case, keeper)
    today = case.context.clock().date().isoformat()

    async with nothing_authorised(case):
        given = await case.client.post(
            f"{PATH}/{seal_id}/authorisations",
            json={"kinds": ["receipt"], "from_on": "2020-01-01"},
            headers=headers,
        )
        document = await draw_up(case)
        revoked = await case.client.post(
            f"{PATH}/{seal_id}/authorisations/{given.json()['id']}/revoke", headers=headers
        )
        with pytest.raises(SealNotAuthorised):
            await draw_up(case)

    assert given.status_code == 201, given.text
    assert given.json()["given_at"][:10] <= today or given.json()["given_by"] == keeper
    assert revoked.json()["revoked_by"] == keeper
    async with case.context.sessions() as session:
        use = await session.scalar(select(SealUse).where(SealUse.document_id == document.id))
    assert use is not None
    assert str(use.authorisation_id) == given.json()["id"]
    assert use.key_id is not None


@pytest.mark.parametrize(
    "told",
    [
        {"kinds": ["decision"], "from_on": "2020-01-01"},
        {"kinds": ["receipt"], "from_on": "2020-01-01", "until_on": "2020-12-31"},
        {"kinds": ["receipt"], "from_on": "2999-01-01"},
        {"kinds": ["receipt"], "from_on": "2020-01-01", "case_id": str(uuid4())},
    ],
    ids=["another kind", "over", "not yet", "another case"],
)
async def test_a_word_reaches_no_further_than_it_says(
    case: RunningService, told: dict[str, Any]
) -> None:
    keeper = f"keeper-{uuid4().hex[:8]}"
    seal_id = await kept_by(case, keeper)

    async with nothing_authorised(case):
        given = await case.client.post(
            f"{PATH}/{seal_id}/authorisations", json=told, headers=keeper_of(case, keeper)
        )
        with pytest.raises(SealNotAuthorised):
            await draw_up(case)

    assert given.status_code == 201


async def test_a_keeper_seals_by_his_own_hand(case: RunningService) -> None:
    keeper = f"keeper-{uuid4().hex[:8]}"
    await kept_by(case, keeper)

    async with nothing_authorised(case):
        document = await draw_up(case, by=keeper)

    async with case.context.sessions() as session:
        use = await session.scalar(select(SealUse).where(SealUse.document_id == document.id))
    assert use is not None
    assert use.authorisation_id is None
    assert use.by == keeper


async def test_who_does_not_keep_the_seal_authorises_nothing(case: RunningService) -> None:
    seal_id = await kept_by(case, "keeper-of-the-seal")
    told = {"kinds": ["receipt"], "from_on": "2026-01-01"}

    stranger = await case.client.post(
        f"{PATH}/{seal_id}/authorisations", json=told, headers=keeper_of(case, "another-keeper")
    )
    clerk = await case.client.post(
        f"{PATH}/{seal_id}/authorisations", json=told, headers=case.district.headers("clerk")
    )

    assert stranger.status_code == 403
    assert stranger.json()["type"] == "urn:tongban:problem:not-its-keeper"
    assert clerk.status_code == 403


async def test_an_authorisation_ends_once(case: RunningService) -> None:
    keeper = f"keeper-{uuid4().hex[:8]}"
    seal_id = await kept_by(case, keeper)
    headers = keeper_of(case, keeper)
    given = await case.client.post(
        f"{PATH}/{seal_id}/authorisations",
        json={"kinds": ["receipt"], "from_on": "2020-01-01", "until_on": "2020-01-02"},
        headers=headers,
    )
    path = f"{PATH}/{seal_id}/authorisations/{given.json()['id']}/revoke"

    first = await case.client.post(path, headers=headers)
    again = await case.client.post(path, headers=headers)

    assert first.status_code == 200
    assert again.status_code == 409
    assert again.json()["type"] == "urn:tongban:problem:authorisation-revoked"


async def test_an_authorisation_does_not_end_before_it_begins(case: RunningService) -> None:
    seal_id = await kept_by(case, "keeper-of-days")

    answer = await case.client.post(
        f"{PATH}/{seal_id}/authorisations",
        json={"kinds": ["receipt"], "from_on": "2026-02-01", "until_on": "2026-01-01"},
        headers=keeper_of(case, "keeper-of-days"),
    )

    assert answer.status_code == 422


async def test_every_use_is_listed_for_who_oversees_it(case: RunningService) -> None:
    seal = await first_seal(case)
    document = await draw_up(case)

    answer = await case.client.get(
        f"{PATH}/{seal['id']}/uses", headers=case.district.headers("supervisor")
    )

    assert document.number in [one["number"] for one in answer.json()["items"]]


async def test_handing_the_seal_over_is_on_the_record(case: RunningService) -> None:
    keeper = f"keeper-{uuid4().hex[:8]}"
    seal_id = await kept_by(case, keeper)

    async with case.context.sessions() as session:
        noted = (
            await session.scalars(
                select(LedgerRow).where(
                    LedgerRow.subject == seal_id, LedgerRow.action == "seal.keep"
                )
            )
        ).all()
    assert any(keeper in str(row.payload) for row in noted)


async def test_an_unknown_seal_is_not_found(case: RunningService) -> None:
    answer = await case.client.get(
        f"{PATH}/{uuid4()}/uses", headers=case.district.headers("supervisor")
    )

    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:tongban:problem:seal-not-found"
