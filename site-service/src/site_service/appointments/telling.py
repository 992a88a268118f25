"""What events and calendars tell of an appointment: never who comes."""

from datetime import datetime
from typing import Any

from site_service.appointments.tables import Appointment


def facts_of(appointment: Appointment, at: datetime) -> dict[str, Any]:
    """Return what each event of an appointment tells."""
    return {
        "appointment_id": appointment.id,
        "site_id": appointment.site_id,
        "starts_at": appointment.starts_at,
        "life_event": appointment.life_event,
        "ticket_id": appointment.ticket_id,
        "at": at,
    }
