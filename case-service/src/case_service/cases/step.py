"""What an action goes by, and what it changes and tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import papers, party, steps
from case_service.cases.schemas import ActionIn
from case_service.cases.tables import Case
from case_service.documents import service as documents
from case_service.documents.tables import Document
from case_service.documents.wording import DocumentKind
from case_service.errors import (
    ActionIncomplete,
)
from case_service.events import (
    CaseEvent,
)
from case_service.matters.rules import Matter
from tongban.context import Context
from tongban.identity import Caller
from tongban.problems import Where

__all__ = ["Effect", "Step"]


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
    document: Document | None = None
    """The one that this step drew up."""

    @cached_property
    def party(self) -> party.Party:
        return party.opened(self.context.vault, self.case.sealed_party, case_id=self.case.id)

    @property
    def told(self) -> dict[str, Any]:
        return steps.told_of(self.case, self.at)

    async def dates(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return every date of the case once `changes` are made."""
        return steps.clock_values(
            self.case,
            changes,
            await steps.calendar_of(self.session, self.context),
            owes_licence=self.matter.content.licence is not None,
        )

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
        if not value:
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
