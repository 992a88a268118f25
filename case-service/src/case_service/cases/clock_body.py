"""The shape in which the clocks of a case are told (办理时限)."""

from datetime import date

from pydantic import BaseModel

from case_service.cases.clock import Clock, Unit
from case_service.cases.moves import Light
from case_service.cases.schemas import Words

__all__ = ["ClockRead", "ClockShown", "DayRead"]


class DayRead(BaseModel):
    """One day of a clock, and why it counts or not."""

    day: date
    is_counted: bool
    is_provisional: bool
    """该年节假日安排尚未公布 / the year's holidays are not published yet"""
    reason: Words


class ClockShown(BaseModel):
    """One clock: what it rests on, and each of its days."""

    clock: Clock
    basis: Words
    """依据 / the law, the promise or the agreement that it follows"""
    starts_on: date
    """自次日起算 / the day after it is the first"""
    limit_days: int
    unit: Unit
    counted_days: int
    due_on: date
    is_running: bool
    is_provisional: bool
    days: list[DayRead]


class ClockRead(BaseModel):
    """办理时限: by when what is due, and each day up to it."""

    starts_on: date | None
    notice_due_on: date | None
    correction_due_on: date | None
    statutory_due_on: date | None
    promised_due_on: date | None
    issue_due_on: date | None
    forward_due_on: date | None
    step_due_on: date | None
    supply_due_on: date | None
    is_provisional: bool
    is_suspended: bool
    """特别程序进行中，时限暂停 / a special procedure lasts, and the clocks stand still"""
    running_clock: Clock | None
    """红黄灯所计的时限 / the clock that the light is about"""
    light: Light | None
    step_light: Light | None
    clocks: list[ClockShown]
