"""The one place where the service is put together."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service import keys, tls
from interop_service.consumers import CONSUMED
from interop_service.database import InteropTables
from interop_service.equivalences import routes as equivalences
from interop_service.events import PUBLISHED
from interop_service.evidence import routes as evidence
from interop_service.evidence import service as evidence_service
from interop_service.exchanges import (
    arrivals,
    deliveries,
    door,
    moving,
    proof,
    reconciling,
    sending,
)
from interop_service.exchanges import routes as exchanges
from interop_service.exchanges.answers import SignedAnswers
from interop_service.files import keeping
from interop_service.files import routes as files
from interop_service.files.store import ANY_WAITING
from interop_service.following import follow_letter
from interop_service.letters import sending as letters
from interop_service.links import routes as links
from interop_service.links import service as link_service
from interop_service.links.limiting import hold_limits
from interop_service.monitoring import routes as monitoring
from interop_service.monitoring import service as monitoring_service
from interop_service.once_only import proofs as once_only_proofs
from interop_service.once_only import routes as once_only
from interop_service.once_only import service as once_only_service
from interop_service.partners import routes as partners
from interop_service.partners import service as partner_service
from interop_service.recognitions import routes as recognitions
from interop_service.recognitions import service as recognition_service
from interop_service.registrations import routes as registrations
from interop_service.reliances import overdue, watching
from interop_service.reliances import routes as reliances
from interop_service.settings import Settings
from interop_service.signings import routes as signings
from interop_service.verifications import routes as verifications
from interop_service.verifications import service as verification_service
from tongban import app
from tongban.context import Context
from tongban.messages import Event
from tongban.service import Service, Timer

__all__ = ["SERVICE", "create_app"]


async def republish(session: AsyncSession) -> AsyncIterator[tuple[Event, int]]:
    """Yield the current state of everything this service tells by reference events."""
    async for told in partner_service.states(session):
        yield told
    async for told in recognition_service.states(session):
        yield told
    async for told in verification_service.proof_states(session):
        yield told
    async for told in once_only_proofs.proof_states(session):
        yield told


def prepare(context: Context) -> None:
    """Hold what a process of this service needs besides the common resources."""
    keys.hold_own_keys(context)
    tls.hold_tls(context)
    hold_limits(context)


SERVICE = Service(
    name="interop",
    title={"zh-CN": "跨区互通服务", "en": "interop service"},
    settings=Settings,
    routers=(
        links.router,
        registrations.router,
        signings.router,
        partners.router,
        monitoring.router,
        files.router,
        exchanges.router,
        door.signed_router,
        files.signed_router,
        recognitions.router,
        equivalences.router,
        once_only.router,
        once_only.signed_router,
        verifications.router,
        verifications.signed_router,
        reliances.router,
        reliances.signed_router,
        evidence.router,
    ),
    metadata=InteropTables.metadata,
    migrations="interop_service.migrations",
    publishes=PUBLISHED,
    consumes=CONSUMED,
    timers=(
        Timer(every=timedelta(minutes=5), run=proof.forget_nonces),
        Timer(every=timedelta(hours=1), run=partner_service.end_agreements),
        Timer(every=timedelta(seconds=15), run=evidence_service.watch_sealing),
        Timer(every=timedelta(hours=1), run=evidence_service.drop_bodies),
        Timer(every=timedelta(minutes=1), run=once_only_service.forget_overdue),
        Timer(every=timedelta(minutes=1), run=verification_service.end_overdue),
        Timer(every=timedelta(minutes=5), run=overdue.watch_disputes),
        Timer(every=timedelta(days=1), run=link_service.warn_of_ending_keys),
        Timer(every=timedelta(hours=1), run=deliveries.forget_bodies),
        Timer(every=timedelta(hours=1), run=sending.archive),
        Timer(every=timedelta(hours=6), run=monitoring_service.forget),
        Timer(every=timedelta(minutes=1), run=moving.watch_lights),
        Timer(every=timedelta(seconds=2), run=arrivals.take_arrived, look=ANY_WAITING),
        Timer(every=timedelta(hours=1), run=keeping.forget_files),
        Timer(every=timedelta(days=1), run=keeping.sweep_files),
    ),
    loops={
        "deliveries": deliveries.deliver,
        "letters": partial(letters.deliver, follow=follow_letter),
        "reconciliations": reconciling.reconcile_for_ever,
        "status_lists": watching.consult_for_ever,
    },
    republish=republish,
    prepare=prepare,
)


def create_app(settings: Settings) -> FastAPI:
    """Return the service's API."""
    made = app.create(SERVICE, settings)
    # Its path may have any length: no place for it among the routes that are looked up.
    made.include_router(exchanges.versions_router)
    made.add_middleware(SignedAnswers)
    return made
