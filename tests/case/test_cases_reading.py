"""Who sees which cases, and how far a case is, told to whoever has the receipt."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from support.case_world import Counter, know_matter, know_site, person
from tongban import db
from tongban.testing.fixtures import RunningService


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def counter(case: RunningService) -> Counter:
    await know_site(case)
    return Counter(case)


def kind(answer: Any) -> str:
    return str(answer.json()["type"].rpartition(":")[2])


async def listed(counter: Counter, headers: dict[str, str], query: str) -> set[str]:
    answer = await counter.case.client.get(f"/api/v1/cases?limit=100&{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return {item["id"] for item in answer.json()["items"]}


async def test_each_sees_the_cases_that_are_his_to_see(counter: Counter) -> None:
    case, code = counter.case, await know_matter(counter.case)
    other = Counter(case, site=await know_site(case, f"site-{uuid4().hex[:8]}"))
    owner = case.district.headers("citizen", subject=f"citizen-{uuid4().hex[:8]}")
    here, there = await counter.submitted(code), await other.submitted(code)
    online = (await counter.submit(code, headers=owner)).json()["id"]
    by_code = f"matter_code={code}"

    assert await listed(counter, owner, by_code) == {online}
    assert await listed(counter, case.district.headers("citizen"), by_code) == set()
    assert await listed(counter, counter.headers(), by_code) == {here, online}
    assert await listed(counter, other.headers(), by_code) == {there, online}
    assert await listed(counter, counter.headers("reviewer"), by_code) == {here, there, online}
    assert await listed(counter, other.headers("approver"), by_code) == {here, there, online}
    assert await listed(counter, counter.headers("supervisor"), by_code) == {here, there, online}


async def test_one_is_read_by_whom_it_is_listed_for(counter: Counter) -> None:
    case_id = await counter.submitted()
    client, path = counter.case.client, f"/api/v1/cases/{case_id}"
    elsewhere = counter.case.district.headers("clerk", site="another-site")

    answers = {
        "clerk": await client.get(path, headers=counter.headers()),
        "stranger": await client.get(path, headers=counter.case.district.headers("citizen")),
        "elsewhere": await client.get(path, headers=elsewhere),
        "nobody": await client.get(path),
        "ops": await client.get(path, headers=counter.headers("ops")),
        "absent": await client.get(f"/api/v1/cases/{uuid4()}", headers=counter.headers()),
    }

    assert {who: answer.status_code for who, answer in answers.items()} == {
        "clerk": 200,
        "stranger": 404,
        "elsewhere": 403,
        "nobody": 401,
        "ops": 403,
        "absent": 404,
    }


async def test_a_list_is_filtered_and_paged_without_gaps(counter: Counter) -> None:
    code = await know_matter(counter.case)
    made = [await counter.submitted(code) for _ in range(5)]
    await counter.took(made[0], "withdraw")
    path = f"/api/v1/cases?matter_code={code}&limit=2"

    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = f"{path}&cursor={cursor}" if cursor else path
        page = (await counter.case.client.get(query, headers=counter.headers())).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]

    assert seen == made[::-1]
    base = f"matter_code={code}"
    assert await listed(counter, counter.headers(), f"{base}&open=false") == {made[0]}
    assert await listed(counter, counter.headers(), f"{base}&open=true") == set(made[1:])
    assert await listed(counter, counter.headers(), f"{base}&stage=withdrawn") == {made[0]}
    assert await listed(counter, counter.headers(), f"{base}&mine=true") == set(made)
    number = (await counter.read(made[2]))["number"]
    assert await listed(counter, counter.headers(), f"number={number}") == {made[2]}


async def test_a_list_masks_names(counter: Counter) -> None:
    code = await know_matter(counter.case)
    await counter.submitted(code)

    answer = await counter.case.client.get(
        f"/api/v1/cases?matter_code={code}", headers=counter.headers()
    )

    assert answer.json()["items"][0]["applicant_masked"] == "黄**"


async def test_my_cases_are_those_i_applied_for(counter: Counter) -> None:
    subject = f"citizen-{uuid4().hex[:8]}"
    at_window = await counter.submitted(applicant_subject=subject)
    own = counter.case.district.headers("citizen", subject=subject)

    answer = await counter.case.client.get("/api/v1/me/cases", headers=own)

    assert [item["id"] for item in answer.json()["items"]] == [at_window]


async def test_an_unchanged_case_is_not_sent_again(counter: Counter) -> None:
    case_id = await counter.submitted()
    headers = {**counter.headers(), "If-None-Match": '"1"'}

    same = await counter.case.client.get(f"/api/v1/cases/{case_id}", headers=headers)
    await counter.took(case_id, "pre_check")
    changed = await counter.case.client.get(f"/api/v1/cases/{case_id}", headers=headers)

    assert (same.status_code, same.headers["etag"]) == (304, '"1"')
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')


@pytest.mark.parametrize(("path", "most"), [("/api/v1/cases?limit=100", 2), ("one", 2)])
async def test_a_read_takes_two_statements_at_most(counter: Counter, path: str, most: int) -> None:
    case_id = await counter.submitted()
    asked = f"/api/v1/cases/{case_id}" if path == "one" else path
    before = db.STATEMENTS._value.get()

    answer = await counter.case.client.get(asked, headers=counter.headers())

    assert answer.status_code == 200
    assert db.STATEMENTS._value.get() - before <= most


async def ask(counter: Counter, number: str, tail: str) -> Any:
    body = {"number": number, "id_tail": tail}
    return await counter.case.client.post("/api/v1/cases/progress", json=body)


async def test_progress_is_told_for_number_and_tail_without_a_token(counter: Counter) -> None:
    applicant = person()
    case_id = await counter.received(applicant=applicant)
    number = (await counter.read(case_id))["number"]

    answer = await ask(counter, number, applicant["identity_number"][-4:].lower())

    told = answer.json()
    assert answer.status_code == 200
    assert told["stage_name"]["zh-CN"] == "已收件，等待受理"
    assert [step["name"]["zh-CN"] for step in told["steps"]][-1] == "收件"
    assert "黄" not in answer.text


async def test_a_wrong_tail_is_an_unknown_number_and_five_are_enough(
    counter: Counter,
) -> None:
    applicant = person()
    case_id = await counter.submitted(applicant=applicant)
    number = (await counter.read(case_id))["number"]
    tail = applicant["identity_number"][-4:]
    wrong = "0000" if tail != "0000" else "1111"

    unknown = await ask(counter, "9" * 21, wrong)
    refused = [await ask(counter, number, wrong) for _ in range(5)]
    limited = await ask(counter, number, tail)
    past = counter.case.context.clock() - timedelta(minutes=11)
    await counter.case.execute(
        "UPDATE progress_misses SET at = :past WHERE number = :number", past=past, number=number
    )
    later = await ask(counter, number, tail)

    assert {(one.status_code, kind(one)) for one in [unknown, *refused]} == {
        (404, "progress-not-found")
    }
    assert refused[0].json()["title"] == unknown.json()["title"]
    assert (limited.status_code, kind(limited)) == (429, "too-many-tries")
    assert 0 < int(limited.headers["retry-after"]) <= 600
    assert later.status_code == 200
