"""How maps are told (RFC 7946): positions are [longitude, latitude] in WGS-84."""

from fastapi.responses import JSONResponse

__all__ = ["GeoJson"]


class GeoJson(JSONResponse):
    """An answer under GeoJSON's own media type (RFC 7946 section 12)."""

    media_type = "application/geo+json"
