"""How many finds have which value (分面): counted in the statement that lists them."""

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Text,
    cast,
    column,
    func,
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB

__all__ = ["facets_of"]

FACETS = {
    "matter_type": False,
    "area": False,
    "handling": False,
    "audiences": True,
    "channels": True,
    "life_stages": True,
}
"""What finds are counted by; true where a matter can have several."""


def facets_of(listed: CTE) -> ColumnElement[Any]:
    """Return `{facet: {value: count}}` of all finds, whatever page is asked for."""
    counts = []
    for name, several in FACETS.items():
        source: FromClause = listed
        value: ColumnElement[Any] = listed.c[name]
        if several:
            each = func.unnest(value).table_valued(column("value", Text)).render_derived("each")
            source, value = listed.join(each, true()), each.c.value
        counts.append(
            select(
                literal(name).label("facet"), value.label("value"), func.count().label("matters")
            )
            .select_from(source)
            .group_by(value)
        )
    counted = union_all(*counts).subquery("counted")
    by_value = (
        select(
            counted.c.facet,
            func.jsonb_object_agg(counted.c.value, counted.c.matters).label("values"),
        )
        .group_by(counted.c.facet)
        .subquery("by_value")
    )
    return cast(
        select(func.jsonb_object_agg(by_value.c.facet, by_value.c["values"])).scalar_subquery(),
        JSONB,
    )
