"""Objects (对象存储): bytes by key, and claim checks by which services hand bytes to one another.

Bytes and personal data never travel in an event. The sender leaves an object, encrypted for the
receiver, before its transaction commits; the event carries the claim: key, size and SHA-256.
"""

from tongban.objects.claims import ClaimBroken, ClaimCheck, collect, leave
from tongban.objects.files import FILES, FilePiece, LeftFile, leave_file, open_file
from tongban.objects.folder import FolderStore
from tongban.objects.location import InvalidLocation, folder_of, open_store
from tongban.objects.store import (
    InvalidObjectKey,
    ObjectNotFound,
    ObjectRef,
    ObjectStore,
    StoreUnavailable,
    sweep,
)

__all__ = [
    "FILES",
    "ClaimBroken",
    "ClaimCheck",
    "FilePiece",
    "FolderStore",
    "InvalidLocation",
    "InvalidObjectKey",
    "LeftFile",
    "ObjectNotFound",
    "ObjectRef",
    "ObjectStore",
    "StoreUnavailable",
    "collect",
    "folder_of",
    "leave",
    "leave_file",
    "open_file",
    "open_store",
    "sweep",
]
