"""How long a department has to take a licence decision over (审管联动). Pure."""

from enum import StrEnum
from typing import Final

__all__ = ["ACKNOWLEDGE_DAYS", "HandoverState"]

ACKNOWLEDGE_DAYS: Final = 5
"""Working days within which the supervising department acknowledges."""


class HandoverState(StrEnum):
    HANDED_OVER = "handed_over"  # 待签收
    OVERDUE = "overdue"  # 逾期未签收
    ACKNOWLEDGED = "acknowledged"  # 已签收
