"""Makes identity numbers that are right by GB 11643 and belong to nobody."""

from datetime import date

from stdnum.cn import ric

UNUSED_COUNTY = "999999"


def identity_number(born: date, *, order: int = 1) -> str:
    """Return a number with the right check digit for a person born on this day."""
    first = f"{UNUSED_COUNTY}{born:%Y%m%d}{order:03d}"
    return first + ric.calc_check_digit(first + "0")
