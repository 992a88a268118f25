"""Loads a district's data folder through the public API, each file once."""

import asyncio
import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from tongban.run.faults import CannotRun
from tongban.run.state import State
from tongban.run.supervisor import Tell

_ANSWER_SECONDS = 180.0


@dataclass(frozen=True)
class DataFile:
    name: str
    path: str
    method: str = "POST"


# In this order: matters carry out basic items, life events and sites refer to matters, and
# agreements to partners.
FILES = (
    DataFile("basic_items.json", "/api/v1/catalog/basic-items/import"),
    DataFile("matters.json", "/api/v1/catalog/import?publish=true"),
    DataFile("life_events.json", "/api/v1/life-events/import?publish=true"),
    DataFile("synonyms.json", "/api/v1/catalog/synonyms", method="PUT"),
    DataFile("partners.json", "/api/v1/partners/import"),
    DataFile("boundary.json", "/api/v1/coverage/boundary", method="PUT"),
    DataFile("sites.json", "/api/v1/sites/import"),
    DataFile("population.json", "/api/v1/coverage/population", method="PUT"),
    DataFile("rosters.json", "/api/v1/sites/rosters/import"),
    DataFile("elderly.json", "/api/v1/elderly/import"),
    DataFile("spoken_texts.json", "/api/v1/sites/spoken-texts/import"),
)


async def load(
    folder: Path,
    *,
    state: State,
    gateway_url: str,
    token: str,
    tell: Tell,
    patience_seconds: float = 60.0,
) -> bool:
    """Send each file whose content was not the last one loaded; tells whether any was sent."""
    sent = False
    async with httpx.AsyncClient(
        base_url=gateway_url,
        timeout=_ANSWER_SECONDS,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        trust_env=False,  # a proxy for the outside world cannot reach this machine's gateway
    ) as client:
        for file in FILES:
            if not (folder / file.name).exists():
                continue
            content = (folder / file.name).read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            last = state.loaded(file.name)
            if last["digest"] == digest:
                continue
            # A file that went and came back is a new load, not a retry of the first.
            key = f"{digest}-{last['times']}"
            answer = await _send(client, file, content, key=key, patience_seconds=patience_seconds)
            tell(f"已导入 {file.name} · loaded {file.name}: {answer.text[:200]}")
            state.remember_loaded(file.name, digest=digest)
            sent = True
    return sent


async def _send(
    client: httpx.AsyncClient,
    file: DataFile,
    content: bytes,
    *,
    key: str,
    patience_seconds: float,
) -> httpx.Response:
    deadline = time.monotonic() + patience_seconds
    while True:
        answer = await client.request(
            file.method, file.path, content=content, headers={"Idempotency-Key": key}
        )
        if answer.is_success:
            return answer
        # What the file refers to (a matter, say) may still be on its way between the services.
        again = answer.headers.get("Retry-After")
        if again is None or answer.status_code not in (409, 503) or time.monotonic() > deadline:
            raise CannotRun(
                f"{file.name} 未能导入（{answer.status_code}），原因见上。",
                f"{file.name} was not loaded ({answer.status_code}): see why above.",
                detail=answer.text,
            )
        await asyncio.sleep(min(float(again), 2.0))
