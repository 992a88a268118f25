"""Which types count as equal (互认目录), and what an applicant so need not bring (免提交). Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from interop_service.partners.rules import Denial

__all__ = [
    "Asked",
    "EquivalentKind",
    "Held",
    "Row",
    "Shortfall",
    "Verdict",
    "rows_against",
    "verdict_on",
]

RESULT_OF_DECISIONS = "notice"
"""The kind of result by which a decision comes: what must be agreed for decisions to count."""


class EquivalentKind(StrEnum):
    """What it is that counts as equal."""

    MATERIAL = "material"  # 申请材料
    LICENCE = "licence"  # 证照
    DECISION = "decision"  # 审批决定


class Shortfall(StrEnum):
    """Why something must be brought all the same, besides what speaks against the agreement."""

    NO_PROOF = "no_proof"  # 材料不能以证照代替
    NOT_HELD = "not_held"  # 申请人没有可用证照
    NOT_EQUAL = "not_equal"  # 不在互认目录
    NOT_AGREED = "not_agreed"  # 协议未列入互认
    ROW_NOT_YET_VALID = "row_not_yet_valid"  # 互认尚未开始
    ROW_ENDED = "row_ended"  # 互认已结束
    LICENCE_EXPIRED = "licence_expired"  # 证照已过期


@dataclass(frozen=True)
class Row:
    """One line of the register: their type counts as ours, and ours as theirs."""

    id: UUID
    kind: EquivalentKind
    our_type: str
    their_type: str
    valid_from: date
    valid_until: date | None


@dataclass(frozen=True)
class Asked:
    """A material that a matter asks for; the owner's own types that prove it instead."""

    key: str
    name: str
    proven_by: Collection[str]


@dataclass(frozen=True)
class Held:
    """What the applicant holds: of which district, of which of its types, until when."""

    issuer: str
    type: str
    valid_until: date | None


@dataclass(frozen=True)
class Verdict:
    """Whether a material need not be brought; by what, or why it must."""

    key: str
    name: str
    by: Held | None
    row_id: UUID | None
    """The line of the register; none where the owner issued it itself, or nothing counts."""
    reasons: tuple[str, ...]

    @property
    def is_needed(self) -> bool:
        return self.by is None


def rows_against(
    row: Row, *, agreed: Mapping[EquivalentKind, Collection[str]], on: date
) -> list[Shortfall]:
    """Return why a line of the register does not count on a day."""
    found = []
    wanted = RESULT_OF_DECISIONS if row.kind is EquivalentKind.DECISION else row.our_type
    if wanted not in agreed[row.kind]:
        found.append(Shortfall.NOT_AGREED)
    if on < row.valid_from:
        found.append(Shortfall.ROW_NOT_YET_VALID)
    if row.valid_until is not None and on > row.valid_until:
        found.append(Shortfall.ROW_ENDED)
    return found


def verdict_on(
    asked: Asked,
    *,
    held: Sequence[Held],
    owner: str,
    own: str,
    partner: str,
    rows: Sequence[Row],
    agreed: Mapping[EquivalentKind, Collection[str]],
    standing: Sequence[Denial],
    on: date,
) -> Verdict:
    """Say whether the applicant must bring a material to the owner.

    For a matter of this district's `own` the partner's types count as ours, for one of the
    partner's ours count as theirs. What the owner issued itself needs no agreement. Otherwise
    what the agreement or the register does not say is denied, and every reason is told.
    """
    if not asked.proven_by:
        return Verdict(asked.key, asked.name, None, None, (Shortfall.NO_PROOF,))
    issuer = partner if owner == own else own
    reasons: list[str] = []
    for one in held:
        late = _too_late(one, on=on)
        if one.issuer == owner:
            if one.type not in asked.proven_by:
                continue
            if not late:
                return Verdict(asked.key, asked.name, one, None, ())
            reasons += late
            continue
        lines = _lines_for(one, asked, is_ours=owner == own, rows=rows)
        if one.issuer != issuer or owner not in (own, partner) or not lines:
            reasons += [*standing, Shortfall.NOT_EQUAL, *late]
            continue
        for row in lines:
            found = [*standing, *rows_against(row, agreed=agreed, on=on), *late]
            if not found:
                return Verdict(asked.key, asked.name, one, row.id, ())
            reasons += found
    told = tuple(dict.fromkeys(reasons or [Shortfall.NOT_HELD]))
    return Verdict(asked.key, asked.name, None, None, told)


def _lines_for(held: Held, asked: Asked, *, is_ours: bool, rows: Sequence[Row]) -> list[Row]:
    """Find the lines by which a type of the other district proves what is asked."""
    found = []
    for row in rows:
        wanted, given = row.our_type, row.their_type
        if not is_ours:
            wanted, given = given, wanted
        # A decision proves that something was decided, not what a material shows.
        is_proof = row.kind is not EquivalentKind.DECISION
        if is_proof and given == held.type and wanted in asked.proven_by:
            found.append(row)
    return found


def _too_late(held: Held, *, on: date) -> list[Shortfall]:
    is_over = held.valid_until is not None and on > held.valid_until
    return [Shortfall.LICENCE_EXPIRED] if is_over else []
