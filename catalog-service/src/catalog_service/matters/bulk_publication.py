"""Publish many submitted versions as one is published, in a fixed number of statements a part."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.basic_items.service import refusals
from catalog_service.errors import VersionNotFound
from catalog_service.matters import bulk, rules, store
from catalog_service.matters.codes import parse_code
from catalog_service.matters.content import MatterContent
from catalog_service.matters.projection import published_row
from catalog_service.matters.publication import (
    end_former,
    put_in_place,
    require_in_use,
    tell_of_publication,
)
from catalog_service.matters.rules import State
from catalog_service.matters.tables import Matter, MatterVersion
from tongban.problems import Problem

__all__ = ["Plan", "publish_part"]


@dataclass(frozen=True)
class Plan:
    """Who publishes, from which day."""

    publisher: str
    start: date
    today: date

    @property
    def is_immediate(self) -> bool:
        return self.start <= self.today


@dataclass(frozen=True)
class Standing:
    """A matter, locked, with its version that waits and those that are valid."""

    matter: Matter
    submitted: MatterVersion | None
    valid: Sequence[MatterVersion]


@dataclass(frozen=True)
class Step:
    """One publication, worked out: nothing is written yet."""

    matter: Matter
    version: MatterVersion
    former: MatterVersion | None
    listed: dict[str, Any] | None
    """The row under which the matter is listed from now on; None where it is planned."""


async def publish_part(
    session: AsyncSession, codes: Sequence[str], plan: Plan, *, is_checked_only: bool
) -> dict[str, Problem]:
    """Publish the submitted versions of these matters, which the caller locked.

    Return why each that can't be published can't. Then, and with `is_checked_only`, nothing is
    written.
    """
    standing = _standing(await bulk.publishable(session, codes))
    unclaimed = await refusals(session, {parse_code(code).basic for code in codes})
    # Each content is read and checked anew, which takes a moment.
    steps, refused = await asyncio.to_thread(_work_out, codes, standing, unclaimed, plan)
    if not refused and not is_checked_only:
        await _write(session, steps)
    return refused


def _standing(
    rows: Collection[tuple[Matter, MatterVersion | None]],
) -> dict[str, Standing]:
    found = {}
    for code, group in groupby(rows, key=lambda row: row[0].code):
        pairs = [*group]
        versions = [version for _, version in pairs if version is not None]
        found[code] = Standing(
            matter=pairs[0][0],
            submitted=next((one for one in versions if one.state is State.SUBMITTED), None),
            valid=[one for one in versions if one.state is not State.SUBMITTED],
        )
    return found


def _work_out(
    codes: Sequence[str],
    standing: Mapping[str, Standing],
    unclaimed: Mapping[str, Problem],
    plan: Plan,
) -> tuple[list[Step], dict[str, Problem]]:
    steps, refused = [], {}
    for code in codes:
        try:
            steps.append(_step(code, standing.get(code), unclaimed, plan))
        except Problem as problem:
            refused[code] = problem
    return steps, refused


def _step(
    code: str, standing: Standing | None, unclaimed: Mapping[str, Problem], plan: Plan
) -> Step:
    """Publish as it is done for one matter.

    Raises:
        Problem: why it can't be published.
    """
    if standing is None or standing.submitted is None:
        raise VersionNotFound(code=code, version="submitted")
    matter, version, valid = standing.matter, standing.submitted, standing.valid
    require_in_use(matter)
    content = MatterContent.model_validate(version.content)
    rules.require_publishable(
        version.state,
        content,
        version=version.number,
        author=version.author,
        publisher=plan.publisher,
    )
    unclaimed_for = unclaimed.get(parse_code(code).basic)
    if unclaimed_for is not None:
        raise unclaimed_for
    former = end_former(version, valid, start=plan.start, today=plan.today)
    put_in_place(version, valid, publisher=plan.publisher, start=plan.start)
    listed = None
    if plan.is_immediate:
        version.state = State.PUBLISHED
        listed = published_row(content, number=version.number, district=matter.owner_district)
    return Step(matter, version, former, listed)


async def _write(session: AsyncSession, steps: Sequence[Step]) -> None:
    for step in steps:
        tell_of_publication(session, step.matter, step.version, step.former)
    await session.flush()
    # The former versions end first: no two are valid on one day, at no moment.
    formers = [step.former for step in steps if step.former is not None]
    if formers:
        await bulk.keep_plans(session, formers)
    await bulk.keep_plans(session, [step.version for step in steps])
    listed = [step.listed for step in steps if step.listed is not None]
    if listed:
        numbers = {step.version.code: step.version.number for step in steps if step.listed}
        await bulk.put_in_force(session, numbers)
        await store.keep_all_published(session, listed)
