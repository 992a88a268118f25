"""The one place where the service is put together."""

from datetime import timedelta
from typing import Any

from fastapi import FastAPI

from case_service.archive import destruction_routes
from case_service.archive import routes as archive
from case_service.archive.destructions import DESTRUCTION_DUTY
from case_service.archive.service import ARCHIVE_DUTY, note_ended
from case_service.archive.transfers import TRANSFER_DUTY, sweep_packages
from case_service.assistance import routes as assistance
from case_service.bundles import routes as bundles
from case_service.cases import routes as cases
from case_service.cases import work_routes as worklists
from case_service.consents import routes as consents
from case_service.consumers import CONSUMED
from case_service.database import CaseTables
from case_service.deliveries import routes as deliveries
from case_service.deliveries.service import DELIVERY_DUTY
from case_service.documents import routes as documents
from case_service.drafts import routes as drafts
from case_service.drafts.service import DRAFT_DUTY
from case_service.duty import Duty, duties
from case_service.enquiries import routes as enquiries
from case_service.enquiries.service import ENQUIRY_DUTY
from case_service.events import PUBLISHED
from case_service.handovers import routes as handovers
from case_service.handovers.overdue import HANDOVER_DUTY
from case_service.licences import public_routes as licence_lists
from case_service.licences import routes as licences
from case_service.licences.renewing import LICENCE_DUTY
from case_service.licences.telling import states as licence_states
from case_service.materials import routes as materials
from case_service.materials.collecting import (
    collect_unreferenced,
    scan_again,
    sweep_materials,
)
from case_service.materials.uploads import UPLOAD_DUTY
from case_service.notices import routes as notices
from case_service.notices.delivery import NOTICE_DUTY
from case_service.payments import routes as payments
from case_service.payments.service import PAYMENT_DUTY, REFUND_DUTY
from case_service.people import routes as people
from case_service.publications import routes as publications
from case_service.publications.service import PUBLICATION_DUTY
from case_service.ratings import follow_up_routes as rating_follow_ups
from case_service.ratings import routes as ratings
from case_service.ratings.appeals import APPEAL_DUTY
from case_service.ratings.follow_ups import FOLLOW_UP_DUTY
from case_service.reliances import routes as reliances
from case_service.seals import routes as seals
from case_service.settings import Settings
from case_service.supervision import routes as supervision
from case_service.supervision.orders import ORDER_DUTY
from case_service.supervision.recomputing import RECOMPUTATION_DUTY
from case_service.supervision.service import make_digest
from case_service.supervision.watch import CASE_DUTY
from tongban import app
from tongban.service import Service, Timer

__all__ = ["DUTIES", "SERVICE", "create_app"]

DUTIES: tuple[Duty[Any], ...] = (
    CASE_DUTY,
    ORDER_DUTY,
    RECOMPUTATION_DUTY,
    NOTICE_DUTY,
    ENQUIRY_DUTY,
    FOLLOW_UP_DUTY,
    APPEAL_DUTY,
    DELIVERY_DUTY,
    UPLOAD_DUTY,
    LICENCE_DUTY,
    HANDOVER_DUTY,
    PUBLICATION_DUTY,
    ARCHIVE_DUTY,
    TRANSFER_DUTY,
    DESTRUCTION_DUTY,
    DRAFT_DUTY,
    PAYMENT_DUTY,
    REFUND_DUTY,
)
"""What the worker does by itself when its moment comes."""

SERVICE = Service(
    name="case",
    title={"zh-CN": "办件服务", "en": "case service"},
    settings=Settings,
    routers=(
        cases.router,
        worklists.router,
        drafts.router,
        bundles.router,
        materials.router,
        documents.router,
        seals.router,
        deliveries.router,
        payments.router,
        licence_lists.router,
        licences.router,
        handovers.router,
        publications.router,
        ratings.router,
        rating_follow_ups.router,
        assistance.router,
        consents.router,
        notices.router,
        enquiries.router,
        people.router,
        supervision.router,
        reliances.router,
        archive.router,
        destruction_routes.router,
    ),
    metadata=CaseTables.metadata,
    migrations="case_service.migrations",
    publishes=PUBLISHED,
    consumes=CONSUMED,
    timers=(
        Timer(every=timedelta(minutes=5), run=make_digest),
        Timer(every=timedelta(minutes=5), run=collect_unreferenced),
        Timer(every=timedelta(minutes=1), run=scan_again),
        Timer(every=timedelta(hours=24), run=sweep_materials),
        Timer(every=timedelta(minutes=1), run=note_ended),
        Timer(every=timedelta(hours=24), run=sweep_packages),
    ),
    loops={"duties": duties(*DUTIES)},
    republish=licence_states,
)


def create_app(settings: Settings) -> FastAPI:
    """Return the service's API."""
    return app.create(SERVICE, settings)
