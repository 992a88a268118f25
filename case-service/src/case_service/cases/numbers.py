"""Case numbers (办件编号): `<district><yyyymmdd><running><check digit>`, 21 digits.

Pure. The check digit is ISO 7064 MOD 11-10, so that one wrong digit, or two that changed places,
is noticed before anything is looked up.
"""

from datetime import date

from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_10

__all__ = ["LENGTH", "is_case_number", "make"]

LENGTH = 21
_RUNNING = 1_000_000


def make(district: str, day: date, running: int) -> str:
    """Return the number of the `running`-th case."""
    stem = f"{district}{day:%Y%m%d}{running % _RUNNING:06}"
    return stem + str(mod_11_10.calc_check_digit(stem))


def is_case_number(text: str) -> bool:
    """Tell whether `text` can be a case's number."""
    if len(text) != LENGTH or not (text.isascii() and text.isdigit()):
        return False
    try:
        mod_11_10.validate(text)
    except ValidationError:
        return False
    return True
