"""The field `Tongban-Checkpoint`: each side's latest signed checkpoint, kept by the other."""

from collections.abc import Mapping
from typing import Final

from tongban.context import Context

__all__ = ["CHECKPOINT_RESOURCE", "latest_checkpoint"]

CHECKPOINT_RESOURCE: Final = "ledger_checkpoint"
"""The process's resource that holds the latest one, a compact JWS; without it no field is sent."""


def latest_checkpoint(context: Context) -> Mapping[str, str]:
    """Return the header field to send, or none where nothing was sealed yet."""
    checkpoint: str | None = context.resources.get(CHECKPOINT_RESOURCE)
    return {} if checkpoint is None else {"tongban-checkpoint": checkpoint}
