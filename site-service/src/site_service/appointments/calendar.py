"""An appointment for people's own calendars: an iCalendar file (RFC 5545)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from icalendar import Alarm, Calendar, Event, vCalAddress, vGeo, vText

from site_service.appointments.rules import QUARTER, AppointmentState
from site_service.appointments.tables import Appointment, Visit
from site_service.sites.tables import Site, Window

REMIND = timedelta(hours=1)


def file_of(
    appointment: Appointment,
    visits: Sequence[Visit],
    site: Site,
    windows: Mapping[UUID, Window],
    names: Mapping[str, str],
    *,
    at: datetime,
) -> bytes:
    """Return the file; sent again after a change it replaces what it said before.

    `names` are the matters', by code; a matter without one is told by its code alone.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Tongban//site-service//ZH")
    calendar.add("version", "2.0")
    is_cancelled = appointment.state in (AppointmentState.CANCELLED, AppointmentState.NO_SHOW)
    calendar.add("method", "CANCEL" if is_cancelled else "PUBLISH")
    for visit in visits:
        calendar.add_component(
            _event(appointment, visit, site, windows, names, at=at, is_cancelled=is_cancelled)
        )
    told: bytes = calendar.to_ical()
    return told


def _event(
    appointment: Appointment,
    visit: Visit,
    site: Site,
    windows: Mapping[UUID, Window],
    names: Mapping[str, str],
    *,
    at: datetime,
    is_cancelled: bool,
) -> Event:
    event = Event()
    event.add("uid", f"{appointment.id}-{visit.nth}@tongban")
    event.add("dtstamp", at)
    event.add("sequence", appointment.version)
    event.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
    if visit.starts_at is not None:
        event.add("dtstart", visit.starts_at)
        event.add("dtend", visit.starts_at + visit.quarters * QUARTER)
    window = windows.get(visit.window_id) if visit.window_id else None
    where = f"{window.number}窗口 · window {window.number}" if window else ""
    name = names.get(visit.matter_code)
    what = f"{name}（{visit.matter_code}）" if name else visit.matter_code
    event.add("summary", f"{name or '政务服务'}预约 · Appointment, {site.name}")
    event.add("location", f"{site.name} {site.address} {where}".strip())
    event["geo"] = vGeo((site.latitude, site.longitude))
    event.add(
        "description",
        f"事项 {what}\n请提前到场签到；无需智能手机，凭预约人信息在窗口办理。\n"
        f"Matter {what}. Please check in before the time.",
    )
    if site.phone:
        contact = vCalAddress(f"tel:{site.phone}")
        contact.params["cn"] = vText(site.name)
        event["organizer"] = contact
    if not is_cancelled:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", f"{site.name} 预约提醒 · Reminder")
        alarm.add("trigger", -REMIND)
        event.add_component(alarm)
    return event
