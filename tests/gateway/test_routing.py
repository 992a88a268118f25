"""The table of owners, and what needs no token."""

import pytest

from gateway.routing import OWNERS, is_exchange, is_public, owner_of


@pytest.mark.parametrize(("element", "service"), sorted(OWNERS.items()))
def test_the_first_element_names_the_service(element: str, service: str) -> None:
    assert owner_of(f"/api/v1/{element}") == service
    assert owner_of(f"/api/v1/{element}/x/y") == service


@pytest.mark.parametrize(
    "path",
    ["/", "/api/v1", "/api/v1/", "/api/v1//matters", "/api/v1/matterss", "/api/v2/matters", "/mat"],
)
def test_nobody_owns_any_other_path(path: str) -> None:
    assert owner_of(path) is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "matters"),
        ("HEAD", "matters/116101/versions/1"),
        ("GET", "life-events/open-a-shop"),
        ("GET", "sites/hitech-hall/queue"),
        ("GET", "coverage"),
        ("GET", "catalog/metrics"),
        ("GET", "calendar/2026"),
        ("POST", "matters/116101/guide"),
        ("POST", "life-events/open-a-shop/guide"),
        ("GET", "licences/verify/ABCD"),
        ("POST", "cases/progress"),
    ],
)
def test_the_public_needs_no_token(method: str, path: str) -> None:
    assert is_public(method, f"/api/v1/{path}")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "matters"),
        ("POST", "matters/a/b/guide"),
        ("POST", "matters/116101/versions/1/publish"),
        ("PATCH", "calendar/2026"),
        ("GET", "cases"),
        ("GET", "cases/progress"),
        ("POST", "sites/hitech-hall/tickets"),
        ("GET", "catalog/export.json"),
        ("GET", "licences/verify/"),
        ("GET", "licences/42"),
        ("GET", "exchanges"),
        ("POST", "exchanges"),
        ("GET", "mattersx"),
        ("OPTIONS", "matters"),
    ],
)
def test_all_else_needs_one(method: str, path: str) -> None:
    assert not is_public(method, f"/api/v1/{path}")


def test_signed_messages_come_in_below_the_protocol_s_tree_only() -> None:
    assert owner_of("/interop/v2/exchanges/1/results") == "interop"
    assert is_exchange("/interop/v2/exchanges")
    assert not is_exchange("/interopx/v2/exchanges")
    assert not is_exchange("/api/v1/exchanges")
