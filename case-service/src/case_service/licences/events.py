"""PUBLIC: a licence of this district as it stands now, for those who answer for it elsewhere."""

from datetime import date
from typing import Any, Literal, Self
from uuid import UUID

from tongban.messages import Event

__all__ = ["PUBLISHED_OF_LICENCES", "LicenceChanged"]


class LicenceChanged(Event):
    """证照变更: a licence's standing, as it is now; of its holder nothing.

    Whoever was shown its verification code finds it by the code's digest; whoever was shown the
    sealed licence compares its content's digest.
    """

    SUBJECT = "case.licence.changed"

    licence_id: UUID
    number: str
    code_sha256: str
    """Of the verification code as it is stored, in hex: the code itself opens more."""
    content_sha256: str
    """Of the sealed content's canonical JSON, in hex: what the seal is over."""
    licence_type: str
    state: Literal["valid", "superseded", "cancelled", "rescinded", "withdrawn", "revoked"]
    valid_from: date
    valid_until: date | None
    """The last day it is valid; null where it has no end."""
    invalid_from: date | None
    """From when an act or its successor ends it."""
    ground: str | None
    """Why an act ended it, by the law's word."""
    status_list: dict[str, Any]
    """Its place in the public status lists: `idx`, and `path` at this district's address."""

    def key(self) -> str:
        return str(self.licence_id)

    @classmethod
    def example(cls) -> Self:
        """Return one, for the documents and for the tests of those who hear it."""
        return cls(
            licence_id=UUID("01981f3a-7c00-7000-8000-000000000004"),
            number="610171-ZZ-2026-000045",
            code_sha256="1" * 64,
            content_sha256="2" * 64,
            licence_type="food_business_licence",
            state="valid",
            valid_from=date(2026, 1, 5),
            valid_until=date(2031, 1, 4),
            invalid_from=None,
            ground=None,
            status_list={"idx": 45, "path": "/api/v1/licences/status-lists/0"},
        )


PUBLISHED_OF_LICENCES: tuple[type[Event], ...] = (LicenceChanged,)
