"""Who goes through the green channel (绿色通道): the old, and whom the district's rule names.

Pure: values in, values out. The rule is data, a condition on facts.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from tongban import gb
from tongban.conditions import Condition, holds

__all__ = ["age_of", "is_elderly", "is_open"]


def age_of(applicant: Mapping[str, Any], today: date) -> int | None:
    """Return a person's age by his resident identity number; None where it does not tell."""
    number = applicant.get("identity_number")
    kind = applicant.get("identity_kind", gb.IdentityKind.RESIDENT_IDENTITY_CARD)
    if (
        applicant.get("kind") != "person"
        or not number
        or kind != gb.IdentityKind.RESIDENT_IDENTITY_CARD
    ):
        return None
    return gb.age_on(number, today)


def is_elderly(applicant: Mapping[str, Any], today: date, *, from_age: int) -> bool:
    """Tell whether a person is old by the law: 60 unless the district says otherwise."""
    # 老年人权益保障法 Art. 2: whoever is sixty or older.
    age = age_of(applicant, today)
    return age is not None and age >= from_age


def is_open(
    rule: Condition | None,
    *,
    applicant: Mapping[str, Any],
    answers: Mapping[str, Any],
    today: date,
    from_age: int,
) -> bool:
    """Tell whether the case goes first: the applicant is old, or the district's rule holds."""
    if is_elderly(applicant, today, from_age=from_age):
        return True
    if rule is None:
        return False
    age = age_of(applicant, today)
    facts = {**answers, "applicant_kind": applicant.get("kind")}
    return holds(rule, facts if age is None else {**facts, "age": age})
