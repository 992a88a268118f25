"""The line between two districts: tested, closed for maintenance, limited, keys that end."""

from datetime import timedelta
from typing import Any

import pytest
from interop.messages import Letter, answer_by, kind_of, package_letter
from interop.two_districts import HOSTS, NEAR, OWNER, Districts, now

from interop_service.exchanges.deliveries import deliver_due
from interop_service.exchanges.protocol import PROTOCOL, TREE
from interop_service.links import rules
from interop_service.links.service import warn_of_ending_keys
from tongban.testing.fixtures import RunningService

SELF_TEST = f"/api/v1/partners/{OWNER}/self-test"
WINDOWS = "/api/v1/partners/maintenance/windows"


async def ask(side: RunningService, method: str, path: str, body: Any = None) -> Any:
    answer = await side.client.request(
        method, path, json=body, headers=side.district.headers("admin")
    )
    assert answer.is_success, answer.text
    return answer.json()


async def test_a_line_is_tested_by_a_signed_ping(districts: Districts) -> None:
    told = await ask(districts.near, "POST", SELF_TEST)

    assert (told["is_good"], told["fault"], told["suites"]) == (True, None, ["ed25519_sha256"])
    assert abs(told["clock_offset_seconds"]) < 30


async def test_a_line_that_is_not_good_says_whose_fault_it_is(districts: Districts) -> None:
    def rubbish(request: Any) -> Any:
        return answer_by(districts.owner, request, 200, b"rubbish")

    def of_another(request: Any) -> Any:
        return answer_by(districts.near, request, 200, {"district": OWNER})

    for answer, fault_of in ((rubbish, "theirs"), (of_another, "network")):
        districts.network.answers[HOSTS[OWNER]] = answer
        told = await ask(districts.near, "POST", SELF_TEST)
        assert (told["is_good"], told["fault_of"]) == (False, fault_of)
    districts.network.answers.clear()
    districts.network.is_down.add(HOSTS[OWNER])

    told = await ask(districts.near, "POST", SELF_TEST)

    assert (told["is_good"], told["fault_of"]) == (False, "network")


async def test_a_partner_s_clock_ten_minutes_off_is_seen(districts: Districts) -> None:
    real = districts.owner.context.clock
    districts.owner.context.clock = lambda: real() + timedelta(minutes=10)
    try:
        told = await ask(districts.near, "POST", SELF_TEST)
    finally:
        districts.owner.context.clock = real

    # Its refusal is believed: it is bound to our request, whatever its clock says.
    assert (told["fault"], told["fault_of"]) == ("status 401 message-expired", "ours")


def ping(**changes: Any) -> Letter:
    body = {
        "protocol": PROTOCOL,
        "from_district": NEAR,
        "to_district": OWNER,
        "sent_at": now().isoformat(),
        **changes,
    }
    return Letter(f"{TREE}/ping", body)


@pytest.mark.parametrize(
    ("changes", "status", "kind"),
    [
        ({"to_district": "610302"}, 421, "wrong-district"),
        ({"from_district": "610302"}, 403, "sender-mismatch"),
        ({"protocol": "1"}, 422, "message-unreadable"),
    ],
)
async def test_a_ping_at_fault_is_told_so(
    districts: Districts, changes: dict[str, Any], status: int, kind: str
) -> None:
    answer = await ping(**changes).post(districts.near, districts.owner)

    assert (answer.status_code, kind_of(answer)) == (status, kind)


async def test_in_maintenance_messages_are_put_off_and_come_later(districts: Districts) -> None:
    window = await ask(
        districts.owner,
        "POST",
        WINDOWS,
        {
            "begins_at": now().isoformat(),
            "ends_at": (now() + timedelta(minutes=30)).isoformat(),
            "reason": "机房搬迁",
        },
    )
    letter = await package_letter(districts)
    refused = await letter.post(districts.near, districts.owner)
    exchange_id = await districts.exchange()
    await districts.send(districts.near)
    other = await districts.exchange()
    tried = await districts.send(districts.near)
    held = await districts.view(districts.near, exchange_id)

    assert (refused.status_code, kind_of(refused)) == (503, "maintenance")
    assert (refused.json()["fault"], refused.json()["retry"]) == ("ours", True)
    assert 1700 < int(refused.headers["retry-after"]) <= 1800
    assert await letter.is_answered(districts.owner, refused)
    assert held["deliveries"][0]["fault_of"] == "theirs"
    # The partner as a whole is left alone: the second message does not even knock.
    assert tried == 0
    partner = await ask(districts.near, "GET", f"/api/v1/partners/{OWNER}")
    assert partner["paused_until"] is not None

    assert len(await ask(districts.owner, "GET", WINDOWS)) == 1
    await ask(districts.owner, "POST", f"{WINDOWS}/{window['id']}/end")
    await ask(districts.near, "PUT", f"/api/v1/partners/{OWNER}/pause", {"until": None})
    await districts.settle()

    for one in (exchange_id, other):
        assert (await districts.view(districts.near, one))["state"] == "received"


async def test_a_maintenance_without_end_is_refused(interop: RunningService) -> None:
    for days in (-1, 8):
        body = {
            "begins_at": now().isoformat(),
            "ends_at": (now() + timedelta(days=days)).isoformat(),
            "reason": "x",
        }
        answer = await interop.client.post(
            WINDOWS, json=body, headers=interop.district.headers("admin")
        )
        assert answer.status_code == 422


@pytest.mark.parametrize("until", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
async def test_an_instant_that_no_other_zone_has_is_refused(
    interop: RunningService, until: str
) -> None:
    answer = await interop.client.put(
        f"/api/v1/partners/{OWNER}/pause",
        json={"until": until},
        headers=interop.district.headers("admin") | {"Accept-Language": "en"},
    )

    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert (fault["pointer"], fault["detail"]) == ("/until", "the year must be 1900 to 2999")


async def test_a_partner_over_its_limit_is_told_to_wait(districts: Districts) -> None:
    await districts.owner.execute(
        "UPDATE partners SET messages_a_minute = 1 WHERE district = :d", d=NEAR
    )
    answers = [await ping().post(districts.near, districts.owner) for _ in range(2)]
    await districts.owner.execute(
        "UPDATE partners SET messages_a_minute = 600, messages_at_once = 0 WHERE district = :d",
        d=NEAR,
    )
    answers.append(await ping().post(districts.near, districts.owner))
    await districts.owner.execute(
        "UPDATE partners SET messages_at_once = 8 WHERE district = :d", d=NEAR
    )

    for answer in answers[1:]:
        assert (answer.status_code, kind_of(answer)) == (429, "too-many-messages")
        assert (answer.json()["retry"], answer.json()["fault"]) == (True, "yours")
        assert int(answer.headers["retry-after"]) >= 1


async def test_who_sends_more_than_agreed_rests_and_has_not_failed(districts: Districts) -> None:
    near, owner = districts.near, districts.owner
    await districts.settle()
    limit = "UPDATE partners SET messages_a_minute = :most WHERE district = :d"
    await owner.execute(limit, most=1, d=NEAR)
    ids = [await districts.exchange() for _ in range(4)]
    tried = [await deliver_due(near.context), await deliver_due(near.context)]
    waiting = [(await districts.view(near, one))["deliveries"][0] for one in ids]
    line = await ask(near, "GET", f"/api/v1/partners/{OWNER}")
    await owner.execute(limit, most=600, d=NEAR)
    await ask(near, "PUT", f"/api/v1/partners/{OWNER}/pause", {"until": None})
    await districts.settle()

    assert tried == [4, 0]  # the first who was told speaks for all
    assert {one["attempts"] for one in waiting if one["state"] == "due"} == {0}
    assert line["paused_until"] is not None
    failures = await near.execute("SELECT failures FROM partners WHERE district = :d", d=OWNER)
    assert failures.scalar_one() == 0
    for one in ids:
        assert (await districts.view(near, one))["state"] == "received"


async def test_a_message_too_many_at_a_time_waits_alone(districts: Districts) -> None:
    near, owner = districts.near, districts.owner
    await districts.settle()
    most = "UPDATE partners SET messages_at_once = :most WHERE district = :d"
    await owner.execute(most, most=1, d=NEAR)
    ids = [await districts.exchange() for _ in range(3)]
    await deliver_due(near.context)
    line = await ask(near, "GET", f"/api/v1/partners/{OWNER}")
    waiting = [(await districts.view(near, one))["deliveries"][0] for one in ids]
    await owner.execute(most, most=8, d=NEAR)
    await districts.settle()

    assert sorted(one["state"] for one in waiting) == ["delivered", "due", "due"]
    assert {one["attempts"] for one in waiting if one["state"] == "due"} == {0}
    assert line["paused_until"] is None
    for one in ids:
        assert (await districts.view(near, one))["state"] == "received"


async def test_a_revoked_key_proves_nothing_any_more(districts: Districts) -> None:
    path = f"/api/v1/partners/{NEAR}/keys"
    await ask(districts.owner, "POST", f"{path}/{NEAR}-signing/revoke")
    answer = await ping().post(districts.near, districts.owner)
    await districts.owner.execute(
        "UPDATE partners SET revoked_keys = '[]' WHERE district = :d", d=NEAR
    )
    unknown = await districts.owner.client.post(
        f"{path}/none-such/revoke", headers=districts.owner.district.headers("admin")
    )

    assert (answer.status_code, kind_of(answer)) == (401, "key-revoked")
    assert answer.json()["retry"] is True
    assert unknown.status_code == 404
    assert (await ping().post(districts.near, districts.owner)).status_code == 200


async def test_keys_that_end_soon_are_told_of(districts: Districts) -> None:
    near = districts.near
    end = int((near.context.clock() + timedelta(days=5)).timestamp())
    await near.execute(
        "UPDATE partners SET keys = jsonb_set(keys, '{keys,0,exp}', to_jsonb(CAST(:end AS bigint)))"
        " WHERE district = :d",
        end=end,
        d=OWNER,
    )
    async with near.context.sessions.begin() as session:
        await warn_of_ending_keys(session, near.context)
    await near.execute(
        "UPDATE partners SET keys = keys #- '{keys,0,exp}' WHERE district = :d", d=OWNER
    )

    told = [one for one in await near.outbox.envelopes(OWNER) if "keys" in one.data]
    assert told[-1].event_type == "interop.partner.keys_ending"
    assert told[-1].data["keys"] == [f"{OWNER}-signing"]


def test_only_keys_that_end_within_a_month_are_warned_of() -> None:
    at = now()
    jwks: list[dict[str, Any]] = [
        {"kid": "soon", "exp": int((at + timedelta(days=29)).timestamp())},
        {"kid": "over", "exp": int((at - timedelta(days=1)).timestamp())},
        {"kid": "later", "exp": int((at + timedelta(days=31)).timestamp())},
        {"kid": "never"},
    ]

    assert set(rules.ending_keys(jwks, at=at)) == {"soon", "over"}
