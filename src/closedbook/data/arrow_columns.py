"""The columns of an Arrow IPC stream, mapped into memory and indexed as numpy's arrays are.

A stream is written batch by batch, so a column lies in the file in as many parts, and Arrow joins them anew whenever
some entries are asked for (`ChunkedArray.take`: a quarter of a second for 1,000 parts, results/index-arrow.json). But
all parts are in one mapping: from the batch that an entry is of follows where it lies, and numpy reads many at once.

A nested field gives several columns, named by their path: a list `spans` of structs with a field `first` gives
`spans.starts`, one entry for each row and one more, and `spans.first`.
"""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from closedbook.data.arrays import offsets
from closedbook.errors import DataError

CHECKED_WHOLE = 1 << 28
"""Bytes of a file of which all is held to its checksums; of a larger one, CHECKED parts, evenly spread."""
CHECKED = 16


def pyarrow() -> Any:
    """The library, loaded when it is first needed. Raises DataError where it is not installed."""
    try:
        import pyarrow
        import pyarrow.ipc
    except ImportError:
        raise DataError(
            "a large corpus is indexed on disk with pyarrow, which is not installed: pip install 'closedbook[large]'"
        ) from None
    return pyarrow


class Column:
    """One column of all batches, read by position, positions or slice as if it were one array."""

    def __init__(self, view: np.ndarray, places: Sequence[int], counts: Sequence[int], add: np.ndarray | None) -> None:
        """Batch i has `counts[i]` entries, the first at `view[places[i]]`. To those of "starts" `add[i]` is added."""
        first, some = offsets(np.array(counts)), np.array(counts) > 0
        self.view, self.size = view, int(first[-1]) + (add is not None)
        self.first, self.shift = first[:-1][some], (np.array(places) - first[:-1])[some]
        self.add = None if add is None else add[some]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.view.dtype

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            at = np.arange(*at.indices(self.size))
        batch = self.first.searchsorted(at, "right") - 1
        values = self.view[at + self.shift[batch]]
        return values if self.add is None else values + self.add[batch]

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.asarray(self[:], dtype)


class MappedStream:
    """An Arrow IPC stream of this schema, mapped. Raises OSError, ValueError or an error of Arrow's where it is not.

    `checksums` are (end, CRC-32) of each record batch; or, if `whole`, of parts of the only one. The types are those of
    the schema that is given: the file's own is compared with it, and never used.
    """

    def __init__(self, path: Path, schema: Any, checksums: Sequence[tuple[int, int]], whole: bool = False) -> None:
        pa, header = pyarrow(), schema.serialize().to_pybytes()
        with open(path, "rb") as file:
            self.memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        size, self.parts = len(self.memory), len(checksums)
        ends = [len(header), *(end for end, _ in checksums)]
        if ends != sorted(ends) or ends[-1] != size or self.memory[: len(header)] != header:
            raise ValueError(f"{path.name} is not as long as it was, or has other columns")
        some = (self.parts * i // CHECKED for i in range(CHECKED))
        self.checked = set(range(self.parts) if size <= CHECKED_WHOLE else some)
        for i in self.checked:
            if zlib.crc32(memoryview(self.memory)[ends[i] : ends[i + 1]]) != checksums[i][1]:
                raise ValueError(f"{path.name} is not what was written")
        buffer = pa.py_buffer(self.memory)
        self._address = buffer.address
        stretches = pairwise([ends[0], size] if whole else ends)
        self.batches = [pa.ipc.read_record_batch(buffer[a:b], schema) for a, b in stretches]
        for i, batch in enumerate(self.batches):
            batch.validate(full=whole or i in self.checked)

    def columns(self) -> dict[str, Column]:
        """Every column but strings, by its path. Raises ValueError where one does not lie in the file."""
        parts: dict[str, list[tuple[np.ndarray, int, int]]] = {}
        for batch in self.batches:
            for field, array in zip(batch.schema, batch.columns, strict=True):
                for name, *part in _leaves(field.name, array):
                    parts.setdefault(name, []).append(tuple(part))  # type: ignore[arg-type]
        raw, columns = np.frombuffer(self.memory, np.uint8), {}
        for name, found in parts.items():
            kind = found[0][0].dtype
            places = [one.ctypes.data - self._address if len(one) else 0 for one, _, _ in found]
            for place, (one, _, _) in zip(places, found, strict=True):
                if place % kind.itemsize or not 0 <= place <= len(raw) - one.nbytes:
                    raise ValueError(f"{name} does not lie in the file")
            add = offsets(np.array([targets for _, _, targets in found]))[:-1] if name.endswith(".starts") else None
            view = raw[: len(raw) // kind.itemsize * kind.itemsize].view(kind)
            places = [place // kind.itemsize for place in places]
            columns[name] = Column(view, places, [length for _, length, _ in found], add)
        return columns

    def release(self) -> None:
        """Let go of the mapped pages; they stay in the system's cache while it has room for them."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self.memory.madvise(mmap.MADV_DONTNEED)


def _leaves(name: str, array: Any) -> Iterator[tuple[str, np.ndarray, int, int]]:
    """(path, numpy's view of it, entries, entries of what it points at) of every array that a nested one is made of."""
    types = pyarrow().types
    if types.is_list(array.type):
        yield f"{name}.starts", array.offsets.to_numpy(), len(array), len(array.values)
        yield from _leaves(name, array.values)
    elif types.is_struct(array.type):
        for i, field in enumerate(array.type):
            yield from _leaves(f"{name}.{field.name}", array.field(i))
    elif not types.is_string(array.type):
        yield name, array.to_numpy(), len(array), 0
