"""Steps of the life of a version, as tests take them over HTTP."""

from datetime import date
from typing import Any

from catalog.factories import matter_content
from httpx import Response

from tongban.clock import local_date, utc_now
from tongban.testing.fixtures import RunningService

__all__ = ["AUTHOR", "PUBLISHER", "act", "drafted", "kind_of", "next_draft", "published", "today"]

AUTHOR = "editor-li"
PUBLISHER = "editor-wang"


def today() -> date:
    return local_date(utc_now())


def kind_of(answer: Response) -> str:
    return str(answer.json()["type"]).removeprefix("urn:tongban:problem:")


async def act(
    catalog: RunningService,
    code: str,
    version: int,
    action: str,
    *,
    subject: str = PUBLISHER,
    json: Any = None,
    if_match: str | None = None,
) -> Response:
    headers = catalog.district.headers("catalog_editor", subject=subject)
    if if_match is not None:
        headers = {**headers, "If-Match": if_match}
    return await catalog.client.post(
        f"/api/v1/matters/{code}/versions/{version}/{action}", headers=headers, json=json
    )


async def drafted(catalog: RunningService, **changes: Any) -> dict[str, Any]:
    content = matter_content(**changes)
    answer = await catalog.client.post(
        "/api/v1/matters",
        json=content,
        headers=catalog.district.headers("catalog_editor", subject=AUTHOR),
    )
    assert answer.status_code == 201, answer.text
    return content


async def next_draft(catalog: RunningService, content: dict[str, Any]) -> Response:
    return await catalog.client.post(
        f"/api/v1/matters/{content['code']}/versions",
        json=content,
        headers=catalog.district.headers("catalog_editor", subject=AUTHOR),
    )


async def published(
    catalog: RunningService, content: dict[str, Any], version: int, **plan: Any
) -> Response:
    """Submit as the author, publish as another person, perhaps from a planned day."""
    submitted = await act(catalog, content["code"], version, "submit", subject=AUTHOR)
    assert submitted.status_code == 200, submitted.text
    return await act(catalog, content["code"], version, "publish", json=plan or None)
