"""What a document is (文书): its number, its content in both languages, and its seal (电子印章).

Pure: facts and the time come in, the document's JSON goes out. The seal is a compact JWS over the
document's number and the SHA-256 of its canonical JSON (RFC 8785), so that one altered letter
breaks it, and whoever has the district's public key can tell.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from string import Formatter
from typing import Any, Final

import rfc8785
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic_core import to_jsonable_python

from case_service.documents.interim import NAMES
from case_service.documents.wording import WORDING, DocumentKind, Words
from tongban import conditions
from tongban.clock import SHANGHAI, local_date

__all__ = [
    "DocumentKind",
    "MissingFacts",
    "compose",
    "digest_of",
    "number_of",
    "sealed",
    "verify",
]

_ALGORITHM: Final = "Ed25519"
_SEAL: Final = "seal"
_LANGUAGES: Final = ("zh-CN", "en")


class MissingFacts(ValueError):
    """A document can't be drawn up without what it must tell; a fault of the caller's."""

    def __init__(self, kind: DocumentKind, names: frozenset[str]) -> None:
        super().__init__(f"a document of kind {kind} needs {', '.join(sorted(names))}")
        self.names = names


def number_of(kind: DocumentKind, *, district: str, year: int, running: int) -> str:
    """Return the document's number (文号), such as 610171-SJ-2026-000123."""
    return f"{district}-{WORDING[kind].letters}-{year}-{running:06}"


def compose(
    kind: DocumentKind,
    *,
    number: str,
    district: str,
    body: str,
    case_number: str,
    issued_at: datetime,
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the document's content, dated and in both languages, as yet without its seal.

    Raises:
        MissingFacts: a line that the law asks for lacks its facts.
    """
    known = {name: fact for name, fact in facts.items() if fact is not None and fact != []}
    told = {**known, "case_number": case_number, "issued_on": local_date(issued_at)}
    if "matter_name" in known:
        told.setdefault("matter_english_name", known["matter_name"])
    told |= {fact: NAMES[fact].get(told[fact], told[fact]) for fact in NAMES.keys() & told.keys()}
    return {
        "number": number,
        "kind": kind.value,
        "title": _title(kind, told),
        "issued_by": {"district": district, "body": body},
        "issued_at": issued_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
        "case_number": case_number,
        "facts": to_jsonable_python(known),
        "lines": _lines(kind, told),
    }


def digest_of(content: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hex, of the canonical JSON of `content` without its seal."""
    unsealed = {name: value for name, value in content.items() if name != _SEAL}
    return hashlib.sha256(rfc8785.dumps(unsealed)).hexdigest()


def sealed(content: Mapping[str, Any], signature: str) -> dict[str, Any]:
    """Return `content` with the district's seal: a numbered document, or a licence."""
    return {**content, _SEAL: signature}


def verify(document: Mapping[str, Any], public_jwk: Mapping[str, Any]) -> bool:
    """Tell whether `document` is, letter for letter, what the key's holder sealed.

    `document` may come from anybody: whatever can't be read is not sealed.
    """
    try:
        signed = jws.deserialize_compact(
            document[_SEAL], OKPKey.import_key(dict(public_jwk)), algorithms=[_ALGORITHM]
        )
        claims = json.loads(signed.payload)
        expected = {"number": document["number"], "sha256": digest_of(document)}
    except (JoseError, rfc8785.CanonicalizationError, KeyError, TypeError, ValueError):
        return False
    return bool(claims == expected)


def _title(kind: DocumentKind, facts: Mapping[str, Any]) -> dict[str, str]:
    for title in WORDING[kind].titles:
        if _holds(title, facts):
            return {"zh-CN": title.zh, "en": title.en}
    raise MissingFacts(kind, _names_in_conditions(WORDING[kind].titles))


def _lines(kind: DocumentKind, facts: Mapping[str, Any]) -> dict[str, list[str]]:
    lines: dict[str, list[str]] = {language: [] for language in _LANGUAGES}
    for words in WORDING[kind].lines:
        if not _holds(words, facts):
            continue
        missing = frozenset(_places(words.zh) | _places(words.en)) - facts.keys()
        if missing and not words.is_optional:
            raise MissingFacts(kind, missing)
        if not missing:
            lines["zh-CN"].append(_told(words.zh, facts, "zh-CN"))
            lines["en"].append(_told(words.en, facts, "en"))
    return lines


def _holds(words: Words, facts: Mapping[str, Any]) -> bool:
    return conditions.holds(words.when, _plain(facts))


def _plain(facts: Mapping[str, Any]) -> conditions.Facts:
    return {name: fact for name, fact in facts.items() if isinstance(fact, str | int | float)}


def _names_in_conditions(titles: tuple[Words, ...]) -> frozenset[str]:
    used = (conditions.facts_used(title.when) for title in titles)
    return frozenset().union(*used)


def _places(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def _told(template: str, facts: Mapping[str, Any], language: str) -> str:
    return template.format_map({name: _say(fact, language) for name, fact in facts.items()})


def _say(fact: Any, language: str) -> str:
    if isinstance(fact, Mapping):
        return str(fact[language])
    if isinstance(fact, datetime):
        fact = local_date(fact)
    if isinstance(fact, date):
        chinese = f"{fact.year}年{fact.month}月{fact.day}日"
        return chinese if language == "zh-CN" else fact.isoformat()
    if isinstance(fact, list | tuple):
        separator = "；" if language == "zh-CN" else "; "
        if len(fact) == 1:
            return _say(fact[0], language)
        return separator.join(f"{at}. {_say(one, language)}" for at, one in enumerate(fact, 1))
    return str(fact)
