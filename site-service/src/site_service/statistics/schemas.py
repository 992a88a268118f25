"""What goes out over HTTP of statistics."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from site_service.statistics.rules import Tally

__all__ = ["By", "DayTally", "SiteTally", "StatisticsRead", "TallyRead"]

By = Literal["whole", "window", "area", "hour", "call_class"]


class TallyRead(BaseModel):
    """What became of the tickets counted together."""

    key: str = Field(
        description="窗口编号、业务领域、时段（09 指九点起）或叫号类别；合计为空"
        " / window id, business area, hour of arrival or class; empty for the whole"
    )
    taken: int = Field(description="取号数 / tickets given out")
    served: int = Field(description="办结数 / served to the end")
    abandoned: int = Field(description="放弃数：未叫到即离开 / withdrew, or waited in vain")
    no_show: int = Field(description="过号未到数 / called, and nobody came")
    unrecorded: int = Field(
        description="离线号票、过后补传，去向不明 / told of by a kiosk when the day was over"
    )
    cases: int = Field(description="形成办件数 / tickets that became a case")
    wait_p50_minutes: float | None = Field(
        description="等候中位数（分钟），误差不超过 5% / off by 5 % of itself at most; below half"
        " a minute told as a quarter"
    )
    wait_p90_minutes: float | None
    wait_mean_minutes: float | None = Field(description="平均等候（分钟），准确值 / exact")
    service_mean_minutes: float | None
    appointments: int = Field(description="预约数，取消的除外 / those cancelled are left out")
    appointments_missed: int = Field(description="爽约数 / nobody came to the appointment")
    appointments_on_time: int = Field(
        description="准时叫到的预约：不迟于约定时间或到场后十分钟"
        " / called within ten minutes of the time, or of coming"
    )
    appointments_on_time_share: float | None

    @classmethod
    def of(cls, key: str, tally: Tally) -> "TallyRead":
        """Return the tally as it is told, in minutes."""
        mean_wait = tally.wait_seconds / tally.called if tally.called else None
        return cls(
            key=key,
            taken=tally.taken,
            served=tally.served,
            abandoned=tally.abandoned,
            no_show=tally.no_show,
            unrecorded=tally.unrecorded,
            cases=tally.cases,
            wait_p50_minutes=_minutes(tally.wait(0.5)),
            wait_p90_minutes=_minutes(tally.wait(0.9)),
            wait_mean_minutes=_minutes(mean_wait),
            service_mean_minutes=_minutes(tally.mean_service_seconds),
            appointments=tally.appointments,
            appointments_missed=tally.appointments_missed,
            appointments_on_time=tally.appointments_on_time,
            appointments_on_time_share=tally.on_time_share,
        )


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 60, 2)


class StatisticsRead(BaseModel):
    """What a range of days came to."""

    site_id: str | None = Field(description="空值为全区 / null is the whole district")
    first: date
    last: date
    by: By
    counted_at: datetime | None = Field(
        description="最近一次汇总的时间，空值表示尚未汇总 / how fresh it is; null before the first"
    )
    tallies: list[TallyRead]


class DayTally(TallyRead):
    """A day of a range."""

    day: date


class SiteTally(TallyRead):
    """A site in a range; its key is the site's code."""

    name: str
