"""Signatures of agreements as they come in and go out."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from interop_service.exchanges.messages import DistrictMessage
from tongban.texts import Code

__all__ = ["AgreementMessage", "SignatureRead", "Signed", "SigningRead"]

Jws = Annotated[str, StringConstraints(min_length=1, max_length=400_000)]


class AgreementMessage(DistrictMessage):
    """协议签署: a district's signature of an agreement, over its canonical terms."""

    code: Code
    signature: Jws


class Signed(BaseModel):
    """The receiver's own signature of the very same terms; none where it has not signed them."""

    signature: str | None


class SigningRead(BaseModel):
    """What came of signing an agreement."""

    code: str
    digest: str
    is_in_force: bool
    """Both districts have signed the very same terms."""
    fault: str | None
    """Why the other district has not got our signature yet."""


class SignatureRead(BaseModel):
    """One district's signature of one version."""

    model_config = ConfigDict(from_attributes=True)

    digest: str
    by: str
    at: datetime
    terms: dict[str, Any]
    signature: str
