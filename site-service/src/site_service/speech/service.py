"""Use cases of texts made to be heard: keep them, read them, say who is called."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.sites import service as sites
from site_service.sites.tables import Site
from site_service.speech import rules, store
from site_service.speech.errors import SpokenTextsRefused
from site_service.speech.rules import Spoken
from site_service.speech.schemas import SpokenRead, SpokenTextsImport
from tongban import audit
from tongban.identity import Caller
from tongban.problems import Where

CALLED_SENTENCES = 1
"""Of the site's own text, after a call: more would run into the next one."""


async def keep(session: AsyncSession, given: SpokenTextsImport, *, caller: Caller) -> int:
    """Store texts of sites and of matters handled there, all or none.

    Raises:
        SpokenTextsRefused: 422, a site is not there or does not handle the matter.
    """
    handled = await sites.handled_at(session, {one.site_id for one in given.texts})
    faults = []
    for nth, one in enumerate(given.texts):
        if one.site_id not in handled:
            said = {"zh-CN": "没有这个网点", "en": "no such site"}
            faults.append(Where.pointer(f"/texts/{nth}/site_id", said, "unknown"))
        elif one.matter_code is not None and one.matter_code not in handled[one.site_id]:
            said = {"zh-CN": "该网点不办理此事项", "en": "the site does not handle it"}
            faults.append(Where.pointer(f"/texts/{nth}/matter_code", said, "not_handled_here"))
    if faults:
        raise SpokenTextsRefused(errors=faults[:50])
    await store.put(
        session,
        [
            {**one.model_dump(), "matter_code": one.matter_code or store.FOR_SITE}
            for one in given.texts
        ],
    )
    audit.note(
        session,
        actor=caller.subject,
        action="spoken_texts.kept",
        subject="spoken_texts",
        payload={"texts": len(given.texts)},
    )
    await session.flush()
    return len(given.texts)


async def of_site(session: AsyncSession, site_id: str) -> SpokenRead:
    """Return what the site says, its own text or the usual one.

    Raises:
        SiteNotFound: 404.
    """
    site = await sites.get(session, site_id)
    own = await store.text_of(session, site_id, store.FOR_SITE)
    spoken = _usual(site) if own is None else Spoken(tuple(own.zh), tuple(own.en))
    return SpokenRead(
        site_id=site_id,
        matter_code=None,
        zh=list(spoken.zh),
        en=list(spoken.en),
        is_own=own is not None,
        provenance=own and own.provenance,
    )


async def of_matters(
    session: AsyncSession, site_id: str, rows: Sequence[Mapping[str, Any]]
) -> list[SpokenRead]:
    """Return what is said of these matters at the site, each its own text or the usual one."""
    owns = await store.texts_of(session, site_id, [row["code"] for row in rows])
    has_window = bool(await sites.windows(session, site_id))
    found = []
    for row in rows:
        own = owns.get(row["code"])
        spoken = (
            rules.usual_for_matter(row["depth"], is_at_window=has_window)
            if own is None
            else Spoken(tuple(own.zh), tuple(own.en))
        )
        found.append(
            SpokenRead(
                site_id=site_id,
                matter_code=row["code"],
                zh=list(spoken.zh),
                en=list(spoken.en),
                is_own=own is not None,
                provenance=own and own.provenance,
            )
        )
    return found


async def called(
    session: AsyncSession, site_id: str, number: str, window_number: str | None
) -> dict[str, list[str]]:
    """Return what the hall hears when a ticket is called: the call, and the site's first words.

    Never the matter: what somebody came for is nobody else's business.
    """
    own = await store.text_of(session, site_id, store.FOR_SITE)
    spoken = rules.announced(number, window_number)
    if own is not None:
        spoken += Spoken(tuple(own.zh[:CALLED_SENTENCES]), tuple(own.en[:CALLED_SENTENCES]))
    return {"zh": list(spoken.zh), "en": list(spoken.en)}


async def for_ticket(
    session: AsyncSession,
    site_id: str,
    matter_code: str,
    *,
    number: str,
    window_number: str | None,
    is_called: bool,
) -> dict[str, list[str]]:
    """Return what to read out to the ticket's holder alone, on the own phone or by a helper."""
    depth = await sites.depth_of(session, site_id, matter_code)
    row = {"code": matter_code, "depth": depth}
    (matter,) = await of_matters(session, site_id, [row])
    site = await of_site(session, site_id)
    call = rules.announced(number, window_number) if is_called else Spoken()
    return {
        "zh": [*call.zh, *matter.zh, *site.zh],
        "en": [*call.en, *matter.en, *site.en],
    }


def _usual(site: Site) -> Spoken:
    return rules.usual_for_site(
        site.name, has_green_channel=site.green_channel, accepts_cash=site.accepts_cash
    )
