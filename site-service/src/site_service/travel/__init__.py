"""How long the way takes: straight lines, a road network, or a routing server (出行时间)."""
