"""What was found, for a person (Chinese first, then English) and for a program (JSON)."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from interop_service.exchanges.protocol import PROTOCOL
from tongban_client.conformance.playing import Outcome, Played
from tongban_client.conformance.shapes import Text

__all__ = ["Report"]

MARKS: Final = {Outcome.PASSED: "✓", Outcome.FAILED: "✗", Outcome.NOT_RUN: "–"}
WORDS: Final = {
    Outcome.PASSED: Text("符合", "passed"),
    Outcome.FAILED: Text("不符合", "failed"),
    Outcome.NOT_RUN: Text("未检查", "not run"),
}


@dataclass(frozen=True)
class Report:
    """A whole run."""

    endpoint: str
    district: str
    tester: str
    suite: str
    agreement: str
    begun_at: datetime
    keys_from: str
    """Where the keys come from by which answers were verified."""
    played: Sequence[Played]

    @property
    def is_good(self) -> bool:
        return not any(one.outcome is Outcome.FAILED for one in self.played)

    def text(self) -> str:
        """Return the report as lines for a person."""
        lines = [
            f"区际互通协议符合性检查报告（第 {PROTOCOL} 版）",
            f"Conformance to the exchange protocol between districts, version {PROTOCOL}",
            "",
            f"被测端点 endpoint: {self.endpoint} ({self.district})",
            f"测试方 tester: {self.tester}, {self.agreement}, {self.suite}",
            f"公钥来源 keys from: {self.keys_from}",
            f"时间 time: {self.begun_at.isoformat(timespec='seconds')}",
            "",
        ]
        for one in self.played:
            lines += _lines_of(one)
        return "\n".join([*lines, "", *self._verdict(), ""])

    def json(self) -> str:
        """Return the report as JSON."""
        told: dict[str, Any] = {
            "protocol": PROTOCOL,
            "endpoint": self.endpoint,
            "district": self.district,
            "tester": self.tester,
            "suite": self.suite,
            "agreement": self.agreement,
            "begun_at": self.begun_at.isoformat(),
            "keys_from": self.keys_from,
            "is_good": self.is_good,
            "checks": [_told(one) for one in self.played],
        }
        return json.dumps(told, ensure_ascii=False, indent=2) + "\n"

    def _verdict(self) -> list[str]:
        counts = Counter(one.outcome for one in self.played)
        zh = "，".join(f"{WORDS[each].zh} {counts[each]}" for each in Outcome)
        en = ", ".join(f"{counts[each]} {WORDS[each].en}" for each in Outcome)
        good = Text("结论：未发现不符合之处。", "Nothing was found against the protocol.")
        bad = Text("结论：不符合协议。", "It does not conform to the protocol.")
        verdict = good if self.is_good else bad
        return [f"共 {len(self.played)} 项：{zh}。{verdict.zh}", f"{en}. {verdict.en}"]


def _lines_of(played: Played) -> list[str]:
    check, word = played.check, WORDS[played.outcome]
    lines = [
        f"{MARKS[played.outcome]} {check.sent.zh}：{word.zh}（协议 {check.section}）",
        f"  {check.name}: {check.sent.en}: {word.en} (protocol {check.section})",
    ]
    if played.outcome is Outcome.FAILED:
        lines += [f"    协议要求：{check.asked.zh}", f"    asked for: {check.asked.en}"]
    for finding in played.findings:
        lines += [f"    发现：{finding.zh}", f"    found: {finding.en}"]
    return lines


def _told(played: Played) -> dict[str, Any]:
    check = played.check
    return {
        "name": check.name,
        "section": check.section,
        "sent": _both(check.sent),
        "asked": _both(check.asked),
        "outcome": played.outcome,
        "findings": [_both(one) for one in played.findings],
        "milliseconds": played.milliseconds,
    }


def _both(text: Text) -> dict[str, str]:
    return {"zh-CN": text.zh, "en": text.en}
