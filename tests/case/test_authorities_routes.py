"""A family member or an agent acts for the applicant: within a scope, until a date, on record."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from support.case_world import Counter, know_matter, know_site, person
from support.identities import identity_number
from tongban.clock import local_date
from tongban.testing.fixtures import RunningService


class Family:
    """A mother who gives an authority and a daughter who acts by it."""

    def __init__(self, case: RunningService) -> None:
        self.case = case
        self.mother = person()
        self.daughter = f"citizen-{uuid4().hex[:8]}"
        self.account = f"citizen-{uuid4().hex[:8]}"

    def headers(self, subject: str) -> dict[str, str]:
        return self.case.district.headers("citizen", subject=subject)

    def day(self, days: int) -> str:
        return (local_date(self.case.context.clock()) + timedelta(days=days)).isoformat()

    def body(self, **changes: Any) -> dict[str, Any]:
        return {
            "kind": "family",
            "agent_subject": self.daughter,
            "agent_name": "赵小兰",
            "relation": "女儿",
            "until": self.day(30),
            **changes,
        }

    async def gives(self, **changes: Any) -> httpx.Response:
        return await self.case.client.post(
            "/api/v1/me/authorities",
            json=self.body(**changes),
            headers=self.headers(self.account),
        )

    async def records(self, **changes: Any) -> httpx.Response:
        told = {
            "person": {"identity_number": self.mother["identity_number"]},
            "way": "paper",
            "evidence": "委-2026-9",
        }
        return await self.case.client.post(
            "/api/v1/authorities",
            json={**self.body(), **told, **changes},
            headers=Counter(self.case).headers(),
        )

    async def applies(self, authority_id: str, code: str, **body: Any) -> httpx.Response:
        return await Counter(self.case).submit(
            code,
            headers=self.headers(self.daughter),
            **{"applicant": self.mother, "authority_id": authority_id, **body},
        )


@pytest.fixture
def family(case: RunningService) -> Family:
    return Family(case)


async def withdraws(case: RunningService, case_id: str, headers: dict[str, str]) -> httpx.Response:
    return await Counter(case).act(case_id, "withdraw", headers=headers, reason="不办了")


def kind_of(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).removeprefix("urn:tongban:problem:")


async def test_a_daughter_applies_for_her_mother_and_withdraws(
    case: RunningService, family: Family
) -> None:
    code = await know_matter(case)
    authority = (await family.gives(matters=[code])).json()

    applied = await family.applies(authority["id"], code)
    hers = family.headers(family.account)
    seen = await case.client.get("/api/v1/me/cases", headers=hers)
    withdrawn = await withdraws(case, applied.json()["id"], family.headers(family.daughter))

    assert applied.status_code == 201, applied.text
    assert [one["id"] for one in seen.json()["items"]] == [applied.json()["id"]]
    assert withdrawn.status_code == 200, withdrawn.text
    assert withdrawn.json()["stage"] == "withdrawn"


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"matters": ["another-matter"]}, "authority-out-of-scope"),
        ({"actions": ["upload", "correct"]}, "authority-out-of-scope"),
        ({"valid_from": "2099-01-01", "until": "2099-02-01"}, "authority-ended"),
    ],
)
async def test_out_of_scope_or_time_nothing_is_submitted(
    case: RunningService, family: Family, changes: dict[str, Any], kind: str
) -> None:
    code = await know_matter(case)
    authority = (await family.gives(**changes)).json()

    answer = await family.applies(authority["id"], code)

    assert (answer.status_code, kind_of(answer)) == (403, kind)


async def test_an_authority_on_paper_serves_its_principal_alone(
    case: RunningService, family: Family
) -> None:
    code = await know_matter(case)
    authority = (await family.records()).json()

    own = await family.applies(authority["id"], code)
    other = await family.applies(authority["id"], code, applicant=person())
    stranger = await Counter(case).submit(
        code,
        headers=case.district.headers("citizen"),
        applicant=family.mother,
        authority_id=authority["id"],
    )

    assert own.status_code == 201, own.text
    assert kind_of(other) == "not-the-principal"
    assert kind_of(stranger) == "authority-not-found"


async def test_a_right_that_is_revoked_or_over_lets_nothing_more_be_done(
    case: RunningService, family: Family
) -> None:
    code = await know_matter(case)
    authority = (await family.gives()).json()
    case_id = (await family.applies(authority["id"], code)).json()["id"]
    hers = family.headers(family.account)

    revoked = await case.client.post(f"/api/v1/authorities/{authority['id']}/revoke", headers=hers)
    again = await case.client.post(f"/api/v1/authorities/{authority['id']}/revoke", headers=hers)
    stale = await withdraws(case, case_id, family.headers(family.daughter))
    own = await withdraws(case, case_id, hers)

    assert (revoked.json()["is_in_force"], again.status_code) == (False, 409)
    assert (stale.status_code, kind_of(stale)) == (403, "authority-ended")
    assert own.status_code == 200


async def test_an_action_that_is_not_named_is_refused(case: RunningService, family: Family) -> None:
    code = await know_matter(case)
    authority = (await family.gives(actions=["submit"])).json()
    case_id = (await family.applies(authority["id"], code)).json()["id"]

    answer = await withdraws(case, case_id, family.headers(family.daughter))

    assert (answer.status_code, kind_of(answer)) == (403, "authority-out-of-scope")


async def test_an_agent_enters_a_case_that_was_handed_in_at_a_window(
    case: RunningService, family: Family
) -> None:
    await know_site(case)
    case_id = await Counter(case).submitted(applicant=family.mother)
    authority = (await family.records(actions=["withdraw"])).json()
    hers = family.headers(family.daughter)
    path = f"/api/v1/cases/{case_id}"

    before = await case.client.get(path, headers=hers)
    entered = await case.client.post(
        f"{path}/agents", json={"authority_id": authority["id"]}, headers=hers
    )
    after = await case.client.get(path, headers=hers)
    withdrawn = await withdraws(case, case_id, hers)

    assert [one.status_code for one in (before, entered, after)] == [404, 200, 200]
    assert withdrawn.status_code == 200, withdrawn.text
    timeline = await case.client.get(f"{path}/timeline", headers=Counter(case).headers())
    assert "authorise" in [one["action"] for one in timeline.json()]


async def test_an_authority_opens_no_strangers_case(case: RunningService, family: Family) -> None:
    await know_site(case)
    case_id = await Counter(case).submitted(applicant=person())
    authority = (await family.records()).json()

    answer = await case.client.post(
        f"/api/v1/cases/{case_id}/agents",
        json={"authority_id": authority["id"]},
        headers=family.headers(family.daughter),
    )

    assert kind_of(answer) == "authority-not-found"


async def test_a_helper_withdraws_with_an_authorisation_alone(case: RunningService) -> None:
    await know_site(case)
    counter = Counter(case)
    case_id = await counter.submitted()
    helper = case.district.headers("helper", site="hitech-hall", subject="helper-7")
    until = local_date(case.context.clock()).isoformat()
    given = {"mode": "act_for", "helper_name": "李帮办", "authorisation": "paper", "until": until}

    async def recorded(**more: Any) -> httpx.Response:
        return await case.client.post(
            f"/api/v1/cases/{case_id}/assistance", json={**given, **more}, headers=helper
        )

    without = await withdraws(case, case_id, helper)
    await recorded(evidence="委-1", actions=["correct"])
    beyond = await withdraws(case, case_id, helper)
    await recorded(evidence="委-2")
    withdrawn = await withdraws(case, case_id, helper)
    listed = await case.client.get(f"/api/v1/cases/{case_id}/assistance", headers=counter.headers())

    assert (kind_of(without), kind_of(beyond)) == ("authority-missing", "authority-out-of-scope")
    assert withdrawn.status_code == 200, withdrawn.text
    did = [one["action"] for one in listed.json()["items"][0]["did"]]
    assert did == ["act_for", "act_for", "withdraw"]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"until": "2020-01-01"}, "authority-dates-wrong"),
        ({"until": "2099-01-01"}, "authority-dates-wrong"),
        ({"agent_name": " "}, "malformed-request"),
        ({"kind": "boss"}, "malformed-request"),
    ],
)
async def test_an_authority_that_makes_no_sense_is_refused(
    family: Family, changes: dict[str, Any], kind: str
) -> None:
    answer = await family.gives(**changes)

    assert (answer.status_code, kind_of(answer)) == (422, kind)


async def test_nobody_is_his_own_agent(family: Family) -> None:
    answer = await family.gives(agent_subject=family.account)

    assert kind_of(answer) == "own-agent"


async def test_both_sides_see_an_authority_and_nobody_else(
    case: RunningService, family: Family
) -> None:
    authority = (await family.gives()).json()

    async def seen(subject: str) -> list[str]:
        answer = await case.client.get("/api/v1/me/authorities", headers=family.headers(subject))
        return [one["id"] for one in answer.json()["items"]]

    assert await seen(family.account) == [authority["id"]]
    assert await seen(family.daughter) == [authority["id"]]
    assert await seen("somebody-else") == []
    row = await case.execute(
        "SELECT authorities::text FROM authorities WHERE id = :id", id=authority["id"]
    )
    assert "赵小兰".encode().hex() not in row.scalar_one()


@pytest.mark.parametrize(("born", "is_old"), [((1951, 3, 2), True), ((1990, 3, 2), False)])
async def test_the_old_go_through_the_green_channel(
    case: RunningService, born: tuple[int, int, int], is_old: bool
) -> None:
    await know_site(case)
    counter = Counter(case)
    number = identity_number(date(*born), order=uuid4().int % 1000)
    case_id = await counter.submitted(applicant=person(identity_number=number))

    shown = await counter.read(case_id)

    assert (shown["is_elderly"], shown["green_channel"]) == (is_old, is_old)


async def test_an_agent_whose_paper_is_over_does_not_apply(case: RunningService) -> None:
    await know_site(case)
    agent = {"name": "赵小兰", "authority": {"evidence": "委-1", "until": "2020-01-01"}}

    answer = await Counter(case).submit(await know_matter(case), agent=agent)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/agent/authority/until"


async def test_an_agent_hands_files_in_where_his_authority_says_so(
    case: RunningService, family: Family
) -> None:
    code = await know_matter(case)
    authority = (await family.gives(actions=["submit"])).json()
    case_id = (await family.applies(authority["id"], code)).json()["id"]
    hers = family.headers(family.daughter)

    refused = await Counter(case).upload(case_id, headers=hers)
    await family.gives(actions=["upload"])
    taken = await Counter(case).upload(case_id, headers=hers)

    assert (refused.status_code, kind_of(refused)) == (403, "authority-out-of-scope")
    assert taken.status_code == 201, taken.text
