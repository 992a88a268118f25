"""The reform's results are counted from the matters in force."""

from typing import Any

import pytest
import pytest_asyncio
from catalog.factories import claim_basic_items, matter_content

from catalog_service.app import SERVICE, create_app
from catalog_service.metrics.rules import reduction
from tongban.testing.fixtures import RunningService, envelope


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def small(run_service: Any) -> RunningService:
    """A catalog of its own, so that its counts are known."""
    running: RunningService = await run_service(SERVICE, create_app, log_level="error")
    await claim_basic_items(running)
    return running


def before(materials: int, days: int) -> dict[str, Any]:
    names = [f"材料{at}" for at in range(materials)]
    return {"as_of": "2018-12-31", "required_materials": names, "days": days}


async def test_the_metrics_are_computed_from_the_rows(small: RunningService) -> None:
    matters = [
        # Two required materials each, five days promised of twenty.
        matter_content(baseline=before(4, 20)),  # 50 %, 75 %
        matter_content(baseline=before(4, 16), statutory_days=16),  # 50 %, 68.75 %
        matter_content(baseline=before(3, 20), handling_scope="nationwide"),  # 33 %, 75 %
        matter_content(
            baseline=None,
            concentrated=False,
            matter_type="public_service",
            body=matter_content()["body"] | {"kind": "vertical"},
        ),
    ]
    answer = await small.client.post(
        "/api/v1/catalog/import?publish=true",
        json={"matters": matters},
        headers=small.district.headers("admin"),
    )
    assert answer.status_code == 200, answer.text
    theirs = matter_content()
    offer = {
        "owner_district": "610172",
        "agreement": "xa-qj",
        "mode": "proxy",
        "version": 1,
        "state": "offered",
        "matter": theirs,
    }
    await small.hear(envelope("interop.matter_offer.changed", f"610172-{theirs['code']}", offer))

    metrics = (await small.client.get("/api/v1/catalog/metrics")).json()

    total = metrics["total"]
    assert metrics["concentrated"] == 3
    assert (total["matters"], total["with_baseline"]) == (4, 3)
    assert total["materials"] == {"before": 11, "now": 6, "reduction": 0.4545}
    assert total["days"] == {"before": 76, "now": 20, "reduction": 0.7368}
    assert (total["materials_cut_by_half"], total["time_cut_by_seventy"]) == (2, 3)
    assert total["both_cut"] == 1
    assert metrics["by_matter_type"]["licence"]["matters"] == 3
    assert metrics["by_matter_type"]["public_service"]["materials"]["reduction"] is None
    assert metrics["by_body_kind"]["vertical"]["matters"] == 1
    assert metrics["concentrated_matters"]["both_cut"] == 1
    assert metrics["cross_district"] == {
        "ours": 1,
        "partners": 1,
        "partner_districts": 1,
        "partners_by_mode": {"proxy": 1},
    }
    assert metrics["baseline_as_of"] == ["2018-12-31"]
    assert "改革前" in metrics["formula"]["zh_cn"]


@pytest.mark.parametrize(
    ("was", "now", "part"), [(20, 5, 0.75), (4, 4, 0.0), (2, 3, -0.5), (0, 0, None)]
)
def test_a_reduction_is_the_part_that_was_cut(was: int, now: int, part: float | None) -> None:
    assert reduction(was, now) == part
