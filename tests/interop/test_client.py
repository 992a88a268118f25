"""Another vendor's system as a partner of ours, by the client: both ways, and by curl."""

import ast
import asyncio
import json
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from interop.test_files import chunks, cutting
from interop.test_over_the_wire import served
from interop.two_districts import (
    AGREEMENT,
    HOSTS,
    KEYS_PATH,
    NEAR,
    OWNER,
    Districts,
    case_package,
    case_step,
    key_settings,
    now,
    private_key,
    sealed_notice,
)

import tongban_client
from tongban_client import (
    AsyncClient,
    Client,
    FilesLacking,
    KeySet,
    KeysUnreadable,
    Message,
    Ourselves,
    Partner,
    Refused,
    SealedFile,
    SignedReceipt,
    Suite,
    Unproven,
    faults,
    incoming,
    package,
    progress,
    rating,
    result,
)

PAGE = (Path(__file__).parents[2] / "docs/interop/client.md").read_text()
ENDPOINT = f"https://{HOSTS[OWNER]}"


def ourselves(districts: Districts) -> Ourselves:
    files = key_settings(districts.near.district)
    return Ourselves.read(
        NEAR, signing=files["signing_key_file"], encryption=files["encryption_key_file"]
    )


async def owner_of(districts: Districts, endpoint: str = ENDPOINT) -> Partner:
    published = KeySet.parse((await districts.owner.client.get(KEYS_PATH)).content)
    return Partner(OWNER, endpoint, published.partner_keys())


def packed(us: Ourselves, owner: Partner, **changes: Any) -> Message:
    given = {"agreement": AGREEMENT, "mode": "proxy", **changes}
    return package(us, owner, case_package(), at=now(), **given)


@dataclass
class Vendor:
    """Another vendor's server, as the page shows it: its memory is three dictionaries."""

    us: Ourselves
    partners: dict[str, Partner]
    nonces: set[str] = field(default_factory=set)
    receipts: dict[UUID, SignedReceipt] = field(default_factory=dict)
    taken: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        came = incoming.Incoming(request.method, str(request.url), headers, request.content)
        status, fields, body = self.answer(came)
        return httpx.Response(status, headers=fields, content=body)

    def answer(self, came: incoming.Incoming) -> tuple[int, dict[str, str], bytes]:
        try:
            proven = incoming.prove(came, us=self.us, partners=self.partners, at=now())
            if proven.nonce in self.nonces:
                raise faults.NonceReplayed
            self.nonces.add(proven.nonce)
            if proven.message_id not in self.receipts:
                self.taken.append(dict(proven.message))
                exchange_id = UUID(proven.message["exchange_id"])
                given = incoming.receipt(proven, us=self.us, exchange_id=exchange_id, at=now())
                self.receipts[proven.message_id] = given
        except faults.MessageFault as fault:
            return incoming.refusal(came, fault, us=self.us, at=now())
        return incoming.answer(came, self.receipts[proven.message_id], us=self.us, at=now())


async def test_another_vendor_plays_the_near_side_from_package_to_rating(
    districts: Districts,
) -> None:
    us, owner = ourselves(districts), await owner_of(districts)
    vendor = Vendor(us, {OWNER: owner})
    message = packed(us, owner)
    async with AsyncClient(us, transport=districts.network) as client:
        first = await client.send(message, owner)
        again = await client.send(message, owner)
        with pytest.raises(Refused) as early:
            await client.send(
                rating(us, owner, message.exchange_id, score=5, ordinal=2, at=now()), owner
            )
        districts.network.answers[HOSTS[NEAR]] = vendor
        await districts.owner.hear(case_step("accepted", message.exchange_id))
        closed = await districts.owner_closes(
            message.exchange_id, sealed_notice(districts.owner.district)
        )
        await districts.owner.hear(closed.model_copy(update={"sequence": 2}))
        while await districts.send(districts.owner):
            pass
        last = rating(us, owner, message.exchange_id, score=5, ordinal=2, at=now())
        await client.send(last, owner)

    assert again == first
    assert first.receipt.by == OWNER
    assert (early.value.kind, early.value.is_final) == ("out-of-turn", False)
    kinds = [one.get("kind", "result") for one in vendor.taken]
    assert kinds == ["accepted", "result"]
    opened = incoming.decrypt(vendor.taken[-1]["result"], us)
    assert opened["outcome"] == "granted"
    seen = await districts.view(districts.owner, message.exchange_id)
    assert seen["score"] == 5


async def test_what_is_not_delivered_says_whether_to_send_again(districts: Districts) -> None:
    us, owner = ourselves(districts), await owner_of(districts)
    message = packed(us, owner)
    async with AsyncClient(us, transport=districts.network) as client:
        with pytest.raises(Refused) as denied:
            await client.send(packed(us, owner, agreement="another"), owner)
        districts.network.answers[HOSTS[OWNER]] = lambda _: httpx.Response(202, json={"ok": True})
        with pytest.raises(Unproven, match="status 202"):
            await client.send(message, owner)
        districts.network.is_down.add(HOSTS[OWNER])
        with pytest.raises(Unproven, match="ConnectError"):
            await client.send(message, owner)

    assert (denied.value.status, denied.value.kind) == (403, "agreement-denies")
    assert denied.value.is_final


async def test_a_receiver_refuses_what_is_not_proven(districts: Districts) -> None:
    us, owner = ourselves(districts), await owner_of(districts)
    stranger = Vendor(us, {})
    proving = Vendor(us, {OWNER: owner})
    request = httpx.Request("POST", f"https://{HOSTS[NEAR]}/interop/v2/exchanges", json={})
    request.headers.update({"tongban-protocol": "2", "tongban-sender": OWNER})

    unknown, unsigned = stranger(request).json(), proving(request).json()

    assert unknown["type"] == "urn:tongban:problem:unknown-partner"
    assert unsigned["type"] == "urn:tongban:problem:signature-invalid"
    assert (unsigned["fault"], unsigned["retry"]) == ("yours", True)
    assert unsigned["reason"]


async def test_the_other_messages_are_the_protocols(districts: Districts) -> None:
    us, owner = ourselves(districts), await owner_of(districts)
    exchange_id = packed(us, owner).exchange_id
    accepted = progress(
        us, owner, exchange_id, kind="accepted", owner_number="1", ordinal=1, at=now()
    )
    told = json.loads(accepted.body)
    ended = result(us, owner, exchange_id, {"outcome": "denied"}, ordinal=2, at=now())

    assert (told["kind"], told["owner_number"]) == ("accepted", "1")
    assert ended.path == f"/interop/v2/exchanges/{exchange_id}/results"
    assert json.loads(ended.body)["result"].count(".") == 4


async def test_keys_are_read_and_refused(districts: Districts, tmp_path: Path) -> None:
    us = ourselves(districts)
    async with AsyncClient(us, transport=districts.network) as client:
        published = await client.read_keys(ENDPOINT)
        districts.network.answers[HOSTS[OWNER]] = lambda _: httpx.Response(200, json={"keys": []})
        with pytest.raises(KeysUnreadable, match="/district"):
            await client.read_keys(ENDPOINT)
    nameless = tmp_path / "key.json"
    nameless.write_text('{"kty": "OKP"}')

    assert published.district == OWNER
    with pytest.raises(KeysUnreadable, match="no kid"):
        Ourselves.read(NEAR, signing=nameless)
    with pytest.raises(KeysUnreadable, match="may sign now"):
        us.signer(Suite.SM2_SM3, at=now())


async def test_a_file_is_delivered_by_both_clients_and_goes_on_where_it_was_cut_off(
    districts: Districts, tmp_path: Path
) -> None:
    us, path = ourselves(districts), tmp_path / "plan.pdf"
    path.write_bytes(os.urandom(4_400_000))
    file = SealedFile.seal(path)
    told = {"key": "plan", "name": "总平面图", "media_type": "application/pdf", **file.material}
    owner = await owner_of(districts)
    whole = {**case_package(), "materials": [told]}
    message = package(us, owner, whole, at=now(), agreement=AGREEMENT, mode="proxy")
    app = districts.network.apps[HOSTS[OWNER]]
    async with AsyncClient(us, transport=districts.network) as client:
        with pytest.raises(FilesLacking) as lacking:
            await client.send(message, owner)
        districts.network.apps[HOSTS[OWNER]] = cutting(app, at=2, is_answer_alone=False)
        with pytest.raises(Unproven):
            await client.deliver(message, owner, [file])
        districts.network.apps[HOSTS[OWNER]] = app
        first = await client.deliver(message, owner, [SealedFile.seal(path, key=file.key)])
    sent = chunks(districts)
    async with served(districts.owner.app) as endpoint:
        there = await owner_of(districts, endpoint)
        path.write_bytes(os.urandom(300_000))
        another = SealedFile.seal(path)
        whole["materials"] = [told | another.material]
        again = package(us, there, whole, at=now(), agreement=AGREEMENT, mode="proxy")

        def deliver() -> SignedReceipt:
            with Client(us) as client:
                return client.deliver(again, there, [another])

        second = await asyncio.to_thread(deliver)

    assert lacking.value.lacking == {file.digest: 0}
    assert sent == [0, 4_194_560, 4_194_560]
    assert first.receipt.message_id == message.message_id
    assert second.receipt.message_id == again.message_id


def test_the_pages_examples_in_python_name_what_there_is() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    trees = [ast.parse(block) for block in blocks]
    names = [
        alias.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "tongban_client"
        for alias in node.names
    ]

    assert len(trees) == 3
    assert not set(names) - set(tongban_client.__all__)


async def run_shell(script: str, environment: dict[str, str]) -> str:
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        script,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, faults_ = await process.communicate()
    assert process.returncode == 0, faults_.decode()
    return out.decode()


# Two programs of the reader's own machine: the page calls them as they are, and so does this.
@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("openssl")),
    reason="the page's example needs curl and openssl",
)
async def test_the_pages_example_for_curl_is_taken_as_signed(
    districts: Districts, tmp_path: Path
) -> None:
    [script] = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
    us = ourselves(districts)
    key = private_key(districts.near.district, "signing")
    pem = tmp_path / "key.pem"
    assert key.private_key is not None
    pem.write_bytes(
        key.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    async with served(districts.owner.app) as endpoint:
        owner = await owner_of(districts, endpoint)
        message = packed(us, owner)

        def send() -> SignedReceipt:
            with Client(us) as client:
                return client.send(message, owner)

        given = await asyncio.to_thread(send)
        answer = await run_shell(
            script,
            {
                "ENDPOINT": endpoint,
                "EXCHANGE": str(message.exchange_id),
                "US": NEAR,
                "THEM": OWNER,
                "KEY": str(pem),
                "KEY_ID": str(key.kid),
            },
        )

    # It is proven and read: only its turn has not come.
    assert given.receipt.message_id == message.message_id
    assert json.loads(answer)["type"] == "urn:tongban:problem:out-of-turn"
