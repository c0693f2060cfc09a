"""Writes files in torch's legacy format without torch, good ones and bad ones.

May import: the standard library, numpy, hvc_core.models.torch_file (for its two numbers).
"""

from __future__ import annotations

import pickle
import sys
import types
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from hvc_core.models.torch_file import MAGIC, PROTOCOL

KINDS = {"<f4": "FloatStorage", "<i8": "LongStorage", "<f2": "HalfStorage", "<i4": "IntStorage"}


class Call:
    """Pickles as a call of any function: what a malicious file holds."""

    def __init__(self, function: Any, *args: Any) -> None:
        self.function, self.args = function, args

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.function, self.args


class _Tensor:
    """Pickles as torch pickles a tensor: a rebuilding call on a storage kept elsewhere."""

    def __init__(self, rebuild: Any, storage: _Storage, offset: int, size: tuple, stride: tuple):
        self.rebuild = rebuild
        self.args: tuple[Any, ...] = (storage, offset, size, stride, False, OrderedDict())

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.rebuild, self.args


class _Storage:
    def __init__(self, key: str, values: np.ndarray, kind: Any) -> None:
        self.key, self.values, self.kind = key, values, kind


class _Pickler(pickle.Pickler):
    def persistent_id(self, obj: Any) -> Any:
        if isinstance(obj, _Storage):
            return ("storage", obj.kind, obj.key, "cpu", len(obj.values), None)
        return None


def write(
    path: Path,
    tensors: dict[str, tuple[np.ndarray, int, tuple[int, ...], tuple[int, ...]]],
    head: Any = MAGIC,
    system: Any = None,
    extra: Any = None,
) -> Path:
    """Writes a legacy .pth file.

    Args:
        tensors: name -> (flat storage, offset, size, stride), the last three in elements. Tensors
            given the same array share one storage.
        head: what stands in place of the magic number.
        system: what stands in place of the writing system's sizes.
        extra: an object stored among the tensors under the name `extra`.
    """
    with _torch() as torch, path.open("wb") as file:
        storages: dict[int, _Storage] = {}
        state: OrderedDict[str, Any] = OrderedDict()
        for name, (values, offset, size, stride) in tensors.items():
            kind = getattr(torch, KINDS[values.dtype.str])
            storage = storages.setdefault(id(values), _Storage(str(len(storages)), values, kind))
            rebuild = sys.modules["torch._utils"]._rebuild_tensor_v2
            state[name] = _Tensor(rebuild, storage, offset, size, stride)
        if extra is not None:
            state["extra"] = extra
        for obj in (head, PROTOCOL, system or {"little_endian": True}):
            _Pickler(file, 2).dump(obj)
        _Pickler(file, 2).dump(state)
        _Pickler(file, 2).dump([s.key for s in storages.values()])
        for storage in storages.values():
            file.write(np.int64(len(storage.values)).tobytes())
            file.write(storage.values.tobytes())
    return path


class _torch:
    """Puts a stand-in for torch's names where pickle looks for them, and takes it away again."""

    def __enter__(self) -> Any:
        torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
        for name in KINDS.values():
            kind = type(name, (), {"__module__": "torch"})
            setattr(torch, name, kind)

        def _rebuild_tensor_v2(*args: Any) -> None:
            raise AssertionError("only ever named")

        _rebuild_tensor_v2.__module__ = "torch._utils"
        _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
        utils._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
        torch._utils = utils  # type: ignore[attr-defined]
        self.before = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
        sys.modules |= {"torch": torch, "torch._utils": utils}
        return torch

    def __exit__(self, *args: Any) -> None:
        for name, module in self.before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
