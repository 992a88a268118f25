"""Partners, agreements and offers over HTTP: who may, what is kept, what is told."""

import copy
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from interop.two_districts import (
    KEYS_PATH,
    MATTER_CODE,
    NEAR,
    OWNER,
    Districts,
    partners_file,
    register,
)
from joserfc.jwk import OKPKey

from interop_service.app import republish
from interop_service.keys import own_keys
from interop_service.partners.service import end_agreements
from tongban.testing.fixtures import RunningService

DATA_SETS = {
    path.parent.name: json.loads(path.read_text())
    for path in (Path(__file__).parents[2] / "deploy/districts").glob("*/partners.json")
}
OWN_DISTRICTS = {
    path.parent.name: json.loads(path.read_text())["code"]
    for path in (Path(__file__).parents[2] / "deploy/districts").glob("*/district.json")
}
IMPORT = "/api/v1/partners/import"
WEIBIN, ANKANG, YANTA = "610302", "610971", "610113"


async def bring_in(side: RunningService, file: dict[str, Any], query: str = "") -> Any:
    headers = side.district.headers("admin")
    return await side.client.post(IMPORT + query, json=file, headers=headers)


async def read(side: RunningService, path: str) -> Any:
    return await side.client.get(path, headers=side.district.headers("clerk"))


def a_file(partner: str, **changes: Any) -> dict[str, Any]:
    """A file about one partner under an agreement of its own; it offers the matter."""
    file = copy.deepcopy(partners_file(NEAR, partner, "合作区"))
    file["agreements"][0]["code"] = f"with-{partner}"
    file["matter_offers"][0].update(agreement=f"with-{partner}", owner_district=partner)
    for place, value in changes.items():
        part, _, name = place.partition("__")
        file[part][0][name] = value
    return file


async def test_an_import_is_kept_and_told_once(interop: RunningService) -> None:
    file = a_file(WEIBIN)

    first = await bring_in(interop, file)
    again = await bring_in(interop, file)

    assert first.status_code == 200, first.text
    counts = again.json()
    for kind in ("agreements", "matter_offers"):
        assert counts[kind] == {"created": 0, "updated": 0, "unchanged": 1}
    offers = await interop.outbox.envelopes(f"{WEIBIN}-{MATTER_CODE}")
    assert [(one.event_type, one.sequence) for one in offers] == [
        ("interop.matter_offer.changed", 1)
    ]
    assert offers[0].data["matter"]["name"] == "变更税务登记"
    assert offers[0].data["forward_within_days"] == 1
    assert await interop.outbox.types(f"with-{WEIBIN}") == ["interop.agreement.changed"]


async def test_changed_content_is_a_new_version_of_the_offer(interop: RunningService) -> None:
    file = a_file(ANKANG)
    await bring_in(interop, file)
    file["matter_offers"][0]["matter"]["promised_days"] = 3

    await bring_in(interop, file)

    told = await interop.outbox.envelopes(f"{ANKANG}-{MATTER_CODE}")
    assert [(one.sequence, one.data["version"]) for one in told] == [(1, 1), (2, 2)]


async def test_a_changed_agreement_is_told_with_its_offers(interop: RunningService) -> None:
    await bring_in(interop, a_file(YANTA))
    changed = a_file(YANTA, agreements__forward_within_days=3)
    changed["matter_offers"] = []

    await bring_in(interop, changed)

    offer = (await interop.outbox.envelopes(f"{YANTA}-{MATTER_CODE}"))[-1]
    assert (offer.data["forward_within_days"], offer.data["version"]) == (3, 1)


async def test_a_dry_run_keeps_nothing_and_tells_nobody(interop: RunningService) -> None:
    file = a_file("610118")

    answer = await bring_in(interop, file, "?dry_run=true")

    assert answer.json()["dry_run"] is True
    assert answer.json()["agreements"]["created"] == 1
    assert (await read(interop, "/api/v1/partners/610118")).status_code == 404
    assert await interop.outbox.types("610118") == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"partners__district": "999999"}, "/partners/0/district"),
        ({"partners__district": NEAR}, "/partners/0/district"),
        ({"agreements__partner": "610116"}, "/agreements/0/partner"),
        ({"agreements__areas": ["nonsense"]}, "/agreements/0/areas/0"),
        ({"agreements__valid_until": "2019-01-01"}, "/agreements/0"),
        ({"matter_offers__agreement": "none-such"}, "/matter_offers/0/agreement"),
        ({"matter_offers__owner_district": "610116"}, "/matter_offers/0/owner_district"),
        ({"matter_offers__mode": "online"}, "/matter_offers/0/mode"),
        ({"matter_offers__matter": {"code": "x"}}, "/matter_offers/0/matter/code"),
        ({"partners__name": "含\u0000"}, "/partners/0/name"),
        ({"partners__colour": "red"}, "/partners/0/colour"),
    ],
)
async def test_a_fault_is_pointed_at_and_nothing_is_kept(
    interop: RunningService, changes: dict[str, Any], pointer: str
) -> None:
    file = a_file("610702", **changes)

    answer = await bring_in(interop, file)

    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert (await read(interop, "/api/v1/partners/610702")).status_code == 404


async def test_content_that_can_not_be_stored_is_refused(interop: RunningService) -> None:
    for bad in ("\u0000", "\ud800", "x" * 5001):
        file = a_file("610702")
        file["matter_offers"][0]["matter"]["summary"] = bad

        headers = interop.district.headers("admin") | {"Content-Type": "application/json"}
        answer = await interop.client.post(IMPORT, content=json.dumps(file), headers=headers)

        assert answer.status_code == 422, bad[:5]


@pytest.mark.parametrize(
    ("path", "part", "field"),
    [
        ("/api/v1/agreements", "agreements", "partner"),
        ("/api/v1/matter-offers", "matter_offers", "agreement"),
    ],
)
async def test_one_row_alone_is_kept_or_its_fault_is_pointed_at(
    interop: RunningService, path: str, part: str, field: str
) -> None:
    headers = interop.district.headers("admin")
    file = a_file(WEIBIN)
    await bring_in(interop, file)
    wrong = {**file[part][0], field: "610118" if field == "partner" else "none-such"}

    kept = await interop.client.post(path, json=file[part][0], headers=headers)
    refused = await interop.client.post(path, json=wrong, headers=headers)

    assert kept.status_code == 200, kept.text
    assert kept.json()[part]["unchanged"] == 1
    assert [error["pointer"] for error in refused.json()["errors"]] == [f"/{field}"]


async def test_a_row_given_twice_is_a_fault(interop: RunningService) -> None:
    file = a_file("610702")
    for part in ("partners", "agreements", "matter_offers"):
        file[part] *= 2

    answer = await bring_in(interop, file)

    assert {error["code"] for error in answer.json()["errors"]} == {"repeated"}
    assert len(answer.json()["errors"]) == 3


async def test_the_district_s_own_offers_are_kept_but_not_told(districts: Districts) -> None:
    offers = await read(districts.owner, f"/api/v1/matter-offers?owner_district={OWNER}")

    assert MATTER_CODE in [one["matter_code"] for one in offers.json()["items"]]
    assert await districts.owner.outbox.types(f"{OWNER}-{MATTER_CODE}") == []


@pytest.mark.parametrize("name", sorted(DATA_SETS))
async def test_the_reviewed_data_sets_are_taken_as_they_are(
    districts: Districts, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = districts.near if name == "xian-hitech" else districts.owner
    own = side.context.settings.model_copy(update={"district": OWN_DISTRICTS[name]})
    monkeypatch.setattr(side.context, "settings", own)

    answer = await bring_in(side, DATA_SETS[name], "?dry_run=true")

    # The other tests' agreements offer the same matters; nothing else is in the file's way.
    errors = {error["code"] for error in answer.json().get("errors", [])}
    assert errors <= {"offered_elsewhere"}, answer.text


async def test_a_partner_becomes_active_with_endpoint_and_keys(interop: RunningService) -> None:
    partner = {"district": "610116", "name": "西安市长安区", "english_name": "Chang'an"}
    keys = {"keys": own_keys(interop.context).published()}

    await register(interop, partner)
    registered = await read(interop, "/api/v1/partners/610116")
    await register(interop, partner | {"endpoint": "https://changan.example/", "keys": keys})
    active = await read(interop, "/api/v1/partners/610116")
    stale = await interop.client.post(
        "/api/v1/partners",
        json=partner,
        headers=interop.district.headers("admin") | {"If-Match": registered.headers["etag"]},
    )

    assert registered.json()["state"] == "registered"
    assert (active.json()["state"], active.json()["endpoint"]) == (
        "active",
        "https://changan.example",
    )
    assert stale.status_code == 412
    told = await interop.outbox.envelopes("610116")
    assert [one.data["state"] for one in told] == ["registered", "active"]


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://partner.example",
        "https://partner.example/api",
        "https://user@partner.example",
        "https://partner.example?x=1",
        "ftp://partner.example",
        "https://",
        "https://[broken",
        "partner.example",
    ],
)
async def test_an_endpoint_is_https_without_a_path(interop: RunningService, endpoint: str) -> None:
    partner = {"district": WEIBIN, "name": "区", "english_name": "District", "endpoint": endpoint}

    answer = await interop.client.post(
        "/api/v1/partners", json=partner, headers=interop.district.headers("admin")
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/endpoint"


def jwk(curve: Any, use: str, kid: str = "k", **changes: Any) -> dict[str, Any]:
    return OKPKey.generate_key(curve).as_dict(private=False) | {"kid": kid, "use": use} | changes


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ([], "no_signing_key"),
        ([jwk("Ed25519", "sig")], "no_encryption_key"),
        ([jwk("Ed25519", "sig", "610172-seal"), jwk("X25519", "enc", "e")], "no_signing_key"),
        ([jwk("Ed25519", "sig"), jwk("X25519", "enc")], "key_id_twice"),
        ([jwk("Ed25519", "enc")], "use_or_curve"),
        ([jwk("Ed25519", "sig", "")], "no_key_id"),
        ([jwk("Ed25519", "sig", d="secret")], "private_key"),
        ([jwk("Ed25519", "sig", x="AA")], "malformed"),
        ([{"kty": "oct", "k": "AA", "kid": "k"}], "use_or_curve"),
        (["text"], "not_a_key"),
    ],
)
async def test_a_key_set_that_can_not_serve_is_refused(
    interop: RunningService, keys: list[Any], reason: str
) -> None:
    partner = {
        "district": WEIBIN,
        "name": "区",
        "english_name": "District",
        "keys": {"keys": keys},
    }

    answer = await interop.client.post(
        "/api/v1/partners", json=partner, headers=interop.district.headers("admin")
    )

    assert answer.status_code == 422, answer.text
    assert answer.json()["reason"] == reason


@pytest.mark.parametrize("keys", [{"keys": 5}, {"keys": None}, {"keys": {"a": 1}}, {}])
async def test_something_else_than_a_key_set_is_refused(interop: RunningService, keys: Any) -> None:
    partner = {"district": WEIBIN, "name": "区", "english_name": "District", "keys": keys}

    answer = await interop.client.post(
        "/api/v1/partners", json=partner, headers=interop.district.headers("admin")
    )

    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("role", ["clerk", "citizen", "ops"])
async def test_only_an_administrator_changes_partners(interop: RunningService, role: str) -> None:
    headers = interop.district.headers(role)
    given = {"district": WEIBIN, "name": "区", "english_name": "District"}

    answers = [
        await interop.client.post("/api/v1/partners", json=given, headers=headers),
        await interop.client.post(IMPORT, json={}, headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [403, 403]


async def test_lists_need_a_token_and_come_in_pages(districts: Districts) -> None:
    client = districts.near.client
    unknown = await client.get("/api/v1/partners")
    first = await read(districts.near, "/api/v1/partners?limit=1")
    cursor = first.json()["next_cursor"]

    seen = [one["district"] for one in first.json()["items"]]
    while cursor:
        page = (await read(districts.near, f"/api/v1/partners?limit=1&cursor={cursor}")).json()
        seen += [one["district"] for one in page["items"]]
        cursor = page["next_cursor"]

    assert unknown.status_code == 401
    assert seen == sorted(set(seen))
    assert OWNER in seen


@pytest.mark.parametrize(
    ("path", "role", "status"),
    [
        ("/api/v1/exchanges", "clerk", 200),
        ("/api/v1/exchanges?state=failed", "ops", 200),
        ("/api/v1/exchanges", "citizen", 403),
        ("/api/v1/exchanges/01990000-0000-7000-8000-000000000009", "clerk", 404),
        ("/api/v1/exchanges/01990000-0000-7000-8000-000000000009/receipts", "admin", 404),
        ("/api/v1/recognitions", "approver", 200),
        ("/api/v1/recognitions", "enterprise", 403),
        ("/api/v1/agreements", "clerk", 200),
        ("/api/v1/matter-offers", "clerk", 200),
        ("/api/v1/partners/610173", "clerk", 404),
    ],
)
async def test_who_may_read_what(
    interop: RunningService, path: str, role: str, status: int
) -> None:
    answer = await interop.client.get(path, headers=interop.district.headers(role))

    assert answer.status_code == status, answer.text


async def test_the_public_keys_are_for_everybody(districts: Districts) -> None:
    answer = await districts.owner.client.get(KEYS_PATH)

    told = answer.json()
    assert (told["district"], told["name"], told["protocol"]) == (OWNER, "西安曲江新区", "2")
    assert answer.headers["content-type"] == "application/jwk-set+json"
    assert told["suites"] == ["ed25519_sha256"]
    assert [(key["kid"], key["use"]) for key in told["keys"]] == [
        ("610172-signing", "sig"),
        ("610172-encryption", "enc"),
        ("610172-seal", "sig"),
    ]
    assert '"d"' not in answer.text


async def test_an_agreement_ends_by_itself_and_its_offers_with_it(interop: RunningService) -> None:
    today = interop.context.clock().date().isoformat()
    file = a_file(WEIBIN, agreements__valid_until=today)
    assert (await bring_in(interop, file)).status_code == 200
    real = interop.context.clock

    interop.context.clock = lambda: real() + timedelta(days=3)
    async with interop.context.sessions.begin() as session:
        await end_agreements(session, interop.context)
    interop.context.clock = real

    agreement = (await interop.outbox.envelopes(f"with-{WEIBIN}"))[-1]
    offer = (await interop.outbox.envelopes(f"{WEIBIN}-{MATTER_CODE}"))[-1]
    assert (agreement.data["state"], offer.data["state"]) == ("ended", "withdrawn")


async def test_republishing_tells_every_state_with_its_sequence(districts: Districts) -> None:
    async with districts.near.context.sessions() as session:
        told = [(event.SUBJECT, event.key(), number) async for event, number in republish(session)]

    subjects = {subject for subject, _, _ in told}
    assert subjects >= {
        "interop.partner.changed",
        "interop.agreement.changed",
        "interop.matter_offer.changed",
    }
    assert all(number > 0 for _, _, number in told)
    assert OWNER in [key for subject, key, _ in told if subject == "interop.partner.changed"]
