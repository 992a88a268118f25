"""What this service hears of others: small tolerant models, and what it does with them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.matters.search import findable
from catalog_service.matters.tables import MatterSite, PartnerMatter
from catalog_service.search import service as search
from catalog_service.search.rules import Asked
from tongban.context import Context
from tongban.inbox import Batch, Projection, Subscription
from tongban.messages import Event

__all__ = ["CONSUMED", "CaseSubmitted", "MatterOfferChanged", "SiteChanged"]


class Offered(BaseModel):
    """A part of a partner's matter: what we don't know of is kept as it came."""

    model_config = ConfigDict(extra="allow")


class OfferedBody(Offered):
    name: str


class OfferedMaterial(Offered):
    necessity: str = "required"


class OfferedMatter(Offered):
    """A partner's matter, as far as the list and the search need it."""

    code: str
    name: str
    english_name: str = ""
    matter_type: str
    handling: str
    area: str
    audiences: list[str] = Field(default_factory=list)
    channels: list[str] = Field(default_factory=list)
    body: OfferedBody
    statutory_days: int
    statutory_unit: str = "working_days"
    promised_days: int
    materials: list[OfferedMaterial] = Field(default_factory=list)
    keywords: list[str] = Field(default_factory=list)


class MatterOfferChanged(Event):
    """A matter that a partner offers, or no longer offers, to be applied for here."""

    SUBJECT = "interop.matter_offer.changed"

    owner_district: str
    agreement: str
    mode: str
    version: int
    state: Literal["offered", "withdrawn"]
    forward_within_days: int | None = None
    matter: OfferedMatter


class SiteChanged(Event):
    """A site and the matters that it handles."""

    SUBJECT = "site.site.changed"

    site_id: str
    kind: str
    name: str
    state: str
    matters: list[str] = Field(default_factory=list)
    partner_matters: list[str] = Field(default_factory=list)


class CaseSubmitted(Event):
    """A case was submitted: somebody wanted this matter."""

    SUBJECT = "case.case.submitted"

    matter_code: str
    owner_district: str
    at: datetime


async def count_demand(
    session: AsyncSession, events: Sequence[CaseSubmitted], context: Context
) -> None:
    """Let the search know what is asked for."""
    now = context.clock()
    # Nothing was asked for in the future, whatever its sender's clock says.
    asked = (Asked(one.owner_district, one.matter_code, min(one.at, now)) for one in events)
    await search.count_cases(session, asked)


def partner_matter(event: MatterOfferChanged) -> Mapping[str, Any]:
    """Return the row of a partner's matter."""
    matter = event.matter
    found_by = findable(
        name=matter.name,
        english_name=matter.english_name,
        keywords=matter.keywords,
        area=matter.area,
    )
    return {
        "owner_district": event.owner_district,
        "code": matter.code,
        "number": event.version,
        "is_offered": event.state == "offered",
        "agreement": event.agreement,
        "mode": event.mode,
        "forward_within_days": event.forward_within_days,
        "content": matter.model_dump(mode="json"),
        "name": matter.name,
        "english_name": matter.english_name,
        "matter_type": matter.matter_type,
        "handling": matter.handling,
        "area": matter.area,
        "audiences": matter.audiences,
        "channels": matter.channels,
        "body_name": matter.body.name,
        "statutory_days": matter.statutory_days,
        "statutory_unit": matter.statutory_unit,
        "promised_days": matter.promised_days,
        "required_materials": sum(one.necessity == "required" for one in matter.materials),
        **asdict(found_by),
    }


def matter_site(event: SiteChanged) -> Mapping[str, Any]:
    """Return the row of a site."""
    return {
        "site_id": event.site_id,
        "kind": event.kind,
        "name": event.name,
        "is_open": event.state == "open",
        "matters": event.matters,
        "partner_matters": event.partner_matters,
    }


CONSUMED: tuple[Subscription, ...] = (
    Projection(MatterOfferChanged, PartnerMatter, partner_matter),
    Projection(SiteChanged, MatterSite, matter_site),
    Batch(CaseSubmitted, count_demand),
)
