"""Where the objects lie, told by one setting: a folder, or a bucket at an S3 server."""

from configparser import ConfigParser
from configparser import Error as BrokenFile
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from tongban.objects.folder import FolderStore
from tongban.objects.store import ObjectStore

__all__ = ["InvalidLocation", "folder_of", "open_store"]

_OPTIONS: Final = frozenset({"endpoint", "region", "credentials"})


class InvalidLocation(ValueError):
    """Neither a folder nor s3://bucket[/prefix][?endpoint=…&region=…&credentials=FILE]."""


def open_store(location: str) -> ObjectStore:
    """Return the store at `location`.

    Raises:
        InvalidLocation: it can't be read.
    """
    if not location.startswith("s3://"):
        return FolderStore(folder_of(location))
    # 16 MB that only those pay who keep their objects in a bucket.
    from tongban.objects.s3 import S3Store

    url = urlsplit(location)
    options = {name: values[-1] for name, values in parse_qs(url.query).items()}
    if not url.hostname or url.username or not options.keys() <= _OPTIONS:
        raise InvalidLocation(location.partition("?")[0])
    prefix = url.path.strip("/")
    return S3Store(
        url.hostname,
        prefix=f"{prefix}/" if prefix else "",
        endpoint=options.get("endpoint"),
        region=options.get("region"),
        **(_credentials(Path(options["credentials"])) if "credentials" in options else {}),
    )


def folder_of(location: str) -> Path:
    """Return the folder that is the store.

    Raises:
        InvalidLocation: the store is no folder.
    """
    if "://" in location or not location:
        raise InvalidLocation(location.partition("?")[0])
    return Path(location)


def _credentials(file: Path) -> dict[str, str]:
    """Read a credentials file as AWS tools write it; without one the AWS_* variables hold."""
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(file.read_text())
        section = parser["default"]
        return {
            "access_key_id": section["aws_access_key_id"],
            "secret_access_key": section["aws_secret_access_key"],
        }
    except (OSError, BrokenFile, KeyError) as fault:
        raise InvalidLocation(f"{file}: expected [default] with both keys") from fault
