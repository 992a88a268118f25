"""The document that the gateway publishes, from which every operation is asked."""

import httpx

from support.hall import District
from support.operations import document

DOCUMENT = document()


async def test_the_published_document_is_the_services_own(hitech: District) -> None:
    published = await hitech.client.get("/openapi.json")

    assert published.status_code == httpx.codes.OK
    assert published.json()["paths"] == DOCUMENT["paths"]
