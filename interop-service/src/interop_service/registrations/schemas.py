"""Changes to partners as they come in and go out."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from interop_service.exchanges.messages import DistrictMessage
from interop_service.partners.schemas import Endpoint, JsonObject, PartnerIn
from interop_service.registrations.rules import ChangeState, Origin
from tongban.texts import Line

__all__ = [
    "ApplicationIn",
    "ApplicationRead",
    "ChangeRead",
    "KeysMessage",
    "KeysTaken",
    "RefusalIn",
    "RegistrationMessage",
]


class RegistrationMessage(DistrictMessage):
    """登记申请: a district asks to be registered, signed by a key that it carries."""

    partner: PartnerIn


class KeysMessage(DistrictMessage):
    """换钥通知: a partner's key set as it is from now on, signed by a key known so far."""

    keys: JsonObject


class KeysTaken(BaseModel):
    """What became of a partner's new keys."""

    taken: list[str]
    """Signing and encryption keys that count from now on."""
    waiting: list[str]
    """Seals: two administrators look at them first."""


class ApplicationIn(BaseModel):
    """Whom this district asks to register it, and where it is itself reached."""

    model_config = ConfigDict(extra="forbid")

    endpoint: Endpoint
    own_endpoint: Endpoint


class ApplicationRead(BaseModel):
    """What the other district answered; not proven, for its keys are not registered here yet."""

    status: int | None
    is_taken: bool


class RefusalIn(BaseModel):
    """Why a change is refused."""

    reason: Line


class ChangeRead(BaseModel):
    """A change to a partner."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    district: str
    origin: Origin
    content: dict[str, Any]
    state: ChangeState
    entered_by: str | None
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    created_at: datetime
