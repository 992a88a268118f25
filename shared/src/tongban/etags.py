"""ETags of changeable resources: the row's version, in quotes (RFC 9110, 8.8.3)."""

from typing import Annotated

from fastapi import Depends, Header, Request, Response

from tongban.problems import Problem

__all__ = [
    "IfMatch",
    "Known",
    "NotModified",
    "StaleVersion",
    "etag",
    "offer",
    "require_match",
]

LARGEST = 2**63 - 1


class StaleVersion(Problem):
    """The caller's copy is older than what is stored; nothing was changed."""

    status = 412
    type = "stale-version"
    title = {"zh-CN": "内容已被他人更新", "en": "Changed by someone else since you read it"}
    detail = {
        "zh-CN": "请重新读取后再修改，当前版本为 {current}。",
        "en": "Read it again, then change it; the current version is {current}.",
    }


class NotModified(Exception):
    """The caller's copy is current: answered as 304 without a body."""

    def __init__(self, tag: str) -> None:
        self.tag = tag


def etag(version: int) -> str:
    """Return the entity tag for a stored version."""
    return f'"{version}"'


def _tags(header: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}


async def _if_match(if_match: Annotated[str | None, Header()] = None) -> str | None:
    return if_match


IfMatch = Annotated[str | None, Depends(_if_match)]


async def _known(
    # As every read understands it, none tells it in the API's document.
    if_none_match: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> frozenset[int]:
    given = (tag.strip('"') for tag in _tags(if_none_match or ""))
    numbers = {int(tag) for tag in given if tag.isdecimal() and tag.isascii()}
    return frozenset(number for number in numbers if number <= LARGEST)


Known = Annotated[frozenset[int], Depends(_known)]
"""The versions that the caller has, by `If-None-Match`: of them no more than the tag is read."""


def require_match(version: int, if_match: str | None) -> None:
    """Refuse a write whose `If-Match` names another version than the stored one.

    Raises:
        StaleVersion: 412, with the current tag.
    """
    if if_match is None or if_match.strip() == "*":
        return
    if etag(version) not in _tags(if_match):
        raise StaleVersion(current=etag(version), headers={"ETag": etag(version)})


def offer(request: Request, response: Response, version: int) -> None:
    """Set the answer's ETag; on a read, stop early where the caller already has this version.

    Raises:
        NotModified: the request's `If-None-Match` names this version.
    """
    tag = etag(version)
    known = request.headers.get("if-none-match")
    if request.method in {"GET", "HEAD"} and known and (known == "*" or tag in _tags(known)):
        raise NotModified(tag)
    response.headers["ETag"] = tag
