"""Reads a state_dict from a legacy (before torch 1.6) .pth file without torch, and safely.

The format: five pickles (magic number, protocol, system, the state_dict, storage keys), then each
storage's element count (int64) and bytes. May import: the standard library, numpy.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8", "HalfStorage": "<f2", "IntStorage": "<i4"}


class _Unpickler(pickle.Unpickler):
    """Knows only what a state_dict of arrays needs: nothing else can be named, let alone called."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) in {("torch._utils", "_rebuild_tensor_v2")}:
            # (storage key, offset, size, stride) is all we need of a tensor
            return lambda storage, offset, size, stride, *_: (storage, offset, size, stride)
        if module == "torch" and name in DTYPES:
            return np.dtype(DTYPES[name])
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a file of weights")

    def persistent_load(self, pid: Any) -> tuple[str, np.dtype]:
        kind, dtype, key, *_ = pid
        if kind != "storage":
            raise pickle.UnpicklingError(f"unknown persistent object {kind!r}")
        return key, dtype


def read(path: Path) -> dict[str, np.ndarray]:
    """Reads all arrays of a legacy .pth file.

    Args:
        path: Path. The file.

    Returns:
        dict. Parameter name -> array, in torch's layout.

    Raises:
        ValueError: the file is not of this format, or is cut short.
    """
    with path.open("rb") as file:
        try:
            if _unpickle(file) != MAGIC or _unpickle(file) != PROTOCOL:
                raise ValueError("it does not begin like one")
            _unpickle(file)  # the writing system's byte order and sizes: always little-endian
            tensors = _unpickle(file)
            keys = _unpickle(file)
            dtypes = {storage[0]: storage[1] for storage, *_ in tensors.values()}
            storages = {key: _storage(file, dtypes[key]) for key in keys}
            return {
                name: _array(storages[key], offset, size, stride)
                for name, ((key, _), offset, size, stride) in tensors.items()
            }
        except OSError:
            raise
        except Exception as error:  # pickle raises anything at all on broken bytes
            raise ValueError(f"{path}: not a legacy torch file, or cut short ({error})") from error


def _unpickle(file: BinaryIO) -> Any:
    return _Unpickler(file).load()


def _storage(file: BinaryIO, dtype: np.dtype) -> np.ndarray:
    count = int.from_bytes(file.read(8), "little")
    data = file.read(count * dtype.itemsize)
    if len(data) < count * dtype.itemsize or not count:
        raise EOFError("a storage is cut short")
    return np.frombuffer(data, dtype)


def _array(storage: np.ndarray, offset: int, size: tuple, stride: tuple) -> np.ndarray:
    """A tensor's values; as_strided itself would read beyond the storage if told to."""
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if min((offset, *size, *stride)) < 0 or last >= len(storage):
        raise ValueError(f"a tensor of {size} does not fit its storage of {len(storage)}")
    steps = [step * storage.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], size, steps).copy()
