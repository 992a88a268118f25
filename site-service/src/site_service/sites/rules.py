"""What a site is, when it is open, and what an import of sites must satisfy (网点规则).

Pure. The caller brings the time and the district's working-day calendar.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Protocol

from opening_hours import OpeningHours, State, validate

from tongban.clock import SHANGHAI
from tongban.workdays import Calendar, DayKind

# What a site must have for a visitor in a wheelchair to get in.
ACCESSIBLE_FACILITY = "wheelchair_ramp"
PARKING_FACILITY = "parking"

_SUNDAY = 6
_FRIDAY = 4
# A rule of the OSM syntax that speaks of public holidays: `PH off`, `PH 10:00-16:00`.
_HOLIDAY_RULE = re.compile(r"^PH\s+(?P<hours>.+)$")
_TIMES = re.compile(r"(\d{2}:\d{2})-(\d{2}:\d{2})")
# Of the same days: `09:00-12:00,14:00-17:30`.
_LISTED_TIMES = re.compile(r"[\d:-]{11}(?:,\s*[\d:-]{11})+")


class SiteKind(StrEnum):
    HALL = "hall"  # 政务服务大厅
    CENTRE = "centre"  # 镇街便民服务中心
    STATION = "station"  # 园区政务服务站
    POINT = "point"  # 便民服务点


class SiteState(StrEnum):
    DRAFT = "draft"  # 草稿
    OPEN = "open"  # 开放
    CLOSED = "closed"  # 暂停服务


class WindowKind(StrEnum):
    INTEGRATED = "integrated"  # 综合窗口
    SPECIALIST = "specialist"  # 专业窗口
    CROSS_DISTRICT = "cross_district"  # 跨区通办窗口
    GREEN = "green"  # 绿色通道窗口
    ISSUING = "issuing"  # 出件窗口
    PROBLEM = "problem"  # 办不成事反映窗口


class WindowState(StrEnum):
    OPEN = "open"  # 开放
    CLOSED = "closed"  # 停用


class Provenance(StrEnum):
    SOURCED = "sourced"  # 有出处
    ILLUSTRATIVE = "illustrative"  # 示例


class Area(StrEnum):
    """Business areas: one vocabulary for matters, windows and agreements."""

    BUSINESS_REGISTRATION = "business_registration"  # 商事登记
    TAX = "tax"  # 税务
    SOCIAL_INSURANCE = "social_insurance"  # 社会保险
    CREDIT_REPORT = "credit_report"  # 征信
    NOTARY = "notary"  # 公证
    INTELLECTUAL_PROPERTY = "intellectual_property"  # 知识产权
    TRADE_PROMOTION = "trade_promotion"  # 贸易促进
    MEDICAL_INSURANCE = "medical_insurance"  # 医疗保障
    CIVIL_AFFAIRS = "civil_affairs"  # 民政
    FAMILY = "family"  # 婚育
    EMPLOYMENT = "employment"  # 就业
    TALENT = "talent"  # 人才
    HOUSING = "housing"  # 住房
    CONSTRUCTION = "construction"  # 工程建设
    PLANNING = "planning"  # 规划
    ENVIRONMENT = "environment"  # 生态环境
    TRANSPORT = "transport"  # 交通
    HEALTH = "health"  # 卫生健康
    FOOD_DRUG = "food_drug"  # 食品药品
    EDUCATION = "education"  # 教育
    CULTURE = "culture"  # 文化体育
    AGRICULTURE = "agriculture"  # 农业
    PUBLIC_SECURITY = "public_security"  # 公安
    UTILITIES = "utilities"  # 水电气
    INVESTMENT = "investment"  # 投资
    ELDERLY = "elderly"  # 老龄
    DISABILITY = "disability"  # 残疾人事务
    OTHER = "other"  # 其他


class HoursInvalid(ValueError):
    """Not opening hours in OSM syntax that this district can keep."""


class HoursContradict(HoursInvalid):
    """Two rules for the same days, times that overlap, or one that ends before it begins."""


def check_hours(expression: str) -> str:
    """Return the opening hours when they can be read.

    Raises:
        HoursInvalid: the syntax is wrong, or public holidays are mixed with other days.
        HoursContradict: two rules speak of the same days, a day ends before it begins, or two
            of its times overlap.
    """
    rules = _split(expression)
    twice = [days for days, times in Counter(map(_days_of, rules)).items() if times > 1]
    if twice:
        raise HoursContradict(twice[0] or expression)
    for rule in rules:
        holiday = _HOLIDAY_RULE.match(rule)
        if holiday is None and re.search(r"\b(PH|SH)\b", rule):
            raise HoursInvalid(rule)
        if not validate(holiday["hours"] if holiday else rule):
            raise HoursInvalid(rule)
        for opens, closes in _TIMES.findall(rule):
            if closes <= opens:
                raise HoursContradict(f"{opens}-{closes}")
        for listed in _LISTED_TIMES.findall(rule):
            for (_, closes), (again, _) in pairwise(sorted(_TIMES.findall(listed))):
                if again < closes:
                    raise HoursContradict(listed)
    return expression


def _days_of(rule: str) -> str:
    """The days that a rule speaks of, as written: what stands before its first hour."""
    return re.split(r"\d|\boff\b", rule, maxsplit=1)[0].strip().removesuffix(":")


def is_open_at(expression: str, at: datetime, calendar: Calendar) -> bool:
    """Tell whether a site with these hours is open at `at`.

    A make-up working day (调休) has the hours of the Friday before it. A public holiday has the
    hours of its own rule (`PH …`), else those of a Sunday: what is open daily stays open.
    """
    local = at.astimezone(SHANGHAI).replace(tzinfo=None)
    hours, read_as = _read(expression, local.date(), calendar)
    return hours.is_open(datetime.combine(read_as, local.time()))


def _read(expression: str, day: date, calendar: Calendar) -> tuple[OpeningHours, date]:
    """Return the hours that count on the day, and the day as which they are read."""
    kind = calendar.kind_of(day)
    if kind is DayKind.MAKE_UP_WORKDAY:
        return _parsed(_ordinary(expression)), _back_to(_FRIDAY, day)
    if kind is DayKind.HOLIDAY:
        own = [match["hours"] for match in map(_HOLIDAY_RULE.match, _split(expression)) if match]
        if own:
            return _parsed("; ".join(own)), day
        return _parsed(_ordinary(expression)), _back_to(_SUNDAY, day)
    return _parsed(_ordinary(expression)), day


def times_of(expression: str, day: date, calendar: Calendar) -> tuple[tuple[str, str], ...]:
    """Return when a site with these hours opens and closes on the day, by the calendar."""
    return _opened(*_read(expression, day, calendar))


def is_open_by_clock(expression: str, at: datetime) -> bool:
    """Tell whether hours written for the very day mean open at `at`."""
    return _parsed(expression).is_open(at.astimezone(SHANGHAI).replace(tzinfo=None))


_YEARS = frozenset({2024, 2026})
"""A leap year, and one with a fifty-third week: what comes every year comes in these."""
_NAMED_YEAR = re.compile(r"(?<![\d:])\d{4}(?![\d:])")


Week = tuple[tuple[tuple[str, str], ...], ...]
"""When each weekday opens and closes, Monday first."""


@lru_cache(maxsize=1024)
def weekly_hours(expression: str) -> Week | None:
    """Return when each weekday opens and closes, Monday first; None where weeks differ.

    Public holidays are left out: they follow the calendar, not the week.
    """
    ordinary = _ordinary(expression)
    hours = _parsed(ordinary)
    weeks = (
        tuple(_opened(hours, monday + timedelta(days=nth)) for nth in range(7))
        for monday in _mondays(ordinary)
    )
    first = next(weeks)
    return first if all(week == first for week in weeks) else None


def _mondays(expression: str) -> Iterator[date]:
    """Yield the Mondays of the years in which weeks may differ: those named, and their neighbours.

    `2026 Oct 01-07 off` is seen in that year alone, `2026-2027 Mo-Fr …` in the next after it.
    """
    named = {int(year) + step for year in _NAMED_YEAR.findall(expression) for step in (-1, 0, 1)}
    for year in sorted(year for year in _YEARS | named if year < MAXYEAR):
        monday = date.fromisocalendar(year, 1, 1)
        while monday.year <= year:
            yield monday
            monday += timedelta(weeks=1)


def times_on(expression: str, day: date) -> tuple[tuple[str, str], ...]:
    """Return when hours written for the very day open and close."""
    return _opened(_parsed(expression), day)


def _opened(hours: OpeningHours, day: date) -> tuple[tuple[str, str], ...]:
    begins = datetime.combine(day, time())
    ends = begins + timedelta(days=1)
    return tuple(
        (f"{max(opens, begins):%H:%M}", f"{closes:%H:%M}" if closes < ends else "24:00")
        for opens, closes, state, _ in hours.intervals(begins, ends)
        if state == State.OPEN
    )


def _split(expression: str) -> list[str]:
    return [rule.strip() for rule in expression.split(";")]


def _ordinary(expression: str) -> str:
    rules = [rule for rule in _split(expression) if not _HOLIDAY_RULE.match(rule)]
    return "; ".join(rules) or "off"


def _back_to(weekday: int, day: date) -> date:
    return day - timedelta(days=(day.weekday() - weekday) % 7)


@lru_cache(maxsize=1024)
def _parsed(expression: str) -> OpeningHours:
    return OpeningHours(expression)


@dataclass(frozen=True, slots=True)
class Point:
    """A place, WGS-84."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class SiteFilter:
    """Which sites are asked for; None leaves a property open."""

    kind: SiteKind | None = None
    matter_code: str | None = None
    serves_at: datetime | None = None
    """Drafts are left out, and sites that are closed then; one may reopen before."""
    hours: Collection[str] | None = None
    """The opening hours by which a site is open at the time asked for."""
    special: Collection[str] = ()
    """Sites with hours of their own on that day."""
    special_open: Collection[str] = ()
    is_accessible: bool = False
    has_parking: bool = False
    depth: str | None = None
    drafts_of: Collection[str] | None = ()
    """Whose drafts are seen, by site; None sees all."""
    only: str | None = None
    """One site alone."""


@dataclass(frozen=True, slots=True)
class MatterThere:
    """A matter as seen from one site."""

    point: Point
    state: SiteState
    closed_reason: str | None
    closed_until: datetime | None
    is_handled: bool
    is_partner: bool
    area: str | None


class ImportedWindow(Protocol):
    """What the rules look at in a window to be imported."""

    @property
    def number(self) -> str: ...


class ImportedKiosk(Protocol):
    """What the rules look at in a kiosk to be imported."""

    @property
    def code(self) -> str: ...
    @property
    def matters(self) -> Sequence[str]: ...


class ImportedSpecialDay(Protocol):
    """What the rules look at in a special day to be imported."""

    @property
    def day(self) -> date: ...


class ImportedSite(Protocol):
    """What the rules look at in a site to be imported."""

    @property
    def id(self) -> str: ...
    @property
    def windows(self) -> Sequence[ImportedWindow]: ...
    @property
    def kiosks(self) -> Sequence[ImportedKiosk]: ...
    @property
    def matters(self) -> Sequence[str]: ...
    @property
    def partner_matters(self) -> Sequence[str]: ...
    @property
    def special_days(self) -> Sequence[ImportedSpecialDay]: ...
    @property
    def depths(self) -> Mapping[str, Sequence[str]]: ...


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A key that is there twice, or where it can't be; `pointer` is its place."""

    pointer: str
    key: str


def repeated_keys(sites: Sequence[ImportedSite]) -> list[Misplaced]:
    """Return every site, window, kiosk and matter that an import names twice."""
    return [
        *_repeats((f"/sites/{at}/id", site.id) for at, site in enumerate(sites)),
        *(repeat for at, site in enumerate(sites) for repeat in _repeats_within(at, site)),
    ]


def _repeats_within(at: int, site: ImportedSite) -> Iterator[Misplaced]:
    place = f"/sites/{at}"
    yield from _repeats(
        (f"{place}/windows/{nth}/number", window.number) for nth, window in enumerate(site.windows)
    )
    yield from _repeats(
        (f"{place}/kiosks/{nth}/code", kiosk.code) for nth, kiosk in enumerate(site.kiosks)
    )
    yield from _repeats(
        (f"{place}/special_days/{nth}/day", one.day.isoformat())
        for nth, one in enumerate(site.special_days)
    )
    # A matter is handled as the district's own or as a partner's, never as both.
    yield from _repeats(
        [
            *((f"{place}/matters/{nth}", code) for nth, code in enumerate(site.matters)),
            *(
                (f"{place}/partner_matters/{nth}", code)
                for nth, code in enumerate(site.partner_matters)
            ),
        ]
    )


def strangers(sites: Sequence[ImportedSite]) -> Iterator[Misplaced]:
    """Yield every matter that a depth or a kiosk names and the site does not handle."""
    for at, site in enumerate(sites):
        handled = {*site.matters, *site.partner_matters}
        yield from (
            Misplaced(f"/sites/{at}/depths/{code}", code)
            for code in site.depths
            if code not in handled
        )
        yield from (
            Misplaced(f"/sites/{at}/kiosks/{nth}/matters/{which}", code)
            for nth, kiosk in enumerate(site.kiosks)
            for which, code in enumerate(kiosk.matters)
            if code not in handled
        )


def _repeats(keys: Iterable[tuple[str, str]]) -> Iterator[Misplaced]:
    seen: Counter[str] = Counter()
    for pointer, key in keys:
        seen[key] += 1
        if seen[key] > 1:
            yield Misplaced(pointer, key)
