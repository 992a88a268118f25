"""A partner district's side of the exchange protocol (docs/interop/protocol.md)."""

from interop_service import errors as faults
from interop_service.exchanges.envelopes import SignedReceipt
from interop_service.suites import Suite
from tongban_client import incoming
from tongban_client.clients import AsyncClient, Client
from tongban_client.files import SealedFile
from tongban_client.messages import (
    Message,
    package,
    progress,
    rating,
    reliance_step,
    result,
    verification,
)
from tongban_client.parties import KeySet, KeysUnreadable, Ourselves, Partner
from tongban_client.sending import FilesLacking, NotDelivered, Refused, Unproven

__all__ = [
    "AsyncClient",
    "Client",
    "FilesLacking",
    "KeySet",
    "KeysUnreadable",
    "Message",
    "NotDelivered",
    "Ourselves",
    "Partner",
    "Refused",
    "SealedFile",
    "SignedReceipt",
    "Suite",
    "Unproven",
    "faults",
    "incoming",
    "package",
    "progress",
    "rating",
    "reliance_step",
    "result",
    "verification",
]
