"""An instant as it comes in (时刻): with its zone, and of a year that can be reckoned with.

The first and the last years that a calendar writes have no day before or after them: in another
zone, or a day earlier, such an instant is none, and neither Python nor PostgreSQL takes it.
"""

from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime

from tongban.problems import field_fault

__all__ = ["Instant"]

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2999


def _of_a_year_to_reckon_with(at: datetime) -> datetime:
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise field_fault(
            "year",
            zh=f"年份应在 {FIRST_YEAR} 至 {LAST_YEAR} 之间",
            en=f"the year must be {FIRST_YEAR} to {LAST_YEAR}",
        )
    return at


Instant = Annotated[AwareDatetime, AfterValidator(_of_a_year_to_reckon_with)]
"""With a time zone, from 1900 to 2999."""
