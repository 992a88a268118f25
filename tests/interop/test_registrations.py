"""Two persons for each change to a partner; districts that ask by themselves; keys that rotate."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from interop.messages import Letter, foreign_key, kind_of, signing_key
from interop.two_districts import HOSTS, KEYS_PATH, NEAR, OWNER, Districts, now
from joserfc.jwk import OKPKey

from interop_service import suites
from interop_service.exchanges.protocol import PROTOCOL, TREE
from interop_service.keys import own_keys
from interop_service.refusals import ChangeDecided, SecondPersonNeeded
from interop_service.registrations.rules import STEPS, ChangeState, ChangeStep, advance
from tongban.testing.fixtures import RunningService

CHANGES = "/api/v1/partner-changes"
YANGLING = "610403"


@pytest.mark.parametrize(("state", "step"), sorted(set(product(ChangeState, ChangeStep))))
def test_a_change_goes_the_table_s_way_only(state: ChangeState, step: ChangeStep) -> None:
    if (state, step) in STEPS:
        assert advance(state, step, entered_by="a", actor="b") is STEPS[state, step]
    else:
        with pytest.raises(ChangeDecided):
            advance(state, step, entered_by="a", actor="b")


def test_who_entered_may_not_approve() -> None:
    with pytest.raises(SecondPersonNeeded):
        advance(ChangeState.ENTERED, ChangeStep.APPROVE, entered_by="a", actor="a")


async def act(side: RunningService, subject: str, path: str, body: Any = None) -> Any:
    headers = side.district.headers("admin", subject=subject)
    return await side.client.post(path, json=body, headers=headers)


async def test_an_entry_counts_once_another_approved_it(interop: RunningService) -> None:
    partner = {"district": YANGLING, "name": "杨凌示范区", "english_name": "Yangling"}
    entered = (await act(interop, "admin-1", "/api/v1/partners", partner)).json()
    path = f"{CHANGES}/{entered['id']}"

    alone = await act(interop, "admin-1", f"{path}/approve")
    before = await interop.outbox.types(YANGLING)
    approved = await act(interop, "admin-2", f"{path}/approve")
    again = await act(interop, "admin-2", f"{path}/approve")
    refused = await act(interop, "admin-3", f"{path}/refuse", {"reason": "x"})
    compared = await act(interop, "admin-1", "/api/v1/exchanges/reconcile", {"partner": YANGLING})
    clerk = await interop.client.post(f"{path}/approve", headers=interop.district.headers("clerk"))

    assert (alone.status_code, kind_of(alone)) == (403, "second-person-needed")
    assert "interop.partner.changed" not in before
    assert approved.json()["state"] == "approved"
    assert (again.status_code, refused.status_code, clerk.status_code) == (409, 409, 403)
    assert (compared.status_code, kind_of(compared)) == (409, "partner-not-active")
    ledger = await interop.execute(
        "SELECT actor, action FROM ledger WHERE subject = :d AND action LIKE 'partner%'", d=YANGLING
    )
    assert {("admin-1", "partner_change.enter"), ("admin-2", "partner_change.approve")} <= {
        tuple(row) for row in ledger
    }


WEINAN = "610502"


def request_to_register(key: Any, *, keys: list[Any] | None = None, **changes: Any) -> Letter:
    encryption = OKPKey.generate_key("X25519").as_dict(private=False)
    listed = keys or [
        key.public_jwk() | {"kid": key.key_id, "use": "sig"},
        encryption | {"kid": f"{WEINAN}-encryption", "use": "enc"},
    ]
    partner = {
        "district": WEINAN,
        "name": "渭南市临渭区",
        "english_name": "Linwei",
        "endpoint": "https://linwei.example",
        "keys": {"keys": listed},
        "contacts": [{"duty": "technical", "name": "值班室", "phone": "0913-0000000"}],
    }
    body = {
        "protocol": PROTOCOL,
        "from_district": WEINAN,
        "to_district": OWNER,
        "sent_at": now().isoformat(),
        "partner": partner,
        **changes,
    }
    return Letter(f"{TREE}/registrations", body, sender=WEINAN, key=key)


async def test_a_district_asks_and_two_persons_let_it_in(districts: Districts) -> None:
    owner, key = districts.owner, foreign_key(f"{WEINAN}-signing")
    letter = request_to_register(key)

    asked = await letter.post(districts.near, owner)
    path = f"{CHANGES}/{asked.json()['id']}"
    too_early = await act(owner, "admin-1", f"{path}/approve")
    endorsed = await act(owner, "admin-1", f"{path}/endorse")
    alone = await act(owner, "admin-1", f"{path}/approve")
    approved = await act(owner, "admin-2", f"{path}/approve")
    once_more = await request_to_register(key).post(districts.near, owner)

    assert (asked.status_code, asked.json()["state"]) == (202, "asked"), asked.text
    assert await letter.is_answered(owner, asked)
    assert (too_early.status_code, alone.status_code) == (409, 403)
    assert (endorsed.json()["state"], approved.json()["state"]) == ("entered", "approved")
    partner = await owner.client.get(
        f"/api/v1/partners/{WEINAN}", headers=owner.district.headers("clerk")
    )
    assert partner.json()["state"] == "active"
    assert partner.json()["contacts"][0]["duty"] == "technical"
    compared = await owner.client.get(
        "/api/v1/exchanges/reconciliations", headers=owner.district.headers("supervisor")
    )
    assert WEINAN in {one["partner"] for one in compared.json()}
    assert (once_more.status_code, kind_of(once_more)) == (409, "already-registered")


@pytest.mark.parametrize(
    ("wrong", "status", "kind"),
    [
        ({"to_district": "610302"}, 421, "wrong-district"),
        ({"from_district": "610302"}, 403, "sender-mismatch"),
        ({"partner": {"district": WEINAN}}, 422, "message-unreadable"),
        ({"keys": []}, 422, "keys-unusable"),
        ("another key", 401, "signature-invalid"),
    ],
)
async def test_a_request_at_fault_is_refused(
    districts: Districts, wrong: Any, status: int, kind: str
) -> None:
    key = foreign_key(f"{WEINAN}-signing")
    letter = request_to_register(key)
    if wrong == "another key":
        letter.key = foreign_key(f"{WEINAN}-signing")
    elif "keys" in wrong:
        letter.body["partner"]["keys"] = wrong
    else:
        letter.body |= wrong

    answer = await letter.post(districts.near, districts.owner)

    assert (answer.status_code, kind_of(answer)) == (status, kind), answer.text


async def test_one_district_applies_to_another(districts: Districts) -> None:
    body = {"endpoint": f"https://{HOSTS[OWNER]}", "own_endpoint": f"https://{HOSTS[NEAR]}"}

    answer = await act(districts.near, "admin-1", f"/api/v1/partners/{OWNER}/apply", body)

    # They know each other already, which the other says; nothing here hangs on its answer.
    assert answer.json() == {"status": 409, "is_taken": False}


def keys_letter(keys: list[dict[str, Any]], **changes: Any) -> Letter:
    body = {
        "protocol": PROTOCOL,
        "from_district": NEAR,
        "to_district": OWNER,
        "sent_at": now().isoformat(),
        "keys": {"keys": keys},
    }
    return Letter(f"{TREE}/keys", body, **changes)


def ping(**changes: Any) -> Letter:
    letter = keys_letter([], **changes)
    letter.path = f"{TREE}/ping"
    return letter


async def test_keys_rotate_with_an_overlap_and_without_a_new_seal(districts: Districts) -> None:
    near, owner = districts.near, districts.owner
    published = own_keys(near.context).published()
    new = foreign_key(f"{NEAR}-signing-2021")
    seal = OKPKey.generate_key("Ed25519").as_dict(private=False)
    rotated = [
        new.public_jwk() | {"kid": new.key_id, "use": "sig"},
        *(jwk for jwk in published if jwk["use"] == "enc"),
        seal | {"kid": f"{NEAR}-seal-2021", "use": "sig"},
    ]

    unknown = await keys_letter(rotated, key=new).post(near, owner)
    answer = await keys_letter(rotated).post(near, owner)
    by_new, by_old = await ping(key=new).post(near, owner), await ping().post(near, owner)
    real = owner.context.clock
    owner.context.clock = lambda: real() + timedelta(days=8)
    late = [
        await ping(key=key, at=now() + timedelta(days=8)).post(near, owner)
        for key in (new, signing_key(near))
    ]
    owner.context.clock = real
    back = await keys_letter(published, key=new).post(near, owner)

    assert (unknown.status_code, kind_of(unknown)) == (401, "signature-invalid")
    assert set(answer.json()["taken"]) == {new.key_id, f"{NEAR}-encryption"}
    assert answer.json()["waiting"] == [f"{NEAR}-seal-2021"]
    assert (by_new.status_code, by_old.status_code) == (200, 200)
    assert [one.status_code for one in late] == [200, 401]
    assert back.status_code == 200
    listed = await owner.client.get(
        f"{CHANGES}?state=asked", headers=owner.district.headers("admin")
    )
    assert listed.json()["items"][0]["district"] == NEAR
    seals = await owner.client.get(
        f"/api/v1/partners/{NEAR}", headers=owner.district.headers("clerk")
    )
    kids = {jwk["kid"] for jwk in seals.json()["keys"]["keys"]}
    assert f"{NEAR}-seal" in kids
    assert f"{NEAR}-seal-2021" not in kids


async def test_our_keys_are_announced_to_a_partner(districts: Districts) -> None:
    answer = await act(districts.near, "admin-1", f"/api/v1/partners/{OWNER}/announce-keys")

    published = (await districts.near.client.get(KEYS_PATH)).json()["keys"]
    assert set(answer.json()["taken"]) == {
        jwk["kid"] for jwk in published if "-seal" not in jwk["kid"]
    }
    assert answer.json()["waiting"] == []
    assert suites.public_key(published[0])
