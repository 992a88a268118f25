"""Who is called before whom, as data (叫号规则): a site's classes and the numbers of its rule.

Pure. A district without a word of its own keeps `USUAL`.
"""

from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from tongban import conditions
from tongban.problems import field_fault
from tongban.shapes import shape
from tongban.texts import Line

__all__ = ["APPOINTMENT", "ORDINARY", "USUAL", "CallClass", "QueuePolicy"]

APPOINTMENT = "appointment"
"""What a ticket with an appointment is called as, near its time."""
ORDINARY = "ordinary"

GREEN_AGE = 60


def _readable(condition: dict[str, Any]) -> dict[str, Any]:
    try:
        conditions.parse(condition)
    except conditions.InvalidCondition as fault:
        raise field_fault(
            "condition_invalid",
            zh=f"条件无法读取（{fault.pointer}）：{fault.reason}",
            en=f"the condition cannot be read at {fault.pointer}: {fault.reason}",
        ) from None
    return condition


Condition = Annotated[dict[str, Any], AfterValidator(_readable)]


class CallClass(BaseModel):
    """A class of tickets: whom it is for, and how much earlier than they came they stand."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(
        pattern=shape(
            r"^[a-z][a-z_]{1,31}$",
            zh="2 至 32 个小写字母和下划线",
            en="2 to 32 small letters and underscores",
        )
    )
    prefix: str = Field(
        pattern=shape(r"^[A-Z]{1,2}$", zh="1 至 2 个大写字母", en="1 or 2 capital letters"),
        description="号码前缀 / before the number",
    )
    name: Line
    english_name: Line
    head_start_minutes: int = Field(
        ge=0,
        le=240,
        description="提前量 / stands as if it had come so much earlier; bounded, so nobody starves",
    )
    is_green: bool = Field(default=False, description="走绿色通道 / goes to green windows too")
    when: Condition | None = Field(
        default=None,
        description="适用条件，事实有 age 及各项需要 / facts: age, and each need as true",
    )


class QueuePolicy(BaseModel):
    """叫号规则: the classes in the order in which they are tried, and the rule's numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    classes: tuple[CallClass, ...] = Field(min_length=1, max_length=12)
    preferred_in_a_row: int = Field(
        default=2,
        ge=1,
        le=20,
        description="窗口连续优先叫号上限 / after so many preferred calls an ordinary one follows",
    )
    return_within_minutes: int = Field(
        default=60, ge=1, le=480, description="过号后可重新排队的时限 / to come back once missed"
    )
    return_credit_minutes: int = Field(
        default=15, ge=0, le=120, description="过号返回保留的等候 / waiting kept on coming back"
    )
    near_minutes: int = Field(
        default=5, ge=0, le=60, description="预约提前叫号 / an appointment's turn begins before"
    )
    late_minutes: int = Field(
        default=15, ge=0, le=120, description="预约迟到宽限 / and ends after its time"
    )
    appointment_head_start_minutes: int = Field(default=60, ge=0, le=240)

    @model_validator(mode="after")
    def _last_is_ordinary(self) -> Self:
        last = self.classes[-1]
        if last.code != ORDINARY or last.when is not None or last.head_start_minutes:
            raise field_fault(
                "ordinary_last",
                zh="最后一类须为 ordinary，无条件且无提前量",
                en="the last class is `ordinary`, for everybody, without a head start",
            )
        codes = [one.code for one in self.classes]
        prefixes = [one.prefix for one in self.classes]
        if APPOINTMENT in codes or len({*codes}) < len(codes) or len({*prefixes}) < len(prefixes):
            raise field_fault(
                "class_twice",
                zh="类别编码和前缀不得重复，appointment 为保留字",
                en="codes and prefixes are unique, and `appointment` is taken",
            )
        return self

    def class_of(self, facts: conditions.Facts) -> CallClass:
        """Return the first class whose condition holds; the last one always does."""
        return next(
            one for one in self.classes if conditions.holds(conditions.parse(one.when), facts)
        )

    def prefix_of(self, call_class: str) -> str:
        """Return what stands before a class's numbers; the ordinary one's for a class no more."""
        known = {one.code: one.prefix for one in self.classes}
        return known.get(call_class, self.classes[-1].prefix)

    def head_start(self, call_class: str) -> timedelta:
        """Return how much earlier a class stands; none for a class that is no more."""
        if call_class == APPOINTMENT:
            return timedelta(minutes=self.appointment_head_start_minutes)
        known = {one.code: one.head_start_minutes for one in self.classes}
        return timedelta(minutes=known.get(call_class, 0))

    @property
    def preferred(self) -> frozenset[str]:
        """The classes that stand before others."""
        codes = [APPOINTMENT, *(one.code for one in self.classes)]
        return frozenset(code for code in codes if self.head_start(code))


NEEDS = ("elderly", "disabled", "pregnant", "with_infant", "soldier", "veteran", "ill")

USUAL = QueuePolicy(
    classes=(
        CallClass(
            code="green",
            prefix="G",
            name="绿色通道",
            english_name="Green channel",
            head_start_minutes=30,
            is_green=True,
            # 国办发 2020 No. 45: the old; 军人地位和权益保障法 Art. 44: soldiers.
            when={
                "any": [
                    {"fact": "age", "at_least": GREEN_AGE},
                    *({"fact": need, "is": True} for need in NEEDS),
                ]
            },
        ),
        CallClass(
            code=ORDINARY,
            prefix="A",
            name="普通",
            english_name="Ordinary",
            head_start_minutes=0,
        ),
    )
)
