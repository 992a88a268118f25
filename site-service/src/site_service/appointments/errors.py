"""What can go wrong with appointments.

Problem
├── AppointmentNotFound                                   404
├── SlotTaken, SlotNotOffered                             409
├── AppointmentActionNotAllowed, CheckInNotNow            409
└── TooManyAppointments, BookingSuspended                 409
"""

from tongban.problems import Problem


class AppointmentNotFound(Problem):
    """No such appointment, or not the caller's."""

    status = 404
    type = "appointment-not-found"
    title = {"zh-CN": "没有这个预约", "en": "No such appointment"}
    detail = {
        "zh-CN": "请核对预约编号，只能查看本人或本网点的预约。",
        "en": "Check its id; one sees one's own appointments or those of one's site.",
    }


class SlotTaken(Problem):
    """Every window is booked at that time; `free` has the nearest times that are not."""

    status = 409
    type = "slot-taken"
    title = {"zh-CN": "该时段已约满", "en": "That time is fully booked"}
    detail = {
        "zh-CN": "可改约：{free}；也可加入候补。",
        "en": "Free: {free}; or join the waiting list.",
    }


class SlotNotOffered(Problem):
    """No appointment can begin at that time."""

    status = 409
    type = "slot-not-offered"
    title = {"zh-CN": "该时间不提供预约", "en": "No appointment begins at that time"}
    detail = {
        "zh-CN": "请从 /api/v1/sites/{site_id}/slots 列出的时段中选择（可约 {days} 天内）。",
        "en": "Choose one that /api/v1/sites/{site_id}/slots lists, within {days} days.",
    }


class AppointmentActionNotAllowed(Problem):
    """The appointment's state does not allow this."""

    status = 409
    type = "appointment-action-not-allowed"
    title = {"zh-CN": "预约当前状态不能进行该操作", "en": "Its state does not allow this"}
    detail = {
        "zh-CN": "当前状态 {state}，可进行的操作：{allowed}。",
        "en": "It is {state}; what is allowed: {allowed}.",
    }


class CheckInNotNow(Problem):
    """One checks in shortly before the time, or soon after."""

    status = 409
    type = "check-in-not-now"
    title = {"zh-CN": "现在不能签到", "en": "One cannot check in now"}
    detail = {
        "zh-CN": "签到时间为 {opens_at} 至 {closes_at}；其他时间可直接取号。",
        "en": "Check in from {opens_at} until {closes_at}; else take an ordinary ticket.",
    }


class TooManyAppointments(Problem):
    """The caller has as many appointments ahead as one may."""

    status = 409
    type = "too-many-appointments"
    title = {"zh-CN": "未到期的预约已达上限", "en": "Too many appointments ahead"}
    detail = {
        "zh-CN": "每人最多 {most} 个，请先取消不需要的预约，或直接到现场取号。",
        "en": "At most {most} each: cancel one that is not needed, or take a ticket at the site.",
    }


class BookingSuspended(Problem):
    """The caller did not come to several appointments and cannot book for a while."""

    status = 409
    type = "booking-suspended"
    title = {"zh-CN": "因多次爽约暂停预约", "en": "Booking is suspended after missed appointments"}
    detail = {
        "zh-CN": "可于 {until} 后再预约；现场取号不受影响。",
        "en": "Book again after {until}; tickets at the site are given as ever.",
    }
