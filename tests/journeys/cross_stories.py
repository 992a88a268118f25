"""Cases that several districts handle: online with one; jointly with two, one down at first.

Mr Huang's, in the proxy mode, is among the `stories`.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import httpx
from journeys.reliance_story import ReliedLicence
from journeys.stories import (
    HALL,
    PATIENCE_SECONDS,
    PDF,
    Record,
    Tell,
    arrived,
    filled,
    first_answers,
    hand_in_required,
    until,
)

from support.hall import District, Person

__all__ = ["company_moves", "insured_online"]

CERTIFICATE = "社会保险参保证明网上开具"
LEAVING = "企业跨区迁移登记（迁出）"
FIRM = "91610133MA6U0CEC88"


async def insured_online(near: District, owner: District, tell: Tell) -> Record:
    """刘女士 in 高新 is insured in 安康: identity recognised here, all else handled there."""
    started = time.monotonic()
    record = Record()
    clerk = near.person("网办专员何静", "clerk", site=HALL)
    matter = await _matter(near, owner, CERTIFICATE)
    case = await clerk.post("/cases", await _application(near, matter, _person(), HALL))
    await hand_in_required(near, clerk, case, matter["code"])
    await clerk.act(case["id"], "pre_check", {"comment": "人脸与证件核验一致"})
    await clerk.act(case["id"], "forward")
    tell(near.name, clerk.name, f"核验身份与证据，转往{owner.name}全程网办：{case['number']}")

    officer = owner.person("社保专员唐磊", "clerk", "approver")
    far = await arrived(officer, case["number"])
    await officer.act(far["id"], "accept")
    await officer.act(far["id"], "decide", {"outcome": "granted"})
    await officer.act(far["id"], "close")
    tell(owner.name, officer.name, f"网上受理、开具并告知申请人：{far['number']}")
    closed = await until(clerk, case["id"], lambda one: one["stage"] == "closed")
    tell(near.name, "互通服务", "结果互认，本区办件办结；申请人由办理区告知，收件区不重复告知")

    record.cases = {"near": closed, "owner": await officer.get(f"/cases/{far['id']}")}
    record.facts = {
        "exchange": await clerk.get(f"/exchanges/{closed['exchange_id']}"),
        "told_here": await clerk.get(f"/cases/{case['id']}/notices"),
        "told_there": await officer.get(f"/cases/{far['id']}/notices"),
    }
    record.seconds = time.monotonic() - started
    return record


async def company_moves(
    near: District, leaving: District, arriving: District, tell: Tell
) -> Record:
    """A firm moves from 曲江 to 安康: one window in 高新, both decide; 安康 is down at first.

    Beside it 高新 relies on a licence of 安康's, which is revoked in the last part.
    """
    started = time.monotonic()
    record = Record()
    clerk = near.person("窗口李敏", "clerk", site=HALL)
    matter = await _matter(near, leaving, LEAVING)
    shop = ReliedLicence(near, arriving, tell)
    await shop.is_issued()
    for door in _doors(arriving):
        await arriving.platform.halt(door)
    tell(arriving.name, "网关", "停机维护")

    case = await clerk.post("/cases", await _application(near, matter, _firm(), HALL))
    await hand_in_required(near, clerk, case, matter["code"])
    await clerk.act(case["id"], "receive")
    sent = await clerk.act(case["id"], "forward")
    tell(near.name, clerk.name, f"一窗受理企业迁移 {case['number']}，转往两区联办")

    await shop.is_asked_about()

    out = _officers(leaving, "曲江")
    far = await arrived(out[0], case["number"])
    await out[0].act(far["id"], "accept")
    exchange = f"/exchanges/{sent['exchange_id']}"
    blocked = await _joint(clerk, exchange, lambda joint: _state(joint, leaving) == "accepted")
    tell(near.name, clerk.name, f"联办进展：曲江已受理，等待 {'、'.join(blocked['blocking'])}")

    for door in _doors(arriving):
        arriving.platform.resume(door)
    await _answers(arriving)
    tell(arriving.name, "网关", "恢复，积压的材料包自动送达")
    await shop.is_relied_on()
    into = _officers(arriving, "安康")
    other = await arrived(into[0], case["number"])
    await _corrected_once(near, arriving, clerk, into[0], case, other, tell)
    for officers, one, district in ((out, far, leaving), (into, other, arriving)):
        await _decided(officers, one["id"], is_accepted=district is leaving)
        tell(district.name, officers[2].name, f"准予，出具盖章通知书：{one['number']}")

    closed = await until(clerk, case["id"], lambda one: one["stage"] == "closed")
    handed = await clerk.act(case["id"], "deliver", {"way": "counter"})
    tell(near.name, clerk.name, f"两区均已准予，当面交付：{closed['outcome']}")
    concluded = await _joint(clerk, exchange, lambda joint: not joint["blocking"])
    revoked = await shop.is_revoked()
    record.cases = {
        "near": handed,
        "leaving": await out[0].get(f"/cases/{far['id']}"),
        "arriving": await into[0].get(f"/cases/{other['id']}"),
    }
    record.facts = {
        "blocked": blocked,
        "concluded": concluded,
        "exchange": await clerk.get(exchange),
        "told": await clerk.get(f"/cases/{case['id']}/notices"),
        "revoked": revoked,
    }
    record.seconds = time.monotonic() - started
    return record


async def _corrected_once(
    near: District,
    owner: District,
    clerk: Person,
    officer: Person,
    case: Any,
    far: Any,
    tell: Tell,
) -> None:
    """The owner asks once; the near window tells, takes in, and passes on."""
    missing = [{"material": "m2", "what": "决议须加盖公章"}]
    await officer.act(far["id"], "request_correction", {"missing": missing})
    asked = await until(clerk, case["id"], lambda one: one["stage"] == "correcting")
    tell(near.name, clerk.name, f"一次告知申请人：{asked['missing'][0]['what']}")
    await clerk.hand_in(case["id"], "m2", "决议（盖章）.pdf", PDF)
    await clerk.act(case["id"], "correct")
    await until(officer, far["id"], lambda one: one["stage"] == "received")
    tell(owner.name, officer.name, "收到补正，继续办理")


async def _decided(
    officers: tuple[Person, Person, Person], case_id: str, *, is_accepted: bool
) -> None:
    clerk, reviewer, approver = officers
    if not is_accepted:
        await clerk.act(case_id, "accept")
    await reviewer.act(case_id, "review", {"comment": "符合迁移条件"})
    await approver.act(case_id, "decide", {"outcome": "granted"})
    await approver.act(case_id, "close")


async def _answers(district: District) -> None:
    """Wait until its gateway is there again."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with contextlib.suppress(httpx.TransportError):
                await district.client.get("/healthz")
                return
            await asyncio.sleep(0.2)


def _doors(district: District) -> list[str]:
    """The names of its gateway's processes."""
    return [name for name in district.platform.processes if name.startswith("gateway")]


def _officers(district: District, name: str) -> tuple[Person, Person, Person]:
    return (
        district.person(f"{name}窗口", "clerk"),
        district.person(f"{name}审查员", "reviewer"),
        district.person(f"{name}首席代表", "approver"),
    )


async def _joint(clerk: Person, path: str, holds: Callable[[Any], bool]) -> Any:
    """Wait until the districts of a joint case stand as the story goes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        joint = (await clerk.get(path))["joint"]
        if joint is not None and holds(joint):
            return joint
        await asyncio.sleep(0.1)
    raise TimeoutError(f"{path} did not come that far within {PATIENCE_SECONDS} s: {joint}")


def _state(joint: Any, district: District) -> str | None:
    states = {one["district"]: str(one["state"]) for one in joint["standing"]}
    return states.get(district.code)


async def _matter(near: District, owner: District, name: str) -> Any:
    found = await near.stranger().get("/matters", q=name, limit=100)
    return next(
        one for one in found["items"] if one["name"] == name and one["owner_district"] == owner.code
    )


async def _application(near: District, matter: Any, applicant: Any, site: str) -> Any:
    version = await near.stranger().get(f"/matters/{matter['code']}")
    return {
        "matter_code": matter["code"],
        "applicant": applicant,
        "form": filled(version, {"name": applicant["name"], "credit_code": FIRM}),
        "situation_answers": first_answers(version),
        "site_id": site,
        "channel": "window",
    }


def _person() -> dict[str, Any]:
    return {
        "kind": "person",
        "name": "刘芳",
        "identity_kind": "resident_identity_card",
        "identity_number": "610113199003074518",
    }


def _firm() -> dict[str, Any]:
    return {
        "kind": "enterprise",
        "name": "西安曲江长歌文化传播有限公司",
        "credit_code": FIRM,
        "legal_representative": "黄志远",
    }
