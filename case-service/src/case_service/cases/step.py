"""What an action goes by, and what it changes and tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import papers, party, steps
from case_service.cases.action_body import ActionIn
from case_service.cases.clock import longest_extension
from case_service.cases.rules import Handling, Outcome, Stage, step_of
from case_service.cases.tables import Case, Review
from case_service.documents import service as documents
from case_service.documents.tables import Document
from case_service.documents.wording import DocumentKind
from case_service.errors import ActionIncomplete
from case_service.events import CaseEvent
from case_service.matters.rules import Matter
from case_service.notices import service as notices
from case_service.notices.rules import NoticeKind
from tongban.clock import local_date
from tongban.context import Context
from tongban.identity import Caller
from tongban.problems import Where

__all__ = ["Effect", "Step", "most_extension", "tells_applicant"]

ONLINE = "online"


@dataclass
class Step:
    """What an action goes by."""

    session: AsyncSession
    context: Context
    case: Case
    files: Sequence[Mapping[str, Any]]
    matter: Matter
    body: ActionIn
    caller: Caller
    at: datetime
    target: Stage
    """The stage that follows."""
    reviews: Sequence[Review] = ()
    """Those of the departments that were asked together."""
    machine: Mapping[str, Any] = field(default_factory=dict)
    """What the machine goes by, where it takes the step: `deemed`, or the `rule`."""
    document: Document | None = None
    """The one that this step drew up."""

    @cached_property
    def party(self) -> party.Party:
        return party.opened(self.context.vault, self.case.sealed_party, case_id=self.case.id)

    @property
    def told(self) -> dict[str, Any]:
        return steps.told_of(self.case, self.at)

    @cached_property
    def uploaded(self) -> frozenset[str]:
        """The keys of the materials that a file was handed in for."""
        return frozenset(file["key"] for file in self.files)

    @property
    def most_extension(self) -> int:
        """By how many working days the case may be extended."""
        return most_extension(self.case, self.matter)

    def moved(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return the stage that follows, and the step of the matter that it is part of."""
        outcome = changes.get("outcome", self.case.outcome)
        is_granted = outcome is Outcome.GRANTED
        step = step_of(
            self.target,
            is_immediate=self.case.handling is Handling.IMMEDIATE,
            owes_licence=is_granted and self.matter.content.licence is not None,
        )
        if step == self.case.current_step and "reopened_at" not in changes:
            return {"stage": self.target}
        started_at = self.at if step is not None else None
        return {"stage": self.target, "current_step": step, "step_started_at": started_at}

    async def dates(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return every date, light and moment of the case once `changes` are made."""
        return await steps.reckoned(
            self.session,
            self.context,
            self.case,
            {**self.moved(changes), **changes},
            matter=self.matter,
            at=self.at,
        )

    async def due_in(self, working_days: int) -> date:
        """Return the last of so many working days from today."""
        calendar = await steps.calendar_of(self.session, self.context)
        return calendar.add_working_days(local_date(self.at), working_days).due_on

    def tell(self, kind: NoticeKind, **facts: Any) -> None:
        """Have the applicant told; the notice goes out once the step is stored."""
        if tells_applicant(self.case):
            notices.tell(self.session, self.case, kind, self.at, **facts)

    async def draw_up(self, kind: DocumentKind, **facts: Any) -> dict[str, Any]:
        """Draw up a document; return the change that puts it on the case."""
        self.document = await papers.draw_up(
            self.session,
            self.context,
            self.case,
            kind,
            matter=self.matter,
            party=self.party,
            at=self.at,
            by=self.caller.subject,
            facts=facts,
        )
        return papers.with_document(self.case, self.document)

    def need(self, name: str, *, zh: str, en: str) -> Any:
        """Return what the body tells under `name`.

        Raises:
            ActionIncomplete: it does not.
        """
        value = getattr(self.body, name)
        if value in (None, "", []):
            place = Where.pointer(f"/{name}", {"zh-CN": zh, "en": en}, "missing")
            raise ActionIncomplete(errors=[place])
        return value

    async def just_drawn(self) -> dict[str, Any]:
        """Return the sealed document that this step drew up."""
        if self.document is None:
            raise AssertionError("this step drew up no document")
        return await documents.sealed(self.session, self.context, self.document)


@dataclass
class Effect:
    """What an action changes and tells."""

    changes: dict[str, Any] = field(default_factory=dict)
    events: list[CaseEvent] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    """For the timeline, told to the applicant too."""


def tells_applicant(case: Case) -> bool:
    """Tell whether this district tells the applicant of the case's steps: one of two does.

    In the proxy and joint modes it is the near window (收受分离), in the online mode the owner.
    """
    is_owners = case.owner_district == case.district
    if case.exchange_id is None:
        return True
    return is_owners is (case.mode == ONLINE)


def most_extension(case: Case, matter: Matter) -> int:
    """Return by how many working days a case may be extended: by the law, or by its version."""
    if matter.content.is_licence:
        return longest_extension(is_joint=case.is_joint)
    return matter.content.extension_days
