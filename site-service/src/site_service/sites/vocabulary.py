"""The registry's own words: datums, depths, facilities, contacts (网点词汇)."""

from enum import StrEnum

__all__ = [
    "ACCESSIBILITY",
    "ELDERLY_FACILITIES",
    "ContactKind",
    "Datum",
    "Depth",
    "TransitKind",
]


class Datum(StrEnum):
    """What a pair of coordinates is measured against; stored is WGS-84 alone."""

    WGS84 = "wgs84"  # 全球定位坐标
    GCJ02 = "gcj02"  # 国测局坐标
    BD09 = "bd09"  # 百度坐标


class Depth(StrEnum):
    """How far a matter is handled at a site."""

    INFORM = "inform"  # 咨询引导
    RECEIVE = "receive"  # 收件受理
    DECIDE = "decide"  # 当场办结
    PRINT = "print"  # 自助打印


class ContactKind(StrEnum):
    PHONE = "phone"  # 电话
    EMAIL = "email"  # 电子邮箱
    WECHAT = "wechat"  # 微信
    FAX = "fax"  # 传真


class TransitKind(StrEnum):
    METRO = "metro"  # 地铁
    BUS = "bus"  # 公交


ACCESSIBILITY = frozenset(
    {
        "wheelchair_ramp",
        "wheelchair",
        "barrier_free_toilet",
        "accessible_parking",
        "lift",
        "tactile_paving",
        "low_counter",
        "hearing_aid_loop",
        "sign_language",
    }
)
"""Of the facilities, those that let a disabled person in and be served (无障碍设施)."""

ELDERLY_FACILITIES = frozenset(
    {
        "reading_glasses",
        "wheelchair",
        "rest_area",
        "large_print",
        "emergency_kit",
        "hearing_aid_loop",
        "walking_stick",
        "free_copying",
        "barrier_free_toilet",
    }
)
"""Of the facilities, those that make a visit easier for the old (适老设施)."""
