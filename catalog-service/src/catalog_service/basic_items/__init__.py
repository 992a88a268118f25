"""基本目录: the basic items that come from above, and which of them the district claimed."""
