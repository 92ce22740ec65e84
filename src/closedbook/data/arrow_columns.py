"""Reads the columns of an Arrow IPC stream like numpy arrays, without loading them.

A stream is written batch by batch, so each column lies in the file in as many parts, and Arrow joins these anew for
every look-up (`ChunkedArray.take`: a quarter of a second for 1,000 parts, results/index-arrow.json). But all parts are
in one memory mapping. So we compute an entry's place from its batch, and let numpy read many entries at once.

A nested field gives several columns, named by their path: a list `spans` of structs with a field `first` gives
`spans.starts`, with one entry more than there are rows, and `spans.first`.
"""

from __future__ import annotations

import copy
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
"""Files up to so many bytes are checked completely; of a larger one, CHECKED parts, evenly spread."""
CHECKED = 16


def pyarrow() -> Any:
    """The library, imported when it is first needed. Raises DataError if it is not installed."""
    try:
        import pyarrow
        import pyarrow.ipc
    except ImportError:
        raise DataError(
            "a large corpus is indexed on disk with pyarrow, which is not installed: pip install 'closedbook[large]'"
        ) from None
    return pyarrow


class Column:
    """One column of all batches. Index it by a position, an array of positions or a slice, as if it were one array."""

    def __init__(self, view: np.ndarray, places: Sequence[int], counts: Sequence[int], add: np.ndarray | None) -> None:
        """Batch i has `counts[i]` entries, the first at `view[places[i]]`; `add[i]` is added to each, if given."""
        first, filled = offsets(np.array(counts)), np.array(counts) > 0
        self.view, self.size = view, int(first[-1]) + (add is not None)
        self.first, self.shift = first[:-1][filled], (np.array(places) - first[:-1])[filled]
        self.add = None if add is None else add[filled]

    def as_bool(self) -> Column:
        """This column of the bytes 0 and 1, as truth values."""
        other = copy.copy(self)
        other.view = self.view.view(np.bool_)
        return other

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
    """An Arrow IPC stream, mapped into memory. Raises OSError, ValueError or Arrow's own errors if it is damaged.

    `checksums` are (end, CRC-32) of each record batch, or of parts of the only one if `single_batch`. Types are taken
    from `schema` and never from the file, whose own schema is only compared with it.
    """

    def __init__(
        self, path: Path, schema: Any, checksums: Sequence[tuple[int, int]], single_batch: bool = False
    ) -> None:
        pa, header = pyarrow(), schema.serialize().to_pybytes()
        with open(path, "rb") as file:
            self.memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        size, self.parts = len(self.memory), len(checksums)
        ends = [len(header), *(end for end, _ in checksums)]
        if ends != sorted(ends) or ends[-1] != size or self.memory[: len(header)] != header:
            raise ValueError(f"{path.name} is not as long as it was, or has other columns")
        spread = (self.parts * i // CHECKED for i in range(CHECKED))
        self.checked = set(range(self.parts) if size <= CHECKED_WHOLE else spread)
        for i in self.checked:
            if zlib.crc32(memoryview(self.memory)[ends[i] : ends[i + 1]]) != checksums[i][1]:
                raise ValueError(f"{path.name} is not what was written")
        buffer = pa.py_buffer(self.memory)
        self._address = buffer.address
        stretches = pairwise([ends[0], size] if single_batch else ends)
        self.batches = [pa.ipc.read_record_batch(buffer[a:b], schema) for a, b in stretches]
        for i, batch in enumerate(self.batches):
            batch.validate(full=single_batch or i in self.checked)

    def columns(self) -> dict[str, Column]:
        """Every column except strings, by its path. Raises ValueError if one would lie outside the file."""
        parts: dict[str, list[tuple[np.ndarray, int, int]]] = {}
        for batch in self.batches:
            for field, array in zip(batch.schema, batch.columns, strict=True):
                for name, part in _leaves(field.name, array):
                    parts.setdefault(name, []).append(part)
        raw, columns = np.frombuffer(self.memory, np.uint8), {}
        for name, batch_parts in parts.items():
            kind = batch_parts[0][0].dtype
            places = [values.ctypes.data - self._address if len(values) else 0 for values, _, _ in batch_parts]
            for place, (values, _, _) in zip(places, batch_parts, strict=True):
                if place % kind.itemsize or not 0 <= place <= len(raw) - values.nbytes:
                    raise ValueError(f"{name} does not lie in the file")
            targets = offsets(np.array([pointed_at for _, _, pointed_at in batch_parts]))[:-1]
            view = raw[: len(raw) // kind.itemsize * kind.itemsize].view(kind)
            places = [place // kind.itemsize for place in places]
            counts = [length for _, length, _ in batch_parts]
            columns[name] = Column(view, places, counts, targets if name.endswith(".starts") else None)
        return columns

    def release(self) -> None:
        """Release the mapped pages; the system may keep them in its cache."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self.memory.madvise(mmap.MADV_DONTNEED)


def _leaves(name: str, array: Any) -> Iterator[tuple[str, tuple[np.ndarray, int, int]]]:
    """Each flat array inside a nested one: path, (numpy's view of it, its length, the length of what it points at)."""
    types = pyarrow().types
    if types.is_list(array.type):
        yield f"{name}.starts", (array.offsets.to_numpy(), len(array), len(array.values))
        yield from _leaves(name, array.values)
    elif types.is_struct(array.type):
        for i, field in enumerate(array.type):
            yield from _leaves(f"{name}.{field.name}", array.field(i))
    elif not types.is_string(array.type):
        yield name, (array.to_numpy(), len(array), 0)
