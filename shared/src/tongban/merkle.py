"""Hash trees (RFC 9162, section 2.1): prove that one leaf is of a tree without showing the others.

Pure: bytes in, bytes out. The hash is SHA-256.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

__all__ = ["PathUnfit", "path_of", "root_from", "root_of"]

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"


class PathUnfit(ValueError):
    """An audit path that is too long or too short for its leaf's place in the tree."""


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the hash of the tree over these leaves, in their order."""
    if not leaves:
        return hashlib.sha256().digest()
    return _root(leaves)


def path_of(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path of the leaf at `index`, from 0: what its root is reckoned with.

    Raises:
        IndexError: there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    return _path(leaves, index)


def root_from(leaf: bytes, *, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root of a tree of `size` leaves in which `leaf` stands at `index`.

    The caller compares it with the root he trusts (RFC 9162, section 2.1.3.2).

    Raises:
        PathUnfit: the path is not one of this place in a tree of this size.
    """
    if not 0 <= index < size:
        raise PathUnfit(f"no leaf {index} in a tree of {size}")
    place, last, found = index, size - 1, _hash_leaf(leaf)
    for sibling in path:
        if last == 0:
            raise PathUnfit("the path is too long")
        if place % 2 or place == last:
            found = _hash_nodes(sibling, found)
            while place % 2 == 0 and place:
                place, last = place // 2, last // 2
        else:
            found = _hash_nodes(found, sibling)
        place, last = place // 2, last // 2
    if last:
        raise PathUnfit("the path is too short")
    return found


def _root(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) == 1:
        return _hash_leaf(leaves[0])
    middle = _middle(len(leaves))
    return _hash_nodes(_root(leaves[:middle]), _root(leaves[middle:]))


def _path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    if len(leaves) == 1:
        return []
    middle = _middle(len(leaves))
    if index < middle:
        return [*_path(leaves[:middle], index), _root(leaves[middle:])]
    return [*_path(leaves[middle:], index - middle), _root(leaves[:middle])]


def _middle(size: int) -> int:
    """Return the largest power of two below `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def _hash_leaf(leaf: bytes) -> bytes:
    return hashlib.sha256(_LEAF + leaf).digest()


def _hash_nodes(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()
