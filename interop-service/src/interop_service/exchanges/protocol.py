"""The protocol between districts (docs/interop/protocol.md): its version, and where it lies."""

from typing import Final

__all__ = ["CHUNK", "PROTOCOL", "ROOT", "TREE"]

PROTOCOL: Final = "2"
ROOT: Final = "/interop/"
"""Below it, and nowhere else, partners' signed messages come in."""
TREE: Final = f"{ROOT}v{PROTOCOL}"
CHUNK: Final = "application/offset+octet-stream"
"""The media type of a file's chunk, as tus has it."""
