"""The load scripts ask as a front end does."""

from collections import Counter

import httpx
import pytest
from load import year
from load.year import Patient

from support.hall import Unexpected


async def test_what_a_busy_service_refuses_is_asked_again_by_the_same_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(year, "WAITS", (0.0, 0.0))
    answers, keys = [503, 503, 201, 409], list[str]()

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        return httpx.Response(answers[len(keys) - 1], json={"id": "1"})

    async with httpx.AsyncClient(
        base_url="http://district", transport=httpx.MockTransport(answer)
    ) as client:
        clerk = Patient("窗口", client, None, Counter())
        made = await clerk.post("/cases", {})
        with pytest.raises(Unexpected):
            await clerk.hand_in("1", "plan", "plan.pdf", b"%PDF")

    assert made == {"id": "1"}
    assert keys[0] == keys[1] == keys[2] != keys[3]
    assert clerk.retried == {"cases": 2}
