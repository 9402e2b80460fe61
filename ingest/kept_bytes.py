"""Values as bytes, read back as nothing but the classes that are expected."""

import io
import pickle
import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

_PROTOCOL = 5
_LEVEL = 1
_OF_PYTHON = (datetime, timedelta, timezone)

type Classes = Mapping[tuple[str, str], type]


def expected(classes: Iterable[type]) -> Classes:
    """The classes that bytes may hold, besides those of times, as ``read`` takes them."""
    return {(one.__module__, one.__qualname__): one for one in (*classes, *_OF_PYTHON)}


def written(value: object, classes: Classes) -> bytes:
    """A value made of plain things and of instances of these classes."""
    target = io.BytesIO()
    pickler = pickle.Pickler(target, _PROTOCOL)
    pickler.dispatch_table = dict.fromkeys(
        (one for one in classes.values() if issubclass(one, StrEnum)), _by_value
    )
    pickler.dump(value)
    return zlib.compress(target.getvalue(), _LEVEL)


def _by_value(member: StrEnum) -> tuple[type, tuple[str]]:
    return type(member), (member.value,)


def read(state: bytes, classes: Classes) -> Any | None:
    """The value; None for bytes of another version, which may fail in any way."""
    try:
        return _Reader(state, classes).load()
    except Exception:
        return None


class _Reader(pickle.Unpickler):
    """Knows these classes only, so that bytes can build nothing else."""

    def __init__(self, state: bytes, classes: Classes) -> None:
        super().__init__(io.BytesIO(zlib.decompress(state)))
        self._classes = classes

    def find_class(self, module: str, name: str) -> Any:
        return self._classes[module, name]
