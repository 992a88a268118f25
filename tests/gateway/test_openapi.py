"""The services' documents become one."""

from typing import Any

from gateway.openapi import merge


def document(service: str, schemas: dict[str, Any], *, refers_to: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{refers_to}"}
    operation = {
        "tags": [service],
        "responses": {"200": {"content": {"application/json": {"schema": schema}}}},
    }
    return {
        "info": {"title": f"Tongban · {service} service"},
        "paths": {f"/api/v1/{service}": {"get": operation}},
        "components": {"schemas": schemas},
    }


def reference_at(merged: dict[str, Any], path: str) -> str:
    answer = merged["paths"][path]["get"]["responses"]["200"]
    reference: str = answer["content"]["application/json"]["schema"]["$ref"]
    return reference.rpartition("/")[2]


def test_what_two_services_define_alike_is_shared() -> None:
    one = {"Problem": {"type": "object"}}

    merged = merge(
        {
            "case": document("case", one, refers_to="Problem"),
            "site": document("site", one, refers_to="Problem"),
        }
    )

    assert merged["components"]["schemas"] == one
    assert reference_at(merged, "/api/v1/case") == "Problem"


def test_what_differs_under_one_name_gets_its_services_name() -> None:
    merged = merge(
        {
            "case": document("case", {"Read": {"type": "object"}}, refers_to="Read"),
            "site": document("site", {"Read": {"type": "string"}}, refers_to="Read"),
        }
    )

    assert merged["components"]["schemas"] == {
        "CaseRead": {"type": "object"},
        "SiteRead": {"type": "string"},
    }
    assert reference_at(merged, "/api/v1/case") == "CaseRead"
    assert reference_at(merged, "/api/v1/site") == "SiteRead"


def test_what_refers_to_what_differs_is_not_shared_either() -> None:
    page = {"items": {"$ref": "#/components/schemas/Read"}}

    merged = merge(
        {
            "case": document("case", {"Page": page, "Read": {"a": 1}}, refers_to="Page"),
            "site": document("site", {"Page": page, "Read": {"a": 2}}, refers_to="Page"),
        }
    )

    schemas = merged["components"]["schemas"]
    assert schemas["CasePage"]["items"]["$ref"] == "#/components/schemas/CaseRead"
    assert schemas["SitePage"]["items"]["$ref"] == "#/components/schemas/SiteRead"


def test_a_discriminators_mapping_follows_the_new_names() -> None:
    choice = {"discriminator": {"mapping": {"a": "#/components/schemas/Read"}}}

    merged = merge(
        {
            "case": document("case", {"Choice": choice, "Read": {"a": 1}}, refers_to="Choice"),
            "site": document("site", {"Read": {"a": 2}}, refers_to="Read"),
        }
    )

    mapping = merged["components"]["schemas"]["Choice"]["discriminator"]["mapping"]
    assert mapping == {"a": "#/components/schemas/CaseRead"}


def test_each_tag_is_told_once_with_its_service() -> None:
    merged = merge({"case": document("case", {"A": {}}, refers_to="A")})

    assert merged["tags"] == [{"name": "case", "description": "case service"}]
    assert merged["servers"] == [{"url": "/"}]
