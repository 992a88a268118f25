"""Use cases of the ten measures: import, check, score a site, report the district."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import fmean
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.elderly import rules, store
from site_service.elderly.errors import (
    CheckRefused,
    MeasureNotAsked,
    MeasureNotFound,
    MeasuresRefused,
)
from site_service.elderly.rules import Aspect, Lack, Outcome
from site_service.elderly.schemas import CheckIn, ElderlyImport, MeasuresReport
from site_service.elderly.tables import ElderlyCheck, ElderlyMeasure
from site_service.events import MeasureChecked
from site_service.sites import service as sites
from site_service.sites.rules import Provenance, SiteKind
from site_service.sites.tables import Site
from tongban import audit
from tongban.clock import local_date, start_of
from tongban.identity import Caller, Role
from tongban.ids import new_id
from tongban.messages import outbox_values, publish
from tongban.paging import Paging, page_of
from tongban.problems import FieldError, Where

FORMULA = (
    "100 × Σ(weight × value) ÷ Σ(weight)；value：met 1，partly 0.5，not_met、未检查、过期 0。"
    " / over the measures that apply to the kind of site; unchecked and expired count 0."
)


async def measures(session: AsyncSession) -> Sequence[ElderlyMeasure]:
    """Return the measures in force, in order."""
    return await store.measures(session)


async def import_all(
    session: AsyncSession, given: ElderlyImport, *, caller: Caller, at: datetime
) -> MeasuresReport:
    """Store measures, what family members bring, and checks made earlier, all or none.

    A check of the same site, measure and day that is stored already is left as it is.

    Raises:
        MeasuresRefused: 422, measures that contradict each other.
        CheckRefused: 422, checks of what is not there, or without their evidence.
    """
    repeated = _repeated("measures", [one.code for one in given.measures], "code")
    repeated += _repeated("measures", [one.nth for one in given.measures], "nth")
    repeated += _repeated("family_authority", [one.code for one in given.family_authority], "code")
    if repeated:
        raise MeasuresRefused(errors=repeated)
    await store.wait_for_other_imports(session)
    await store.put_measures(
        session,
        [{**one.model_dump(), "retired_on": None} for one in given.measures],
        on=local_date(at),
    )
    await store.put_family_items(session, [one.model_dump() for one in given.family_authority])
    known = {site.id: site for site in await sites.public_sites(session)}
    by_code = {one.code: one for one in given.measures}
    faults: list[FieldError] = []
    for nth, check in enumerate(given.checks):
        place = f"/checks/{nth}"
        if (site := known.get(check.site_id)) is None:
            faults.append(_fault(f"{place}/site_id", "没有这个网点", "no such site", "unknown"))
        elif (measure := by_code.get(check.measure_code)) is None:
            said = ("没有这项举措", "no such measure")
            faults.append(_fault(f"{place}/measure_code", *said, "unknown"))
        elif not rules.applies(measure, site.kind):
            said = ("该类网点不适用此举措", "not asked of sites of this kind")
            faults.append(_fault(f"{place}/measure_code", *said, "not_asked"))
        else:
            faults += _check_faults(check, measure, check.checked_on, place=place)
    if faults:
        raise CheckRefused(errors=faults[:50])
    stored = await store.known_checks(session, {one.site_id for one in given.checks})
    rows = []
    for check in given.checks:
        # In the middle of that working day: the day is all that is known.
        checked_at = start_of(check.checked_on) + timedelta(hours=12)
        if (check.site_id, check.measure_code, checked_at) in stored:
            continue
        measure = by_code[check.measure_code]
        rows.append(
            {
                **_row(check, measure, check.checked_on),
                "id": new_id(),
                "site_id": check.site_id,
                "measure_code": check.measure_code,
                "checked_by": caller.subject,
                "is_self_check": False,
                "checked_at": checked_at,
                "provenance": check.provenance,
                "sequence": 1,
            }
        )
    told = [outbox_values(_event(row), sequence=1) for row in rows]
    await store.add_checks(session, rows, told)
    report = MeasuresReport(
        measures=len(given.measures),
        family_authority=len(given.family_authority),
        checks=len(rows),
        known=len(given.checks) - len(rows),
    )
    audit.note(
        session,
        actor=caller.subject,
        action="elderly.import",
        subject="elderly",
        payload=report.model_dump(),
    )
    await session.flush()
    return report


def _repeated(field: str, keys: Sequence[object], name: str) -> list[FieldError]:
    return [
        _fault(f"/{field}/{nth}/{name}", f"{key} 重复", f"{key} is there twice", "repeated")
        for nth, key in enumerate(keys)
        if key in keys[:nth]
    ]


def _fault(pointer: str, zh: str, en: str, code: str) -> FieldError:
    return Where.pointer(pointer, {"zh-CN": zh, "en": en}, code)


def _check_faults(
    check: CheckIn, measure: Any, checked_on: date, *, place: str = ""
) -> list[FieldError]:
    faults = []
    given = [one.kind for one in check.evidence]
    if lacking := rules.evidence_lacking(check.outcome, measure.evidence_kinds, given):
        listed = "、".join(lacking)
        said = (f"缺少证据：{listed}", f"without evidence of kind {', '.join(lacking)}")
        faults.append(_fault(f"{place}/evidence", *said, "evidence_lacking"))
    latest = rules.valid_until(checked_on, measure.valid_days)
    if check.valid_until is not None and not checked_on <= check.valid_until <= latest:
        said = (
            f"有效期应在检查日和 {latest} 之间",
            f"must lie between the day of the check and {latest}",
        )
        faults.append(_fault(f"{place}/valid_until", *said, "valid_until"))
    return faults


def _row(check: CheckIn, measure: Any, checked_on: date) -> dict[str, Any]:
    return {
        "outcome": check.outcome,
        "note": check.note,
        "evidence": [one.model_dump(mode="json", exclude_none=True) for one in check.evidence],
        "valid_until": check.valid_until or rules.valid_until(checked_on, measure.valid_days),
    }


def _event(row: Mapping[str, Any]) -> MeasureChecked:
    return MeasureChecked(
        check_id=row["id"],
        site_id=row["site_id"],
        measure_code=row["measure_code"],
        outcome=row["outcome"],
        valid_until=row["valid_until"],
        at=row["checked_at"],
    )


async def check(
    session: AsyncSession,
    site_id: str,
    code: str,
    given: CheckIn,
    *,
    caller: Caller,
    at: datetime,
) -> ElderlyCheck:
    """Keep what was found of a measure at a site.

    Raises:
        SiteNotFound, MeasureNotFound: 404.
        MeasureNotAsked: 409, not of sites of this kind.
        CheckRefused: 422, the evidence is missing, or it would count for longer than it may.
    """
    site = await sites.get(session, site_id, caller=caller)
    measure = await store.measure(session, code)
    if measure is None or measure.retired_on is not None:
        raise MeasureNotFound(code=code)
    if not rules.applies(measure, site.kind):
        raise MeasureNotAsked(code=code, kinds=measure.applies_to)
    today = local_date(at)
    if faults := _check_faults(given, measure, today):
        raise CheckRefused(errors=faults)
    found = ElderlyCheck(
        **_row(given, measure, today),
        id=new_id(),
        site_id=site_id,
        measure_code=code,
        checked_by=caller.subject,
        is_self_check=not caller.has(Role.SUPERVISOR, Role.ADMIN),
        checked_at=at,
        provenance=Provenance.SOURCED,
    )
    session.add(found)
    row = {name: getattr(found, name) for name in ("id", "site_id", "outcome", "checked_at")}
    told = _event({**row, "measure_code": code, "valid_until": found.valid_until})
    publish(session, told, of=found)
    await session.flush()
    return found


async def checks(
    session: AsyncSession, site_id: str, code: str | None, paging: Paging
) -> tuple[list[ElderlyCheck], str | None]:
    """Return a page of the site's checks, newest first."""
    await sites.get(session, site_id)
    found = await store.checks_of(session, site_id, code, paging)
    return page_of(found, paging, key=lambda one: (one.id,))


async def site_report(session: AsyncSession, site_id: str, *, on: date) -> dict[str, Any]:
    """Return how the site stands by the measures on that day.

    Raises:
        SiteNotFound: 404.
    """
    site = await sites.get(session, site_id)
    asked = [one for one in await store.measures(session) if rules.applies(one, site.kind)]
    newest = {one.measure_code: one for one in await store.newest_checks(session, [site_id])}
    stand = [
        {
            "measure": one,
            "value": rules.value_of(newest.get(one.code), on),
            "lack": rules.lack_of(newest.get(one.code), on),
            "check": newest.get(one.code),
        }
        for one in asked
    ]
    return {
        "site_id": site.id,
        "name": site.name,
        "on": on,
        "score": rules.score(asked, newest, kind=site.kind, on=on),
        "measures": stand,
        "missing": [one.code for one in asked if rules.lack_of(newest.get(one.code), on)],
    }


async def district_report(session: AsyncSession, *, on: date) -> dict[str, Any]:
    """Return how all public sites stand by the measures on that day, the neediest first."""
    asked = await store.measures(session)
    public = await sites.public_sites(session)
    newest: dict[str, dict[str, ElderlyCheck]] = defaultdict(dict)
    for one in await store.newest_checks(session):
        newest[one.site_id][one.measure_code] = one
    scores = {
        site.id: rules.score(asked, newest[site.id], kind=site.kind, on=on) for site in public
    }
    standing = [
        {
            "site_id": site.id,
            "name": site.name,
            "kind": site.kind,
            "score": scores[site.id].total,
            "missing": [
                one.code
                for one in asked
                if rules.applies(one, site.kind)
                and rules.lack_of(newest[site.id].get(one.code), on)
            ],
        }
        for site in public
    ]
    return {
        "on": on,
        "formula": FORMULA,
        "average": _mean([scores[site.id].total for site in public]),
        "by_kind": {
            kind: _mean([scores[site.id].total for site in public if site.kind is kind])
            for kind in SiteKind
        },
        "by_aspect": {
            aspect: _mean([scores[site.id].aspects[aspect] for site in public]) for aspect in Aspect
        },
        "measures": [_over_sites(one, public, newest, on) for one in asked],
        "sites": sorted(standing, key=lambda one: (one["score"] or 0.0, one["site_id"])),
        "is_illustrative": any(
            check.provenance is Provenance.ILLUSTRATIVE
            for checks in newest.values()
            for check in checks.values()
        ),
    }


def _mean(scores: Sequence[float | None]) -> float | None:
    known = [one for one in scores if one is not None]
    return round(fmean(known), 1) if known else None


def _over_sites(
    measure: ElderlyMeasure,
    public: Sequence[Site],
    newest: Mapping[str, Mapping[str, ElderlyCheck]],
    on: date,
) -> dict[str, Any]:
    found = [
        rules.lack_of(newest.get(site.id, {}).get(measure.code), on)
        for site in public
        if rules.applies(measure, site.kind)
    ]
    return {
        "code": measure.code,
        "name": measure.name,
        "aspect": measure.aspect,
        str(Outcome.MET): found.count(None),
        **{str(lack): found.count(lack) for lack in Lack},
    }
