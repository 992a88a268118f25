"""Reading a partner's body: from its signer, to us, and well formed."""

from typing import TypeVar

from pydantic import ValidationError

from interop_service.errors import MessageUnreadable, SenderMismatch, WrongDistrict
from interop_service.exchanges.messages import DistrictMessage
from interop_service.exchanges.proof import SignedMessage
from tongban.context import Context
from tongban.problems import FieldError, Where

__all__ = ["read"]

A = TypeVar("A", bound=DistrictMessage)


def read(model: type[A], signed: SignedMessage, context: Context) -> A:
    """Read a partner's body and check that it is from its signer, to us.

    Raises:
        MessageUnreadable: 422.
        SenderMismatch: 403.
        WrongDistrict: 421.
    """
    try:
        message = model.model_validate_json(signed.body)
    except ValidationError as fault:
        raise MessageUnreadable(errors=_errors(fault)) from None
    if message.to_district != context.settings.district:
        raise WrongDistrict(district=context.settings.district)
    if message.from_district != signed.sender:
        raise SenderMismatch(signed_by=signed.sender, named=message.from_district)
    return message


def _errors(fault: ValidationError) -> list[FieldError]:
    return [
        Where.pointer(
            "".join(f"/{part}" for part in error["loc"]),
            {"zh-CN": f"值不符合要求（{error['type']}）", "en": error["msg"]},
            error["type"],
        )
        for error in fault.errors(include_url=False, include_input=False)[:20]
    ]
