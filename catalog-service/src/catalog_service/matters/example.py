"""A matter's content as an example: for the event's contract, the API's page and tests."""

from typing import Any

__all__ = ["EXAMPLE_CONTENT"]

EXAMPLE_CONTENT: dict[str, Any] = {
    "code": "11610171MB290000144610102003001",
    "name": "食品经营许可（新办）",
    "english_name": "Food business licence (new)",
    "summary": "从事食品销售和餐饮服务的，应当依法取得食品经营许可。",
    "matter_type": "licence",
    "handling": "promised",
    "body": {"code": "11610171MB29000014", "name": "高新区行政审批服务局", "kind": "bureau"},
    "concentrated": True,
    "audiences": ["person", "enterprise"],
    "area": "food_drug",
    "statutory_days": 20,
    "promised_days": 5,
    "baseline": {
        "as_of": "2018-12-31",
        "required_materials": ["申请书", "营业执照复印件", "场所平面图", "管理制度"],
        "days": 20,
    },
    "materials": [
        {
            "key": "application",
            "name": "食品经营许可申请书",
            "necessity": "required",
            "form": "original",
            "copies": 1,
            "source": "applicant",
            "when": None,
            "waived_by": [],
        },
        {
            "key": "business_licence",
            "name": "营业执照",
            "necessity": "required",
            "form": "copy",
            "copies": 1,
            "source": "government",
            "when": None,
            "waived_by": ["business_licence"],
        },
        {
            "key": "agreement",
            "name": "集中用餐单位食堂承包协议",
            "necessity": "supply_later",
            "form": "copy",
            "copies": 1,
            "source": "applicant",
            "when": {"fact": "has_canteen", "is": "yes"},
            "waived_by": [],
        },
    ],
    "situations": [
        {
            "key": "has_canteen",
            "question": "是否经营单位食堂？",
            "english_question": "Do you run a canteen?",
            "answers": [
                {"value": "yes", "label": "是", "english_label": "Yes"},
                {"value": "no", "label": "否", "english_label": "No"},
            ],
            "when": None,
        }
    ],
    "form_fields": [
        {"key": "shop_name", "label": "经营场所名称", "kind": "text", "required": True},
        {"key": "seats", "label": "就餐座位数", "kind": "number", "required": False},
    ],
    "legal_basis": [{"law": "中华人民共和国食品安全法", "article": "第三十五条"}],
    "fees": [],
    "steps": [{"name": "受理", "days": 1}, {"name": "审查与决定", "days": 4}],
    "special_procedures": [{"kind": "site_survey", "days": 10}],
    "results": [
        {
            "kind": "licence",
            "licence_type": "food_business_licence",
            "name": "食品经营许可证",
            "validity_months": 60,
        }
    ],
    "channels": ["window", "online", "kiosk"],
    "online_depth": 4,
    "visits": 0,
    "handling_scope": "local",
    "outside_system": None,
    "keywords": ["开餐馆", "食品证"],
    "provenance": "illustrative",
}
