"""The catalog as linked data: the EU's public service vocabulary, CPSV-AP 3.2, in JSON-LD. Pure.

The document brings its own `@context`: a reader needs nothing from the network. Every property in
it is one of the published profile's; what the profile has no word for is left out, not invented.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from catalog_service.matters.vocabulary import Audience, DayUnit
from catalog_service.matters.words import chinese

__all__ = ["CONTEXT", "OWN", "event_of", "groups_of", "nodes_of", "shared_nodes"]

Node = dict[str, Any]
Content = Mapping[str, Any]

CONTEXT: Mapping[str, Any] = MappingProxyType(
    {
        "adms": "http://www.w3.org/ns/adms#",
        "cpsv": "http://purl.org/vocab/cpsv#",
        "cv": "http://data.europa.eu/m8g/",
        "dcat": "http://www.w3.org/ns/dcat#",
        "dct": "http://purl.org/dc/terms/",
        "eli": "http://data.europa.eu/eli/ontology#",
        "org": "http://www.w3.org/ns/org#",
        "skos": "http://www.w3.org/2004/02/skos/core#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
        "cv:hasValue": {"@type": "xsd:double"},
        "cv:processingTime": {"@type": "xsd:duration"},
    }
)
CHINESE = "http://publications.europa.eu/resource/authority/language/ZHO"
RENMINBI = "http://publications.europa.eu/resource/authority/currency/CNY"
OWN = "urn:tongban:matter:"
"""What begins so belongs to one matter alone."""
EVENTS: Mapping[str, str] = MappingProxyType(
    {Audience.PERSON: "cv:LifeEvent", Audience.ENTERPRISE: "cv:BusinessEvent"}
)
IN_FORCE = "http://purl.org/adms/status/Completed"


def shared_nodes(code: str, *, name: str) -> list[Node]:
    """Return what all matters refer to, the district that they are handled in first."""
    place = {"@id": f"urn:tongban:district:{code}", "@type": "dct:Location"}
    return [
        place | {"skos:prefLabel": _said(zh=name)},
        {"@id": CHINESE, "@type": "dct:LinguisticSystem"},
        _concept(RENMINBI, "人民币"),
        _concept(IN_FORCE, "已发布"),
    ]


def groups_of(events: Sequence[Content]) -> Mapping[str, Sequence[str]]:
    """Return, by matter, the life events that group it."""
    found: dict[str, list[str]] = {}
    for event in events:
        for member in event["matters"]:
            found.setdefault(member["code"], []).append(_event(event["code"]))
    return found


def event_of(event: Content, *, told: Collection[str]) -> Node:
    """Return a life event, related to those of its matters that are `told`.

    What happens to a person is a life event, what happens to a firm a business event; both may be.
    """
    kinds = [EVENTS[one] for one in event["audiences"]]
    related = [f"{OWN}{one['code']}" for one in event["matters"]]
    return {
        "@id": _event(event["code"]),
        "@type": [*kinds, "cv:Event"],
        "dct:identifier": event["code"],
        "dct:title": _said(zh=event["name"], en=event["english_name"]),
        "dct:description": _said(zh=event["summary"]),
        **_some("cv:hasRelatedService", [_to(one) for one in related if one in told]),
    }


def nodes_of(content: Content, *, place: str, groups: Sequence[str] = ()) -> Iterator[Node]:
    """Yield a matter's public service, and every node that it refers to but its life events."""
    own = f"{OWN}{content['code']}"
    body = f"urn:tongban:body:{content['body']['code']}"
    yield {
        "@id": body,
        "@type": ["cv:PublicOrganisation", "org:Organization"],
        "dct:identifier": content["body"]["code"],
        "skos:prefLabel": _said(zh=content["body"]["name"]),
        "dct:spatial": _to(place),
    }
    area = _word("area", "Area", content["area"])
    kind = _word("matter_type", "MatterType", content["matter_type"])
    audiences = [_word("audience", "Audience", one) for one in content["audiences"]]
    yield from (area, kind, *audiences)
    parts = {
        "cv:hasChannel": [*_channels(own, content, body)],
        "cv:hasCost": [*_costs(own, content)],
        "cv:hasLegalResource": [*_laws(content)],
        "cpsv:follows": [*_rules(own, content)],
        "cpsv:produces": [*_outputs(own, content)],
        "cpsv:hasInput": [*_evidence(own, content)],
        "cv:holdsRequirement": [*_requirements(own, content)],
    }
    for nodes in parts.values():
        yield from nodes
    yield from _licence_types(content)
    yield {
        "@id": own,
        "@type": "cpsv:PublicService",
        "dct:identifier": content["code"],
        "dct:title": _said(zh=content["name"], en=content["english_name"]),
        "dct:description": _said(zh=content["summary"]),
        "dct:language": _to(CHINESE),
        "dct:spatial": _to(place),
        "dct:type": _to(kind["@id"]),
        "dct:audience": [_to(one["@id"]) for one in audiences],
        "adms:status": _to(IN_FORCE),
        "cv:thematicArea": _to(area["@id"]),
        "cv:hasCompetentAuthority": _to(body),
        "cv:processingTime": f"P{content['promised_days']}D",
        **_some("cv:isGroupedBy", [_to(one) for one in groups]),
        **_some("dcat:keyword", [_zh(word) for word in content["keywords"]]),
        **{name: [_to(node["@id"]) for node in nodes] for name, nodes in parts.items() if nodes},
    }


def _channels(own: str, content: Content, body: str) -> Iterator[Node]:
    for channel in content["channels"]:
        yield {
            "@id": f"{own}:channel:{channel}",
            "@type": "cv:Channel",
            "dct:identifier": channel,
            "dct:description": _said(zh=chinese("Channel", channel)),
            "cv:ownedBy": _to(body),
        }


def _costs(own: str, content: Content) -> Iterator[Node]:
    for at, fee in enumerate(content["fees"], 1):
        through = fee["channel"]
        reached = f"{own}:channel:{through}"
        yield {
            "@id": f"{own}:cost:{at}",
            "@type": "cv:Cost",
            "dct:identifier": str(at),
            "dct:description": _said(zh=fee["name"]),
            "cv:hasValue": fee["amount_cents"] / 100,
            "cv:currency": _to(RENMINBI),
            **({"cv:ifAccessedThrough": _to(reached)} if through in content["channels"] else {}),
        }


def _law(law: str) -> str:
    # A law is known by its name alone: two matters that cite it mean the same one.
    return f"urn:tongban:law:{sha256(law.encode()).hexdigest()[:16]}"


def _laws(content: Content) -> Iterator[Node]:
    for law in dict.fromkeys(basis["law"] for basis in content["legal_basis"]):
        yield {"@id": _law(law), "@type": "eli:LegalResource", "dct:title": _said(zh=law)}


def _rules(own: str, content: Content) -> Iterator[Node]:
    for at, basis in enumerate(content["legal_basis"], 1):
        said = f"{basis['law']}{basis.get('article') or ''}"
        yield {
            "@id": f"{own}:rule:{at}",
            "@type": "cpsv:Rule",
            "dct:identifier": str(at),
            "dct:title": _said(zh=said),
            "dct:description": _said(zh=basis.get("text") or f"依据{said}办理。"),
            "dct:language": _to(CHINESE),
            "cpsv:implements": _to(_law(basis["law"])),
        }
    # The profile has a word for how long it takes, none for how long it may take by law.
    unit = chinese("DayUnit", content.get("statutory_unit", DayUnit.WORKING_DAYS))
    yield {
        "@id": f"{own}:rule:limit",
        "@type": "cpsv:Rule",
        "dct:identifier": "limit",
        "dct:title": _said(zh="法定办结时限", en="the law's limit"),
        "dct:description": _said(
            zh=f"{content['statutory_days']} 个{unit}", en=_limit_in_english(content)
        ),
        "dct:language": _to(CHINESE),
    }


def _limit_in_english(content: Content) -> str:
    unit = content.get("statutory_unit", DayUnit.WORKING_DAYS)
    return f"{content['statutory_days']} {unit.replace('_', ' ')}"


def _outputs(own: str, content: Content) -> Iterator[Node]:
    for at, result in enumerate(content["results"], 1):
        yield {
            "@id": f"{own}:output:{at}",
            "@type": "cv:Output",
            "dct:identifier": str(at),
            "dct:title": _said(zh=result["name"]),
            "dct:language": _to(CHINESE),
        }


def _evidence(own: str, content: Content) -> Iterator[Node]:
    for material in content["materials"]:
        yield {
            "@id": f"{own}:evidence:{material['key']}",
            "@type": "cv:Evidence",
            "dct:identifier": material["key"],
            "dct:title": _said(zh=material["name"]),
            "dct:language": _to(CHINESE),
            "cv:supportsRequirement": _to(f"{own}:requirement:{material['key']}"),
            **_some(
                "dct:conformsTo", [_to(_licence_type(one)) for one in material.get("waived_by", ())]
            ),
        }


def _requirements(own: str, content: Content) -> Iterator[Node]:
    for material in content["materials"]:
        yield {
            "@id": f"{own}:requirement:{material['key']}",
            "@type": "cv:Requirement",
            "dct:identifier": material["key"],
            "dct:title": _said(zh=f"提交{material['name']}"),
            "cv:hasSupportingEvidence": _to(f"{own}:evidence:{material['key']}"),
        }


def _event(code: str) -> str:
    return f"urn:tongban:life-event:{code}"


def _licence_type(name: str) -> str:
    return f"urn:tongban:licence-type:{name}"


def _licence_types(content: Content) -> Iterator[Node]:
    for material in content["materials"]:
        for name in material.get("waived_by", ()):
            yield {
                "@id": _licence_type(name),
                "@type": "cv:EvidenceType",
                "dct:identifier": name,
            }


def _word(question: str, kind: str, value: str) -> Node:
    return _concept(f"urn:tongban:{question}:{value}", chinese(kind, value), english=value)


def _concept(name: str, label: str, *, english: str | None = None) -> Node:
    words = english and english.replace("_", " ")
    return {"@id": name, "@type": "skos:Concept", "skos:prefLabel": _said(zh=label, en=words)}


def _said(*, zh: str, en: str | None = None) -> list[Node]:
    return [_zh(zh), *([{"@language": "en", "@value": en}] if en else [])]


def _zh(text: str) -> Node:
    return {"@language": "zh-CN", "@value": text}


def _to(name: str) -> Node:
    return {"@id": name}


def _some(name: str, values: Sequence[Any]) -> Node:
    return {name: values} if values else {}
