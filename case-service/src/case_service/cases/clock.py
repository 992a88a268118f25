"""By when what is due (办理时限): every date of a case, reckoned from what happened so far.

Pure. The first day is the working day after the start; what reaches into a year whose holidays
are not published is provisional.
"""

from dataclasses import dataclass
from datetime import date

from tongban.workdays import Calendar, Deadline

__all__ = ["CORRECTION_DAYS", "ISSUE_DAYS", "NOTICE_DAYS", "DueDates", "Starts", "due_dates"]

NOTICE_DAYS = 5
"""行政许可法 Art. 32: what is missing is told within five working days of receipt."""
CORRECTION_DAYS = 15
"""How long an applicant has to supply what the notice lists; the law sets no number."""
ISSUE_DAYS = 10
"""行政许可法 Art. 44: a granted licence is issued within ten working days of the decision."""


@dataclass(frozen=True, kw_only=True)
class Starts:
    """What the clocks of a case run from."""

    received_on: date | None = None
    notified_on: date | None = None
    """The day of a correction notice that is not answered yet."""
    accepted_on: date | None = None
    granted_on: date | None = None
    statutory_days: int
    promised_days: int
    forward_within_days: int | None = None
    """Set for a partner's matter: the near district owes forwarding, and nothing else."""


@dataclass(frozen=True)
class DueDates:
    """The dates by which things are due; None where nothing runs yet."""

    notice_due_on: date | None = None
    correction_due_on: date | None = None
    statutory_due_on: date | None = None
    promised_due_on: date | None = None
    issue_due_on: date | None = None
    forward_due_on: date | None = None
    is_provisional: bool = False


def due_dates(starts: Starts, calendar: Calendar) -> DueDates:
    """Return every date that runs now."""
    is_near = starts.forward_within_days is not None
    reckoned = {
        "notice_due_on": _due(calendar, starts.received_on, None if is_near else NOTICE_DAYS),
        "correction_due_on": _due(calendar, starts.notified_on, CORRECTION_DAYS),
        "statutory_due_on": _due(calendar, starts.accepted_on, starts.statutory_days),
        "promised_due_on": _due(calendar, starts.accepted_on, starts.promised_days),
        "issue_due_on": _due(calendar, starts.granted_on, ISSUE_DAYS),
        "forward_due_on": _due(calendar, starts.received_on, starts.forward_within_days),
    }
    running = {name: due for name, due in reckoned.items() if due is not None}
    return DueDates(
        **{name: due.due_on for name, due in running.items()},
        is_provisional=any(due.is_provisional for due in running.values()),
    )


def _due(calendar: Calendar, start: date | None, days: int | None) -> Deadline | None:
    if start is None or days is None:
        return None
    return calendar.add_working_days(start, days)
