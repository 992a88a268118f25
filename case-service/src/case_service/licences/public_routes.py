"""HTTP of what anybody may fetch about licences without saying who he is."""

import hashlib
from typing import Annotated

from fastapi import Header, Path, Response

from case_service.licences import status_lists
from case_service.licences.errors import StatusListNotFound
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import MaybeCaller
from tongban.problems import problems

__all__ = ["router"]

router = new_router("licences")


@router.get(
    "/api/v1/licences/status-lists/{list_id}",
    response_class=Response,
    responses={
        **problems(StatusListNotFound),
        200: {
            "description": "签名的状态列表 / a Token Status List, signed",
            "content": {status_lists.MEDIA_TYPE: {"schema": {"type": "string"}}},
        },
        304: {"description": "未变化 / unchanged"},
    },
)
async def read_status_list(
    list_id: Annotated[int, Path(ge=0, le=2**31)],
    session: Session,
    context: InContext,
    at: Now,
    _caller: MaybeCaller,
    if_none_match: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """证照状态列表: which licences stand no more, signed, to verify off-line; kept five minutes."""
    token = await status_lists.token(session, context, list_id, at=at)
    tag = f'"{hashlib.sha256(token.encode()).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": f"public, max-age={int(status_lists.MAX_AGE.total_seconds())}",
    }
    if if_none_match is not None and tag in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(token, media_type=status_lists.MEDIA_TYPE, headers=headers)
