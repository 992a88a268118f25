"""The register of what counts as equal: each reason why something must be brought all the same."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from interop.two_districts import AGREEMENT, MATTER_CODE, NEAR, OWNER

from interop_service.equivalences.rules import (
    Asked,
    EquivalentKind,
    Held,
    Row,
    Shortfall,
    rows_against,
    verdict_on,
)
from interop_service.partners.rules import Denial
from tongban.ids import new_id
from tongban.testing.fixtures import RunningService

TODAY = date(2026, 11, 30)
LINE = Row(
    id=UUID(int=1),
    kind=EquivalentKind.LICENCE,
    our_type="business_licence",
    their_type="enterprise_licence",
    valid_from=date(2020, 6, 15),
    valid_until=None,
)
AGREED = {
    EquivalentKind.MATERIAL: ["business_licence"],
    EquivalentKind.LICENCE: ["business_licence"],
    EquivalentKind.DECISION: ["notice"],
}
OURS = {"own": NEAR, "owner": NEAR, "partner": OWNER}
THEIRS = {"own": NEAR, "owner": OWNER, "partner": OWNER}
HELD = Held(issuer=OWNER, type="enterprise_licence", valid_until=date(2030, 1, 1))
GOOD: dict[str, Any] = {
    **OURS,
    "asked": Asked("m1", "营业执照", ["business_licence"]),
    "held": [HELD],
    "rows": [LINE],
    "agreed": AGREED,
    "standing": [],
    "on": TODAY,
}


def row(**changes: Any) -> Row:
    return Row(**{**LINE.__dict__, **changes})


def verdict(**changes: Any) -> Any:
    values = {**GOOD, **changes}
    return verdict_on(values.pop("asked"), **values)


def test_what_the_register_calls_equal_need_not_be_brought() -> None:
    found = verdict()

    assert (found.is_needed, found.by, found.row_id, found.reasons) == (False, HELD, LINE.id, ())


def test_for_a_partner_s_matter_ours_counts_as_theirs() -> None:
    ours = Held(issuer=NEAR, type="business_licence", valid_until=None)

    found = verdict(**THEIRS, asked=Asked("m1", "执照", ["enterprise_licence"]), held=[ours])

    assert found.row_id == LINE.id


def test_what_the_owner_issued_itself_needs_no_agreement() -> None:
    own = Held(issuer=NEAR, type="business_licence", valid_until=None)

    found = verdict(held=[own], rows=[], standing=[Denial.NO_AGREEMENT])

    assert (found.is_needed, found.row_id) == (False, None)


def test_one_that_counts_is_enough() -> None:
    over = Held(issuer=OWNER, type="enterprise_licence", valid_until=date(2026, 11, 29))

    assert not verdict(held=[over, HELD]).is_needed
    assert not verdict(rows=[row(valid_until=date(2021, 1, 1)), LINE]).is_needed


OVER = Held(issuer=OWNER, type="enterprise_licence", valid_until=date(2026, 11, 29))


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"asked": Asked("m1", "申请表", [])}, (Shortfall.NO_PROOF,)),
        ({"held": []}, (Shortfall.NOT_HELD,)),
        ({"held": [Held(NEAR, "other_licence", None)]}, (Shortfall.NOT_HELD,)),
        ({"held": [Held(OWNER, "other_licence", None)]}, (Shortfall.NOT_EQUAL,)),
        ({"held": [Held("610302", "enterprise_licence", None)]}, (Shortfall.NOT_EQUAL,)),
        ({"owner": "610302"}, (Shortfall.NOT_EQUAL,)),
        ({"rows": []}, (Shortfall.NOT_EQUAL,)),
        ({"rows": [row(kind=EquivalentKind.DECISION)]}, (Shortfall.NOT_EQUAL,)),
        ({"agreed": {kind: ["notice"] for kind in EquivalentKind}}, (Shortfall.NOT_AGREED,)),
        ({"rows": [row(valid_from=date(2026, 12, 1))]}, (Shortfall.ROW_NOT_YET_VALID,)),
        ({"rows": [row(valid_until=date(2026, 11, 29))]}, (Shortfall.ROW_ENDED,)),
        ({"held": [OVER]}, (Shortfall.LICENCE_EXPIRED,)),
        ({"held": [Held(NEAR, "business_licence", TODAY.replace(day=1))]}, ("licence_expired",)),
        ({"standing": [Denial.EXPIRED]}, (Denial.EXPIRED,)),
        (
            {"standing": [Denial.ENDED], "held": [OVER], "rows": [row(valid_until=TODAY)]},
            (Denial.ENDED, Shortfall.LICENCE_EXPIRED),
        ),
    ],
)
def test_what_is_not_agreed_must_be_brought(changes: Any, reasons: tuple[str, ...]) -> None:
    found = verdict(**changes)

    assert found.is_needed
    assert found.reasons == reasons


def test_a_decision_counts_where_notices_do() -> None:
    line = row(kind=EquivalentKind.DECISION)

    assert rows_against(line, agreed=AGREED, on=TODAY) == []
    none = {**AGREED, EquivalentKind.DECISION: []}
    assert rows_against(line, agreed=none, on=TODAY) == [Shortfall.NOT_AGREED]


def line(**changes: Any) -> dict[str, Any]:
    return {
        "agreement": AGREEMENT,
        "kind": "licence",
        "our_type": "business_licence",
        "their_type": f"licence-{new_id()}",
        "valid_from": "2020-06-15",
        "basis": "跨区通办合作协议第六条",
        **changes,
    }


async def keep(side: RunningService, role: str = "admin", headers: Any = None, **given: Any) -> Any:
    return await side.client.post(
        "/api/v1/equivalences",
        json=line(**given),
        headers={**side.district.headers(role), **(headers or {})},
    )


async def look_up(side: RunningService, **asked: Any) -> Any:
    return await side.client.post(
        "/api/v1/equivalences/look-up",
        json={"agreement": AGREEMENT, **asked},
        headers=side.district.headers("citizen"),
    )


async def test_a_line_is_kept_with_its_history(interop: RunningService) -> None:
    given = line()
    first = await keep(interop, **given)
    assert first.status_code == 200, first.text
    same = await keep(interop, **given)
    changed = await keep(
        interop, headers={"If-Match": first.headers["ETag"]}, **given, valid_until="2027-01-01"
    )
    stale = await keep(interop, headers={"If-Match": first.headers["ETag"]}, **given)

    assert same.headers["ETag"] == first.headers["ETag"]
    assert changed.json()["id"] == first.json()["id"]
    assert changed.json()["partner"] == OWNER
    assert stale.status_code == 412
    history = await interop.client.get(
        f"/api/v1/equivalences/{first.json()['id']}/history",
        headers=interop.district.headers("clerk"),
    )
    said = [(one["version"], one["valid_until"]) for one in history.json()]
    assert said == [(1, None), (2, "2027-01-01")]
    listed = await interop.client.get(
        "/api/v1/equivalences",
        params={"partner": OWNER, "agreement": AGREEMENT, "kind": "licence", "limit": 100},
        headers=interop.district.headers("citizen"),
    )
    assert first.json()["id"] in [one["id"] for one in listed.json()["items"]]


async def test_a_line_that_can_not_be_is_refused(interop: RunningService) -> None:
    unknown = await keep(interop, agreement="none-such")
    backwards = await keep(interop, valid_until="2020-01-01")
    not_theirs = await keep(interop, role="clerk")
    missing = await interop.client.get(
        f"/api/v1/equivalences/{new_id()}/history", headers=interop.district.headers("clerk")
    )

    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/agreement")
    assert backwards.status_code == 422
    assert not_theirs.status_code == 403
    assert missing.status_code == 404


async def test_an_applicant_learns_what_he_need_not_bring(interop: RunningService) -> None:
    kept = (await keep(interop)).json()
    materials = [
        {"key": "m1", "name": "营业执照", "waived_by": ["business_licence"]},
        {"key": "m2", "name": "申请表"},
    ]
    held = [{"issuer": OWNER, "licence_type": kept["their_type"], "valid_until": "2099-01-01"}]

    ours = await look_up(interop, owner=NEAR, materials=materials, held=held)
    theirs = await look_up(interop, matter_code=MATTER_CODE, held=held)
    unknown = await look_up(interop, matter_code="11610133MB2P38849J4001030109999")
    nowhere = await look_up(interop, agreement="none-such")

    assert ours.status_code == 200, ours.text
    first, second = ours.json()["materials"]
    assert (first["is_needed"], first["equivalence_id"]) == (False, kept["id"])
    assert first["proven_by"] == held[0]
    assert (second["is_needed"], second["reasons"]) == (True, ["no_proof"])
    counting = {one["id"]: one["counts"] for one in ours.json()["equivalences"]}
    assert counting[kept["id"]] is True
    asked = theirs.json()
    assert asked["owner"] == OWNER
    assert [(one["name"], one["reasons"]) for one in asked["materials"]] == [
        ("变更税务登记表", ["no_proof"])
    ]
    assert (unknown.status_code, unknown.json()["type"].rpartition(":")[2]) == (
        422,
        "matter-not-offered",
    )
    assert nowhere.status_code == 422


async def test_the_agreement_s_lines_are_told_with_their_reasons(interop: RunningService) -> None:
    kept = (await keep(interop, our_type="not_agreed_licence", valid_until="2021-01-01")).json()

    told = (await look_up(interop)).json()

    line = next(one for one in told["equivalences"] if one["id"] == kept["id"])
    assert (line["counts"], line["reasons"]) == (False, ["not_agreed", "row_ended"])
