"""Applications that the tests of faults and of bad input hand in."""

from typing import Any

from journeys.stories import filled, first_answers

from support.hall import District

__all__ = ["HALL", "PDF", "matter_of", "pension_application", "tax_application"]

HALL = "zhangba-street"
PENSION_CHECK = "城乡居民养老保险待遇资格认证"
TAX_CHANGE = "变更税务登记"
FIRM = "91610133MA6U0CEC88"
PDF = b"%PDF-1.4\n1 0 obj <</Type/Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"


async def matter_of(near: District, owner: District, name: str) -> Any:
    """Return `owner`'s matter of this name, as `near` lists it, with its version's content."""
    found = await near.stranger().get("/matters", q=name, limit=100)
    code = next(
        one["code"]
        for one in found["items"]
        if one["name"] == name and one["owner_district"] == owner.code
    )
    return await near.stranger().get(f"/matters/{code}")


async def pension_application(near: District, **changes: Any) -> dict[str, Any]:
    """Return an old lady's application for an immediate matter of the district's own."""
    matter = await matter_of(near, near, PENSION_CHECK)
    return {
        "matter_code": matter["code"],
        "applicant": {
            "kind": "person",
            "name": "赵桂兰",
            "identity_kind": "resident_identity_card",
            "identity_number": "610113195203081220",
        },
        "form": filled(matter, {"name": "赵桂兰"}),
        "situation_answers": first_answers(matter),
        "site_id": HALL,
        "channel": "window",
        "confirm_duplicate": True,  # she applies in every test
        **changes,
    }


async def tax_application(near: District, owner: District) -> dict[str, Any]:
    """Return Mr Huang's application for a matter of the other district."""
    matter = await matter_of(near, owner, TAX_CHANGE)
    return {
        "matter_code": matter["code"],
        "applicant": {
            "kind": "enterprise",
            "name": "西安曲江长歌文化传播有限公司",
            "credit_code": FIRM,
            "legal_representative": "黄志远",
        },
        "form": filled(matter, {"credit_code": FIRM, "legal_representative": "黄志远"}),
        "situation_answers": first_answers(matter, prefer="no"),
        "site_id": HALL,
        "channel": "window",
        "confirm_duplicate": True,
    }
