"""When in a person's or a firm's life a matter comes up (生命周期阶段). Pure.

Read from a matter's area, name and keywords, so that partners' matters have their stage too.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

from catalog_service.matters.vocabulary import Area

__all__ = ["LifeStage", "life_stages"]


class LifeStage(StrEnum):
    BIRTH = "birth"  # 出生
    SCHOOLING = "schooling"  # 上学
    WORK = "work"  # 就业
    MARRIAGE = "marriage"  # 婚育
    HOME = "home"  # 安居
    ILLNESS = "illness"  # 就医
    RETIREMENT = "retirement"  # 养老
    DEATH = "death"  # 身后
    OPENING = "opening"  # 企业开办
    CHANGING = "changing"  # 企业变更
    CLOSING = "closing"  # 企业注销


_AREAS: Mapping[str, LifeStage] = MappingProxyType(
    {
        Area.EDUCATION: LifeStage.SCHOOLING,
        Area.EMPLOYMENT: LifeStage.WORK,
        Area.TALENT: LifeStage.WORK,
        Area.HOUSING: LifeStage.HOME,
        Area.UTILITIES: LifeStage.HOME,
        Area.MEDICAL_INSURANCE: LifeStage.ILLNESS,
        Area.DISABILITY: LifeStage.ILLNESS,
        Area.ELDERLY: LifeStage.RETIREMENT,
    }
)
_WORDS: Mapping[LifeStage, tuple[str, ...]] = MappingProxyType(
    {
        LifeStage.BIRTH: ("出生", "新生儿", "生育", "预防接种"),
        LifeStage.SCHOOLING: ("入学", "助学", "学生"),
        LifeStage.WORK: ("失业", "就业", "工伤", "职称"),
        LifeStage.MARRIAGE: ("婚姻", "婚育", "再生育"),
        LifeStage.HOME: ("户口迁移", "居住证", "契税", "住房"),
        LifeStage.RETIREMENT: ("退休", "养老", "老年"),
        LifeStage.DEATH: ("死亡", "丧葬", "殡葬", "继承"),
    }
)
_OF_FIRMS: Mapping[LifeStage, tuple[str, ...]] = MappingProxyType(
    {
        LifeStage.OPENING: ("设立", "新办", "核发", "首次", "自主申报", "成立"),
        LifeStage.CHANGING: ("变更", "增项", "备案（董事"),
        LifeStage.CLOSING: ("注销", "终止", "取消"),
    }
)
_FIRMS_AREAS = frozenset(
    (Area.BUSINESS_REGISTRATION, Area.TAX, Area.FOOD_DRUG, Area.SOCIAL_INSURANCE)
)


def life_stages(name: str, *, area: str, keywords: Sequence[str]) -> Iterator[LifeStage]:
    """Yield each stage in which the matter comes up."""
    said = " ".join((name, *keywords))
    for stage in LifeStage:
        named = any(word in said for word in _WORDS.get(stage, ()))
        firms = area in _FIRMS_AREAS and any(word in name for word in _OF_FIRMS.get(stage, ()))
        if _AREAS.get(area) is stage or named or firms:
            yield stage
