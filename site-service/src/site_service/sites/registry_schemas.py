"""What comes in and goes out over HTTP for boundaries, kiosks' health and open data."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from site_service.sites.places import rings_of
from site_service.sites.rules import Provenance
from tongban.instants import Instant
from tongban.problems import field_fault
from tongban.texts import Line

__all__ = ["BoundaryIn", "Heartbeat", "MatterWithoutCounter", "SiteFeatures", "TroubledKiosk"]

MOST_POINTS = 100_000
NORTH, EAST = 90, 180


class Geometry(BaseModel):
    """A GeoJSON Polygon or MultiPolygon, WGS-84."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: list[Any] = Field(min_length=1, max_length=1000)


def _drawable(geometry: Geometry) -> Geometry:
    """Refuse a geometry that is none."""
    points = 0
    try:
        for ring in rings_of(geometry.model_dump()):
            if len(ring) < 4 or list(ring[0]) != list(ring[-1]):  # RFC 7946 3.1.6
                raise ValueError("not a closed ring")
            points += len(ring)
            for longitude, latitude in ring:
                if abs(longitude) > EAST or abs(latitude) > NORTH or points > MOST_POINTS:
                    raise ValueError("not a place")
    except (TypeError, ValueError, KeyError, IndexError):
        raise field_fault(
            "geometry",
            zh="不是有效的 GeoJSON 多边形：每个环首尾相同，坐标为 [经度, 纬度]（WGS-84）",
            en="not a GeoJSON polygon: each ring ends where it began, of [longitude, latitude]",
        ) from None
    return geometry


class BoundaryIn(BaseModel):
    """The district's boundary."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    geometry: Annotated[Geometry, AfterValidator(_drawable)]
    provenance: Provenance


class Heartbeat(BaseModel):
    """What a kiosk tells of itself."""

    model_config = ConfigDict(extra="forbid")

    faults: list[Line] = Field(default=[], max_length=20, description="当前故障 / what is wrong")


class TroubledKiosk(BaseModel):
    """A kiosk that fell silent or told of a fault."""

    site_id: str
    site_name: str
    code: str
    model: str
    faults: list[str]
    last_seen_at: Instant | None
    is_silent: bool | None


class MatterWithoutCounter(BaseModel):
    """A matter that nobody takes in off line."""

    code: str
    name: str
    area: str


class SiteFeatures(BaseModel):
    """GeoJSON: the sites as points."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[dict[str, Any]]
