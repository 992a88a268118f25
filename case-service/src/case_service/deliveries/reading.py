"""A delivery as one caller may see it (送达信息的显示): masked, but for the applicant himself."""

from typing import Final

from case_service.cases.tables import Case
from case_service.deliveries import rules
from case_service.deliveries.handing import opened
from case_service.deliveries.rules import DeliveryState
from case_service.deliveries.schemas import DeliveryRead
from case_service.deliveries.tables import Delivery
from tongban import gb
from tongban.context import Context
from tongban.identity import Caller

__all__ = ["CODE", "shown"]

CODE: Final = "deliveries.code"
"""What a locker's code is sealed for."""
_MASKS: Final = {
    "name": gb.mask_name,
    "signed_by": gb.mask_name,
    "phone": gb.mask_phone,
    "address": gb.mask_name,
}


def shown(
    context: Context, case: Case, delivery: Delivery, caller: Caller, *, is_full: bool = False
) -> DeliveryRead:
    """Return the delivery for this caller; `is_full` is for a clerk who asked, on record."""
    is_his = caller.subject == case.applicant_subject
    recipient = opened(context.vault, delivery.sealed_recipient)
    if not (is_full or is_his):
        recipient = {name: _MASKS[name](value) for name, value in recipient.items()}
    code = None
    if is_his and delivery.state is DeliveryState.SENT and delivery.sealed_code is not None:
        code = context.vault.open_text(delivery.sealed_code, context=CODE)
    columns = {
        name: getattr(delivery, name)
        for name in DeliveryRead.model_fields
        if name not in ("steps", "recipient", "code")
    }
    steps = rules.steps_from(delivery.state, delivery.way)
    return DeliveryRead(**columns, steps=steps, recipient=recipient, code=code)
