"""The vocabularies of HSDS (分类词表): what areas, depths and aids are called. Pure."""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from site_service.sites.rules import Area
from site_service.sites.vocabulary import Depth

__all__ = [
    "ACCESSIBILITY_NAMES",
    "AREA",
    "DEPTH",
    "Document",
    "attribute",
    "crossed",
    "id_of",
    "taxonomies",
    "taxonomy_term",
    "taxonomy_terms",
]

Document = dict[str, Any]

AREA_NAMES: Mapping[str, str] = MappingProxyType(
    {
        Area.BUSINESS_REGISTRATION: "商事登记",
        Area.TAX: "税务",
        Area.SOCIAL_INSURANCE: "社会保险",
        Area.CREDIT_REPORT: "征信",
        Area.NOTARY: "公证",
        Area.INTELLECTUAL_PROPERTY: "知识产权",
        Area.TRADE_PROMOTION: "贸易促进",
        Area.MEDICAL_INSURANCE: "医疗保障",
        Area.CIVIL_AFFAIRS: "民政",
        Area.FAMILY: "婚育",
        Area.EMPLOYMENT: "就业",
        Area.TALENT: "人才",
        Area.HOUSING: "住房",
        Area.CONSTRUCTION: "工程建设",
        Area.PLANNING: "规划",
        Area.ENVIRONMENT: "生态环境",
        Area.TRANSPORT: "交通",
        Area.HEALTH: "卫生健康",
        Area.FOOD_DRUG: "食品药品",
        Area.EDUCATION: "教育",
        Area.CULTURE: "文化体育",
        Area.AGRICULTURE: "农业",
        Area.PUBLIC_SECURITY: "公安",
        Area.UTILITIES: "水电气",
        Area.INVESTMENT: "投资",
        Area.ELDERLY: "老龄",
        Area.DISABILITY: "残疾人事务",
        Area.OTHER: "其他",
    }
)
DEPTH_NAMES: Mapping[str, str] = MappingProxyType(
    {
        Depth.INFORM: "咨询引导",
        Depth.RECEIVE: "收件受理",
        Depth.DECIDE: "当场办结",
        Depth.PRINT: "自助打印",
    }
)
ACCESSIBILITY_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "wheelchair_ramp": "轮椅坡道",
        "wheelchair": "轮椅",
        "barrier_free_toilet": "无障碍卫生间",
        "accessible_parking": "无障碍车位",
        "lift": "电梯",
        "tactile_paving": "盲道",
        "low_counter": "低位柜台",
        "hearing_aid_loop": "助听设备",
        "sign_language": "手语服务",
    }
)
AREA, DEPTH = "area", "depth"
_TERMS: Mapping[str, Mapping[str, str]] = MappingProxyType({AREA: AREA_NAMES, DEPTH: DEPTH_NAMES})
_TAXONOMIES: Mapping[str, str] = MappingProxyType({AREA: "业务领域", DEPTH: "办理深度"})


def id_of(*parts: str) -> str:
    """Return an id made from names alone: the same again for the same, in every export.

    RFC 9562, version 8: the first 122 bits of a SHA-256.
    """
    return _versioned(hashlib.sha256("\x1f".join(parts).encode()).digest()[:16])


def crossed(one: str, other: str) -> str:
    """Return an id made of two; it and either of them give the other back."""
    both = UUID(one).int ^ UUID(other).int
    return _versioned(both.to_bytes(16, "big"))


def _versioned(digest: bytes) -> str:
    octets = bytearray(digest)
    octets[6] = octets[6] & 0x0F | 0x80
    octets[8] = octets[8] & 0x3F | 0x80
    return str(UUID(bytes=bytes(octets)))


def taxonomies() -> list[Document]:
    """Return the vocabularies by which services are told apart."""
    return [
        {
            "id": id_of("taxonomy", kind),
            "name": name,
            "description": f"{name} / {kind}",
            "version": "1",
        }
        for kind, name in _TAXONOMIES.items()
    ]


def taxonomy_terms() -> list[Document]:
    """Return every word of the vocabularies."""
    return [taxonomy_term(kind, code) for kind, terms in _TERMS.items() for code in terms]


def taxonomy_term(kind: str, code: str) -> Document:
    """Return a word of a vocabulary; one that came later than this release is its own name."""
    name = _TERMS[kind].get(code, code)
    return {
        "id": id_of("taxonomy_term", kind, code),
        "code": code,
        "name": name,
        "description": f"{_TAXONOMIES[kind]}：{name} / {code.replace('_', ' ')}",
        "taxonomy": _TAXONOMIES[kind],
        "taxonomy_id": id_of("taxonomy", kind),
        "language": "zh",
    }


def attribute(key: str, entity: str, kind: str, code: str) -> Document:
    term = taxonomy_term(kind, code)
    return {
        "id": id_of(key, "attribute", kind, code),
        "link_id": key,
        "taxonomy_term_id": term["id"],
        "link_type": kind,
        "link_entity": entity,
        "value": term["name"],
        "taxonomy_term": term,
    }
