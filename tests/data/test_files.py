"""Compressed files and JSON Lines, wherever documents are read."""

from __future__ import annotations

import gzip
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedbook.data.documents import read_documents, read_text
from closedbook.data.files import Source, chunks
from closedbook.errors import DataError

TEXT = "Ada Ray. Born in Oslo.\nJ. R. Roe. Élan.\n"
ENTRIES = [{"title": "Ada Ray", "text": "Born in\nOslo."}, {"title": "J. R. Roe", "text": "J. R. Roe. Élan.", "id": 7}]


def lines(entries):
    return "".join(json.dumps(entry) + "\n" for entry in entries).encode()


def write(path, content):
    path.write_bytes(content)
    return path


def test_compressed_text_and_json_lines_are_read_as_plain_text_is(tmp_path):
    zstandard = pytest.importorskip("zstandard")
    plain = read_documents(write(tmp_path / "a.txt", TEXT.encode())).items
    for name, content in (
        ("b.txt.gz", gzip.compress(TEXT.encode())),
        ("c.txt.zst", zstandard.compress(TEXT.encode())),
        ("d.jsonl", lines(ENTRIES)),
        ("e.ndjson.gz", gzip.compress(lines(ENTRIES))),
    ):
        assert read_documents(write(tmp_path / name, content)).items == plain
    assert read_text(tmp_path / "b.txt.gz").items[0].text == TEXT
    renamed = [{"name": entry["title"], "body": entry["text"]} for entry in ENTRIES]
    path = write(tmp_path / "f.jsonl", lines(renamed))
    assert read_documents(f"{path}:title=name,text=body").items == plain
    assert Source.of(f"{path}:text=body").fields == ("title", "body")


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (b"{", "cannot be read as JSON"),
        (b'{"x": ' + 100_000 * b"[", "cannot be read as JSON"),
        (b"[1]", "is not a JSON object"),
        (b'{"title": "A"}', "has no field 'text' (there are: title); name it: "),
        (b'{"title": "A", "text": 7}', "the field 'text' holds no text"),
        (b'{"title": " ", "text": "b"}', "the field 'title' holds no text"),
        (b'{"title": "A", "text": "\\ud800"}', "holds a NUL or half a surrogate pair"),
        (b"", "is blank"),
        (b'{"title": "\xe9"}', "byte 0xe9 is not UTF-8"),
    ],
)
def test_a_line_of_json_that_cannot_be_used_is_named(tmp_path, second, message):
    path = write(tmp_path / "a.jsonl", lines(ENTRIES[:1]) + second + b"\n" + lines(ENTRIES[1:]))
    with pytest.raises(DataError, match=re.escape(f"{path}:2: ") + ".*" + re.escape(message)):
        read_documents(path)


def test_damaged_archives_and_fields_of_plain_text_are_refused(tmp_path):
    zstandard = pytest.importorskip("zstandard")
    packed = gzip.compress(TEXT.encode() * 100)
    for content in (packed[: len(packed) // 2], TEXT.encode(), packed[:40] + b"xxxx" + packed[44:]):
        with pytest.raises(DataError, match="is no whole gzip file"):
            read_documents(write(tmp_path / "a.txt.gz", content))
    squeezed = zstandard.compress(TEXT.encode() * 100)
    for content in (TEXT.encode(), squeezed[: len(squeezed) // 2]):
        with pytest.raises(DataError, match="is no whole zstd file"):
            read_documents(write(tmp_path / "a.txt.zst", content))
    with pytest.raises(DataError, match=r"fields are named for \.jsonl files"):
        read_documents(f"{tmp_path / 'a.txt'}:title=name")


@given(st.lists(st.integers(0, 30), max_size=20), st.integers(1, 40), st.booleans())
def test_chunks_end_with_lines_and_make_up_the_file(lengths, size, ends):
    content = b"\n".join(b"x" * length for length in lengths) + b"\n" * ends
    parts = list(chunks(io.BytesIO(content), size))
    assert b"".join(chunk.content for chunk in parts) == content
    for chunk in parts:
        assert content[chunk.start :].startswith(chunk.content)
        assert chunk.line == 1 + content.count(b"\n", 0, chunk.start)
    assert all(chunk.content.endswith(b"\n") for chunk in parts[:-1])
