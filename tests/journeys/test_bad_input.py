"""Bad input through the gateway: each its own problem, in both languages, nothing half-written."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import OKPKey
from journeys.applications import HALL, PDF, pension_application

from support.hall import District, Person
from tongban.run import issuer

MEGABYTE = 1024 * 1024
# 610113 (雁塔区) was coded in the 1980s; she was born in 1931.
OLDER_THAN_HER_COUNTY = "610113193102051226"


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and the problem's own name."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].removeprefix("urn:tongban:problem:")


def headers_of(person: Person, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}", **more}


async def in_both_languages(
    ask: Callable[[str], Any],
) -> tuple[httpx.Response, httpx.Response]:
    """Ask twice, and see that the same problem is told in Chinese and in English."""
    zh, en = await ask("zh-CN"), await ask("en")
    assert problem_of(zh) == problem_of(en)
    assert (zh.headers["content-language"], en.headers["content-language"]) == ("zh-CN", "en")
    assert any("一" <= letter <= "鿿" for letter in zh.json()["title"])
    assert not any("一" <= letter <= "鿿" for letter in en.json()["title"])
    return zh, en


@pytest_asyncio.fixture(loop_scope="session")
async def clerk(hitech: District) -> Person:
    return hitech.person("窗口", "clerk", site=HALL)


async def cases_of(hitech: District, clerk: Person) -> int:
    """Count what this clerk has submitted."""
    page = await clerk.get("/cases", mine="true", limit=100)
    return len(page["items"])


def with_number(number: str) -> dict[str, Any]:
    return {
        "applicant": {
            "kind": "person",
            "name": "赵桂兰",
            "identity_kind": "resident_identity_card",
            "identity_number": number,
        }
    }


@pytest.mark.parametrize(
    ("changes", "expected", "pointer"),
    [
        ({"matter_code": "11610131MB2A12345X4610199999999"}, (409, "matter-unknown"), None),
        ({"site_id": "hitech-hall"}, (403, "foreign-site"), None),
        (
            with_number("610113195203081221"),
            (422, "malformed-request"),
            "/applicant/identity_number",
        ),
        (
            with_number("610113195213081220"),
            (422, "malformed-request"),
            "/applicant/identity_number",
        ),
        ({"form": {}}, (422, "form-incomplete"), None),
    ],
    ids=["unknown matter", "foreign site", "check digit", "month of birth", "empty form"],
)
async def test_an_application_is_refused_whole(
    hitech: District,
    clerk: Person,
    changes: dict[str, Any],
    expected: tuple[int, str],
    pointer: str | None,
) -> None:
    body = await pension_application(hitech, **changes)

    zh, en = await in_both_languages(
        lambda language: hitech.client.post(
            "/api/v1/cases", json=body, headers=headers_of(clerk, **{"Accept-Language": language})
        )
    )

    assert problem_of(zh) == expected
    if pointer:
        assert [one["pointer"] for one in en.json()["errors"]] == [pointer]
        assert zh.json()["errors"][0]["detail"] != en.json()["errors"][0]["detail"]
    assert await cases_of(hitech, clerk) == 0


async def test_a_person_older_than_her_county_code_is_served(
    hitech: District, clerk: Person
) -> None:
    body = await pension_application(hitech, **with_number(OLDER_THAN_HER_COUNTY))

    case = await clerk.post("/cases", body)

    assert case["stage"] == "submitted"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("身份证.pdf", b"", (422, "material-empty")),
        ("身份证.pdf", PDF + bytes(21 * MEGABYTE), (413, "material-too-large")),
        ("身份证.pdf", b"\x89PNG\r\n\x1a\n" + bytes(64), (422, "material-belied")),
        ("身份证", b"MZ" + bytes(64), (415, "material-not-accepted")),
    ],
    ids=["empty", "too large", "belied", "a program"],
)
async def test_a_material_is_refused_whole(
    hitech: District, clerk: Person, name: str, content: bytes, expected: tuple[int, str]
) -> None:
    case = await clerk.post("/cases", await pension_application(hitech))
    before = await clerk.get(f"/cases/{case['id']}")
    key = case["materials"][0]["key"]

    zh, _ = await in_both_languages(
        lambda language: hitech.client.post(
            f"/api/v1/cases/{case['id']}/materials",
            data={"key": key},
            files={"file": (name, content)},
            headers=headers_of(clerk, **{"Accept-Language": language}),
        )
    )

    assert problem_of(zh) == expected
    assert await clerk.get(f"/cases/{case['id']}") == before


async def test_an_action_not_allowed_now_tells_what_is(hitech: District, clerk: Person) -> None:
    case = await clerk.post("/cases", await pension_application(hitech))

    zh, _ = await in_both_languages(
        lambda language: hitech.client.post(
            f"/api/v1/cases/{case['id']}/actions/close",
            json={},
            headers=headers_of(clerk, **{"Accept-Language": language}),
        )
    )

    assert problem_of(zh) == (409, "action-not-allowed")
    assert set(zh.json()["allowed"]) == set(case["actions"])
    assert len(await clerk.get(f"/cases/{case['id']}/timeline")) == 1


async def test_a_stale_etag_changes_nothing(hitech: District, clerk: Person) -> None:
    case = await clerk.post("/cases", await pension_application(hitech))
    path = f"/api/v1/cases/{case['id']}"
    etag = (await hitech.client.get(path, headers=headers_of(clerk))).headers["etag"]
    await clerk.act(case["id"], "pre_check", {"comment": "齐全"})
    now = await hitech.client.get(path, headers=headers_of(clerk))

    zh, _ = await in_both_languages(
        lambda language: hitech.client.post(
            f"{path}/actions/withdraw",
            json={},
            headers=headers_of(clerk, **{"Accept-Language": language, "If-Match": etag}),
        )
    )

    assert problem_of(zh) == (412, "stale-version")
    assert zh.json()["current"] == now.headers["etag"] != etag
    assert await clerk.get(f"/cases/{case['id']}") == now.json()


async def test_a_repeated_key_gives_the_same_answer_and_no_other_request(
    hitech: District, clerk: Person
) -> None:
    body = await pension_application(hitech)
    headers = headers_of(clerk, **{"Idempotency-Key": str(uuid4())})

    first = await hitech.client.post("/api/v1/cases", json=body, headers=headers)
    again = await hitech.client.post("/api/v1/cases", json=body, headers=headers)
    zh, _ = await in_both_languages(
        lambda language: hitech.client.post(
            "/api/v1/cases",
            json=body | {"channel": "kiosk"},
            headers={**headers, "Accept-Language": language},
        )
    )

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert problem_of(zh) == (422, "idempotency-key-reused")
    assert await cases_of(hitech, clerk) == 1


def claims_of(hitech: District, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": issuer.issuer_of(hitech.code),
        "aud": issuer.AUDIENCE,
        "sub": "somebody",
        "iat": now,
        "nbf": now,
        "exp": now + 600,
        "roles": ["clerk"],
        "district": hitech.code,
        **changes,
    }


def signed(hitech: District, claims: Mapping[str, Any]) -> str:
    """Return a token that the district's own issuer signed."""
    key_file = hitech.platform.state.issuer / "signing.private.json"
    return signed_with(OKPKey.import_key(json.loads(key_file.read_text())), claims)


def signed_with(key: OKPKey, claims: Mapping[str, Any]) -> str:
    header = {"alg": issuer.ALGORITHM, "kid": key.kid}
    return jwt.encode(header, dict(claims), key, algorithms=[issuer.ALGORITHM])


def unsigned(claims: Mapping[str, Any]) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join(
        [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
        + [""]
    )


def stranger_key() -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": "stranger-1"})


@pytest.mark.parametrize(
    ("token_of", "expected", "reason"),
    [
        (
            lambda hitech, _: signed(hitech, claims_of(hitech, exp=int(time.time()) - 60)),
            (401, "token-refused"),
            "expired",
        ),
        (
            lambda hitech, _: signed(hitech, claims_of(hitech, nbf=int(time.time()) + 600)),
            (401, "token-refused"),
            "not yet valid",
        ),
        (
            lambda hitech, _: signed(hitech, claims_of(hitech, iss="urn:elsewhere")),
            (401, "token-refused"),
            "claim iss",
        ),
        (
            lambda hitech, _: signed_with(stranger_key(), claims_of(hitech)),
            (401, "token-refused"),
            "signature",
        ),
        (
            lambda hitech, _: unsigned(claims_of(hitech)),
            (401, "token-refused"),
            "algorithm",
        ),
        (
            lambda _, qujiang: signed(qujiang, claims_of(qujiang)),
            (401, "token-refused"),
            "signature",
        ),
        (
            lambda hitech, qujiang: signed(hitech, claims_of(hitech, district=qujiang.code)),
            (403, "foreign-district"),
            None,
        ),
    ],
    ids=[
        "expired",
        "too early",
        "other issuer",
        "other key",
        "alg none",
        "neighbour's token",
        "other district",
    ],
)
async def test_a_token_that_is_not_ours_opens_nothing(
    hitech: District,
    qujiang: District,
    token_of: Callable[[District, District], str],
    expected: tuple[int, str],
    reason: str | None,
) -> None:
    token = token_of(hitech, qujiang)
    body = await pension_application(hitech)

    zh, _ = await in_both_languages(
        lambda language: hitech.client.post(
            "/api/v1/cases",
            json=body,
            headers={"Authorization": f"Bearer {token}", "Accept-Language": language},
        )
    )

    assert problem_of(zh) == expected
    assert zh.json().get("reason") == reason


async def test_without_a_token_one_is_asked_to_sign_in(hitech: District) -> None:
    zh, _ = await in_both_languages(
        lambda language: hitech.client.get("/api/v1/cases", headers={"Accept-Language": language})
    )

    assert problem_of(zh) == (401, "token-missing")
    assert zh.headers["www-authenticate"].startswith("Bearer")
