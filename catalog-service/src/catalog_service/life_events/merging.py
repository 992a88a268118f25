"""Several matters as one: each question asked once, each field and each material listed once.

Pure. Questions and fields that bear the same key are the same; a life event renames a matter's
keys where the same word means another thing. Materials are the same by their names.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog_service.matters.guide_tree import Entry, Tree, tree_of
from tongban.conditions import Fact, Facts
from tongban.problems import FieldError, Text, Where
from tongban.texts import name_without_form

__all__ = [
    "Claim",
    "Joined",
    "Shared",
    "claims_of_questions",
    "conflicts",
    "merged_fields",
    "merged_materials",
    "need_of",
    "unknown_keys",
]

NECESSITIES = ("required", "commitment", "supply_later", "optional")
SOURCES = ("applicant", "third_party", "government")
FORMS = ("original", "copy", "electronic")
QUESTION = "question"


@dataclass(frozen=True)
class Joined:
    """A matter as part of a life event, with the content that is in force."""

    code: str
    version: int
    content: Entry
    renames: Mapping[str, str]
    given: Facts
    tree: Tree

    @classmethod
    def of(cls, member: Entry, *, version: int, content: Entry) -> "Joined":
        """Join the content that is in force with what the life event says of the matter."""
        return cls(
            code=member["code"],
            version=version,
            content=content,
            renames=member.get("renames", {}),
            given=member.get("given", {}),
            tree=tree_of(content),
        )

    def shared_key(self, key: str) -> str:
        """Return how the life event calls what this matter calls `key`."""
        return self.renames.get(key, key)

    def own_answers(self, answers: Facts) -> dict[str, Fact]:
        """Return what this matter looks at, by its own keys: the answers, and what is implied."""
        keys = [*(one.key for one in self.tree.questions), *self.tree.fields]
        told = {key: answers[mine] for key in keys if (mine := self.shared_key(key)) in answers}
        return {**told, **self.given}

    def asks(self, key: str) -> bool:
        """Whether it may ask the question that the life event calls `key`."""
        return any(
            self.shared_key(one.key) == key and one.key not in self.given
            for one in self.tree.questions
        )

    def claims(self) -> Iterator["Claim"]:
        """Yield what each shared key means to this matter."""
        for one in self.content.get("situations", ()):
            if one["key"] in self.given:
                continue
            yield Claim.of_question(self.shared_key(one["key"]), one)
        for one in self.content.get("form_fields", ()):
            yield Claim(
                key=self.shared_key(one["key"]),
                kind=one["kind"],
                values=frozenset(one.get("options", ())),
                label=one["label"],
                english_label=one.get("english_label"),
            )


@dataclass(frozen=True)
class Claim:
    """What a key means to one matter."""

    key: str
    kind: str
    values: frozenset[str]
    label: str
    english_label: str | None = None

    @classmethod
    def of_question(cls, key: str, question: Entry) -> "Claim":
        """Return what a question's key means."""
        return cls(
            key=key,
            kind=QUESTION,
            values=frozenset(one["value"] for one in question["answers"]),
            label=question["question"],
            english_label=question["english_question"],
        )

    def agrees_with(self, other: "Claim") -> bool:
        """Whether both mean a thing that is answered alike."""
        return (self.kind, self.values) == (other.kind, other.values)


def claims_of_questions(questions: Iterable[Entry]) -> dict[str, Claim]:
    """Return what the life event's own questions mean by their keys."""
    return {one["key"]: Claim.of_question(one["key"], one) for one in questions}


def conflicts(
    known: dict[str, Claim], joined: Joined, *, wordings: Iterable[str] | None = None
) -> list[Text]:
    """Tell what a matter means otherwise than those before it; where nothing, add it to `known`.

    Given the keys that have a wording, a difference in words alone is a conflict as well.
    """
    worded = None if wordings is None else set(wordings)
    found: list[Text] = []
    added: dict[str, Claim] = {}
    for claim in joined.claims():
        if claim.key in added:
            found.append(_said(claim, "在该事项中重复", "stands for two things in this matter"))
            continue
        added[claim.key] = claim
        before = known.get(claim.key)
        if before is None:
            continue
        if not claim.agrees_with(before):
            zh, en = f"与“{before.label}”的类型或者选项不同", f"is not answered like {before.label}"
            found.append(_said(claim, zh, en))
        elif worded is not None and claim.label != before.label and claim.key not in worded:
            zh = f"在其他事项中为“{before.label}”，请改名（renames）或者统一用语（wordings）"
            en = f"is worded {before.label} elsewhere; rename it, or give it one wording"
            found.append(_said(claim, zh, en))
    if not found:
        known.update({key: claim for key, claim in added.items() if key not in known})
    return found


def _said(claim: Claim, zh: str, en: str) -> Text:
    return {"zh-CN": f"{claim.key}（{claim.label}）{zh}", "en": f"{claim.key} ({claim.label}) {en}"}


def unknown_keys(joined: Joined, place: str) -> Iterator[FieldError]:
    """Tell which keys are renamed, and which answers given, that the matter does not know."""
    keys = {
        one["key"] for part in ("situations", "form_fields") for one in joined.content.get(part, ())
    }
    for key in joined.renames:
        if key not in keys:
            said = {"zh-CN": "该事项没有这个键", "en": "the matter has no such key"}
            yield Where.pointer(f"{place}/renames/{key}", said, "rename_unknown")
    choices = {one.key: one.values for one in joined.tree.questions}
    for key, answer in joined.given.items():
        if answer not in choices.get(key, ()):
            said = {
                "zh-CN": "该事项没有这个问题或者这个答案",
                "en": "the matter has no such question, or it has no such answer",
            }
            yield Where.pointer(f"{place}/given/{key}", said, "answer_unknown")


@dataclass(frozen=True)
class Shared:
    """The words that a life event uses for what its matters share."""

    wordings: Mapping[str, Entry]

    def question(self, entry: Entry, key: str, asked_by: Sequence[str]) -> dict[str, Any]:
        """Return a question as it is asked once for all matters that ask it."""
        words = self.wordings.get(key)
        question, english = entry["question"], entry["english_question"]
        return {
            "key": key,
            "question": question if words is None else words["label"],
            "english_question": english if words is None else words["english_label"],
            "answers": entry["answers"],
            "asked_by": [*asked_by],
        }

    def field(self, entry: Entry, key: str) -> dict[str, Any]:
        """Return a field under its shared key and words."""
        words = self.wordings.get(key)
        said = {} if words is None else {one: words[one] for one in ("label", "english_label")}
        return {"english_label": None, "options": [], **entry, **said, "key": key}


def merged_fields(
    needs: Iterable[tuple[Joined, Sequence[Entry]]], shared: Shared
) -> list[dict[str, Any]]:
    """Return one form: each field once, with the matters that use it."""
    form: dict[str, dict[str, Any]] = {}
    for joined, fields in needs:
        for entry in fields:
            key = joined.shared_key(entry["key"])
            use = {"matter": joined.code, "key": entry["key"], "required": entry["required"]}
            field = form.setdefault(
                key, {**shared.field(entry, key), "required": False, "used_by": []}
            )
            field.pop("when", None)  # it is met: the field applies
            field["required"] = field["required"] or entry["required"]
            if entry["key"] in joined.given:
                use["given"] = joined.given[entry["key"]]
            field["used_by"].append(use)
    return [*form.values()]


@dataclass(frozen=True)
class Need:
    """A material that a matter asks for; `produced_by` are matters of the event that make it."""

    matter: str
    material: Entry
    produced_by: Sequence[str]


def need_of(joined: Joined, material: Entry, earlier: Iterable[Joined]) -> Need:
    """Find which of the matters done before hand over what this one asks for."""
    name, waived_by = name_without_form(material["name"]), set(material.get("waived_by", ()))
    makers = [
        one.code
        for one in earlier
        for result in one.content.get("results", ())
        if result.get("licence_type") in waived_by or name_without_form(result["name"]) == name
    ]
    return Need(joined.code, material, makers)


def merged_materials(needs: Iterable[Need]) -> list[dict[str, Any]]:
    """List each material once, as strictly as the strictest matter asks for it.

    One set is handed in for all: of each form as many as the matter that wants most. What waives
    it must waive it for every matter that still needs it brought.
    """
    piles: dict[str, list[Need]] = {}
    for need in needs:
        piles.setdefault(name_without_form(need.material["name"]), []).append(need)
    return [_one_of(pile) for pile in piles.values()]


def _one_of(pile: Sequence[Need]) -> dict[str, Any]:
    brought = [one for one in pile if not one.produced_by] or pile
    materials = [one.material for one in brought]
    waivers = [set(one.get("waived_by", ())) for one in materials]
    counts = [_counts(one) for one in materials]
    return {
        "name": materials[0]["name"],
        "necessity": _strictest([one["necessity"] for one in materials], NECESSITIES),
        "source": _strictest([one.get("source", "applicant") for one in materials], SOURCES),
        "counts": {form: max(one.get(form, 0) for one in counts) for form in FORMS},
        "waived_by": sorted(set.intersection(*waivers)),
        "is_produced": all(one.produced_by for one in pile),
        "needed_by": [
            {
                "matter": one.matter,
                "produced_by": [*one.produced_by],
                "material": dict(one.material),
            }
            for one in pile
        ],
    }


def _counts(material: Entry) -> Mapping[str, int]:
    return material.get("counts") or {material["form"]: material.get("copies", 1)}


def _strictest(found: Sequence[str], order: Sequence[str]) -> str:
    return min(found, key=lambda one: order.index(one) if one in order else len(order))
