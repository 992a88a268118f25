"""Three cases from counter to result, told step by step: 黄先生, 赵奶奶, 小馆子.

Each story speaks to whole districts through their gateways, as the people in it would. `play.py`
prints them; `test_stories.py` proves them.
"""

import asyncio
import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from support.hall import District, Person

__all__ = [
    "HALL",
    "PATIENCE_SECONDS",
    "PDF",
    "Record",
    "Tell",
    "arrived",
    "elderly",
    "filled",
    "first_answers",
    "hand_in_required",
    "local_promise",
    "mr_huang",
    "until",
]

TAX_CHANGE = "变更税务登记"
PENSION_CHECK = "城乡居民养老保险待遇资格认证"
FOOD_LICENCE = "食品经营许可（新办）"
HALL = "hitech-hall"
PATIENCE_SECONDS = 60

PDF = b"%PDF-1.4\n1 0 obj <</Type/Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"

SCAN_BYTES = 3_000_000
"""A scan in colour: larger than what a message between districts holds inside."""

Tell = Callable[[str, str, str], None]
"""Told of each step: the district, who acts, what happened."""


@dataclass
class Record:
    """What a story came to."""

    cases: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


async def mr_huang(near: District, owner: District, tell: Tell) -> Record:
    """黄先生 lives in 高新, his firm is in 曲江: its tax registration is changed at a 高新 hall."""
    started = time.monotonic()
    record = Record()
    clerk = near.person("窗口李敏", "clerk", site=HALL)

    found = await near.stranger().get("/matters", q=TAX_CHANGE)
    matter = next(
        one
        for one in found["items"]
        if one["name"] == TAX_CHANGE and one["owner_district"] == owner.code
    )
    tell(near.name, clerk.name, f"检索“{TAX_CHANGE}”：属{owner.name}，按协议可在本厅代收")

    ticket = await _ticket_served(near, clerk, matter["code"], tell, window_kind="cross_district")
    case = await clerk.post("/cases", _tax_application(matter["code"], ticket["id"]))
    tell(near.name, clerk.name, f"录入申请 {case['number']}")
    scanned = PDF + b"%" + os.urandom(SCAN_BYTES)
    await hand_in_required(near, clerk, case, matter["code"], content=scanned)
    await clerk.act(case["id"], "pre_check", {"comment": "身份与材料形式核对无误"})
    received = await clerk.act(case["id"], "receive")
    tell(near.name, clerk.name, f"收件并出具收件凭证，办件环节：{received['stage']}")
    await clerk.act(case["id"], "forward")
    tell(near.name, clerk.name, f"加密签名后转往{owner.name}")

    tax_officer = owner.person("税务窗口王强", "clerk", "approver")
    far = await arrived(tax_officer, case["number"])
    tell(owner.name, "互通服务", f"验签收悉，回签回执，本区办件号 {far['number']}")
    await tax_officer.act(far["id"], "accept")
    tell(owner.name, tax_officer.name, "受理（即办件）")
    await tax_officer.act(
        far["id"], "decide", {"outcome": "granted", "outside_number": "陕税变字2026第0117号"}
    )
    await tax_officer.act(far["id"], "close")
    tell(owner.name, tax_officer.name, "当场办结，出具盖章的办理结果通知书（无证照）")

    closed = await until(clerk, case["id"], lambda one: one["stage"] == "closed")
    tell(near.name, "互通服务", f"结果通知书验章通过，等效互认，办件 {closed['number']} 办结")
    closed = await clerk.act(case["id"], "deliver", {"way": "counter"})
    tell(near.name, clerk.name, "将结果通知书交付黄先生，送达回证一份")
    progress = await near.stranger().post(
        "/cases/progress", {"number": case["number"], "id_tail": "EC88"}
    )
    tell(near.name, "黄先生", f"凭办件号查询：{progress['stage']}，对方办件号 {far['number']}")
    receipt = {"number": case["number"], "id_tail": "EC88"}
    await near.stranger().post("/ratings", {**receipt, "score": 5, "owner_score": 5})
    tell(near.name, "黄先生", "评价：高新区 5 分，曲江新区 5 分")
    rated = await _rated_at(owner, far["id"])
    tell(owner.name, "好差评", "收到黄先生对本区的评价 5 分")

    record.cases = {"near": closed, "owner": await tax_officer.get(f"/cases/{far['id']}")}
    record.facts = {
        "ticket": await clerk.get(f"/tickets/{ticket['id']}"),
        "exchange": await clerk.get(f"/exchanges/{closed['exchange_id']}"),
        "scanned": hashlib.sha256(scanned).hexdigest(),
        "files": await near.person("督办员", "supervisor").get(
            "/exchanges/files", partner=owner.code
        ),
        "documents": await clerk.get(f"/cases/{case['id']}/documents"),
        "progress": progress,
        "owner_ratings": rated,
    }
    record.seconds = time.monotonic() - started
    return record


async def elderly(near: District, tell: Tell) -> Record:
    """赵奶奶 is 74 and has no phone: green channel, a named helper, all done at one stop."""
    started = time.monotonic()
    record = Record()
    site = "zhangba-street"
    clerk = near.person("窗口周洁", "clerk", site=site)
    helper = near.person("帮办员陈晨", "helper", site=site)

    found = await near.stranger().get("/matters", q=PENSION_CHECK)
    matter = next(one for one in found["items"] if one["owner_district"] == near.code)
    holder = {"name": "赵桂兰", "identity_number": "610113195203081220"}
    ticket = await helper.post(
        f"/sites/{site}/tickets",
        {"matter_code": matter["code"], "channel": "window", "holder": holder},
    )
    tell(near.name, "赵奶奶（74岁）", f"到{site}取号 {ticket['number']}，绿色通道")
    window = await _window(near, site, "green")
    called = await clerk.post(f"/windows/{window['id']}/call-next")
    await clerk.post(f"/tickets/{ticket['id']}/serve")
    tell(near.name, clerk.name, f"{window['name']} 叫号 {called['ticket']['number']}")

    version = await near.stranger().get(f"/matters/{matter['code']}")
    case = await helper.post(
        "/cases",
        {
            "matter_code": matter["code"],
            "applicant": {
                "kind": "person",
                "name": "赵桂兰",
                "identity_kind": "resident_identity_card",
                "identity_number": "610113195203081220",
            },
            "form": filled(version, {"name": "赵桂兰"}),
            "situation_answers": first_answers(version),
            "site_id": site,
            "ticket_id": ticket["id"],
            "channel": "window",
        },
    )
    await helper.post(
        f"/cases/{case['id']}/assistance",
        {
            "mode": "assist",
            "helper_name": "陈晨",
            "steps": ["guide", "fill_in", "copy", "print"],
        },
    )
    tell(near.name, helper.name, f"一对一帮办：引导、填表、复印、打印，办件 {case['number']}")
    await hand_in_required(near, helper, case, matter["code"])
    for action, body in (
        ("receive", None),
        ("accept", None),
        ("decide", {"outcome": "granted"}),
        ("close", None),
    ):
        done = await clerk.act(case["id"], action, body)
    await clerk.post(f"/tickets/{ticket['id']}/done")
    tell(near.name, clerk.name, f"一站办结（即办件）：{done['stage']}，全程无需手机")

    record.cases = {"near": await clerk.get(f"/cases/{case['id']}")}
    record.facts = {
        "ticket": await clerk.get(f"/tickets/{ticket['id']}"),
        "assistance": await clerk.get(f"/cases/{case['id']}/assistance"),
    }
    record.seconds = time.monotonic() - started
    return record


async def local_promise(near: District, tell: Tell) -> Record:
    """A small restaurant's food licence: a promised matter with a correction and an e-licence."""
    started = time.monotonic()
    record = Record()
    owner_of_shop = near.person("店主刘洋", "citizen")
    clerk = near.person("窗口李敏", "clerk", site=HALL)
    reviewer = near.person("审查员孙涛", "reviewer")
    approver = near.person("首席代表郑华", "approver")

    found = await near.stranger().get("/matters", q=FOOD_LICENCE)
    matter = next(one for one in found["items"] if one["owner_district"] == near.code)
    version = await near.stranger().get(f"/matters/{matter['code']}")
    answers = first_answers(version, prefer="no")
    case = await owner_of_shop.post(
        "/cases",
        {
            "matter_code": matter["code"],
            "applicant": {
                "kind": "person",
                "name": "刘洋",
                "identity_kind": "resident_identity_card",
                "identity_number": "610113199003074518",
                "phone": "13800138000",
            },
            "form": filled(version, {"name": "刘洋小馆"}),
            "situation_answers": answers,
            "site_id": HALL,
            "channel": "online",
        },
    )
    tell(near.name, owner_of_shop.name, f"网上申请 {FOOD_LICENCE}，办件 {case['number']}")
    missing = await hand_in_required(near, owner_of_shop, case, matter["code"], leave_out=1)
    await clerk.act(case["id"], "receive")
    await clerk.act(
        case["id"],
        "request_correction",
        {"missing": [{"material": missing[0]["key"], "what": f"请补交{missing[0]['name']}"}]},
    )
    tell(near.name, clerk.name, f"一次性告知补正：{missing[0]['name']}")
    await owner_of_shop.hand_in(case["id"], missing[0]["key"], "补交.pdf", PDF)
    await owner_of_shop.act(case["id"], "correct")
    tell(near.name, owner_of_shop.name, "补正完成")
    accepted = await clerk.act(case["id"], "accept")
    tell(near.name, clerk.name, f"受理，承诺 {accepted['promised_due_on']} 前办结")
    await reviewer.act(case["id"], "review", {"comment": "材料与现场核查符合要求"})
    tell(near.name, reviewer.name, "审查通过")
    await approver.act(case["id"], "decide", {"outcome": "granted"})
    tell(near.name, approver.name, "准予许可")
    await approver.act(case["id"], "issue")
    licences = (await owner_of_shop.get("/me/licences"))["items"]
    licence = licences[0]
    tell(near.name, approver.name, f"核发电子证照 {licence['number']}")
    await owner_of_shop.post("/me/consents", {"purpose": "deliver_online"})
    await clerk.act(case["id"], "deliver", {"way": "online"})
    closed = await clerk.act(case["id"], "close")
    verified = await near.stranger().get(f"/licences/verify/{licence['verification_code']}")
    tell(near.name, "任何人", f"验证证照：{verified['standing']}，环节 {closed['stage']}")

    record.cases = {"near": await owner_of_shop.get(f"/cases/{case['id']}")}
    record.facts = {"licence": licence, "verified": verified, "accepted": accepted}
    record.seconds = time.monotonic() - started
    return record


async def _ticket_served(
    near: District, clerk: Person, matter_code: str, tell: Tell, *, window_kind: str
) -> Any:
    ticket = await clerk.post(
        f"/sites/{HALL}/tickets",
        {"matter_code": matter_code, "channel": "window", "holder": {"name": "黄志远"}},
    )
    tell(near.name, "黄先生", f"在{HALL}取号 {ticket['number']}")
    window = await _window(near, HALL, window_kind)
    called = await clerk.post(f"/windows/{window['id']}/call-next")
    while called["ticket"] is not None and called["ticket"]["id"] != ticket["id"]:
        called = await clerk.post(f"/windows/{window['id']}/call-next")
    await clerk.post(f"/tickets/{ticket['id']}/serve")
    tell(near.name, clerk.name, f"{window['name']} 叫号 {ticket['number']}")
    return ticket


def _tax_application(matter_code: str, ticket_id: str) -> dict[str, Any]:
    return {
        "matter_code": matter_code,
        "applicant": {
            "kind": "enterprise",
            "name": "西安曲江长歌文化传播有限公司",
            "credit_code": "91610133MA6U0CEC88",
            "legal_representative": "黄志远",
        },
        "agent": {
            "name": "黄志远",
            "identity_kind": "resident_identity_card",
            "identity_number": "610113198507141230",
            "phone": "13900139000",
        },
        "form": {
            "name": "西安曲江长歌文化传播有限公司",
            "credit_code": "91610133MA6U0CEC88",
            "legal_representative": "黄志远",
            "address": "西安曲江新区雁翔路3369号",
            "contact_name": "黄志远",
            "contact_phone": "13900139000",
            "change_content": "经营地址变更",
        },
        "situation_answers": {"has_agent": "no"},
        "site_id": HALL,
        "ticket_id": ticket_id,
        "channel": "window",
    }


async def hand_in_required(
    near: District,
    person: Person,
    case: Any,
    matter_code: str,
    *,
    leave_out: int = 0,
    content: bytes = PDF,
) -> list[Any]:
    """Hand in every material that the case still misses, save the last `leave_out`."""
    read = await person.get(f"/cases/{case['id']}")
    missing = [one for one in read["materials"] if one["is_missing"]]
    last = len(missing) - leave_out
    for material in missing[:last]:
        await person.hand_in(case["id"], material["key"], f"{material['name']}.pdf", content)
    return missing[last:]


async def _window(near: District, site_id: str, kind: str) -> Any:
    windows = (await near.stranger().get(f"/sites/{site_id}"))["windows"]
    return next(one for one in windows if one["kind"] == kind)


async def arrived(officer: Person, near_number: str) -> Any:
    """Wait until the case of the other district has come in."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        page = await officer.get("/cases", number=near_number)
        if page["items"]:
            return page["items"][0]
        await asyncio.sleep(0.1)
    raise TimeoutError(f"{near_number} did not arrive within {PATIENCE_SECONDS} s")


async def until(person: Person, case_id: str, holds: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        case = await person.get(f"/cases/{case_id}")
        if holds(case):
            return case
        await asyncio.sleep(0.1)
    raise TimeoutError(f"case {case_id} stayed {case['stage']} for {PATIENCE_SECONDS} s")


async def _rated_at(owner: District, case_id: str) -> Any:
    """Wait until the owner knows what its part was rated."""
    supervisor = owner.person("督办员", "supervisor")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        summary = await supervisor.get("/ratings/summary")
        if summary["count"]:
            return summary
        await asyncio.sleep(0.1)
    raise TimeoutError(f"no rating of {case_id} came within {timedelta(seconds=PATIENCE_SECONDS)}")


def first_answers(version: Any, *, prefer: str | None = None) -> dict[str, str]:
    """Answer every question of the matter: `prefer` where it is an answer, else the first."""
    answers: dict[str, str] = {}
    for situation in version["content"]["situations"]:
        values = [one["value"] for one in situation["answers"]]
        chosen: str = prefer if prefer is not None and prefer in values else values[0]
        answers[situation["key"]] = chosen
    return answers


def filled(version: Any, known: dict[str, str]) -> dict[str, Any]:
    """Fill in the matter's form with plausible words."""
    words: dict[str, Any] = {
        "text": "西安市高新区丈八街道",
        "number": 1,
        "date": "2026-11-20",
        "credit_code": "91610133MA6U0CEC88",
        "identity_number": "610113195203081220",
        "phone": "02988888888",
    }
    form = {}
    for entry in version["content"]["form_fields"]:
        chosen = entry["options"][0] if entry.get("options") else words.get(entry["kind"], "无")
        form[entry["key"]] = known.get(entry["key"], chosen)
    return form
