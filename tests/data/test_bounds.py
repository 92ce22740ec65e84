"""What a stranger's text may do: nothing takes longer than its length, holds more memory than is stated, or hangs."""

from __future__ import annotations

import contextlib
import gzip
import os
import random
import socket
import stat
import time

import pytest

from closedbook import environment
from closedbook.data import files
from closedbook.data.documents import Document, is_abbreviation, read_documents, read_text, title_of
from closedbook.data.files import Source, create_beside, opened, read_bytes, read_file
from closedbook.data.passages import CANDIDATES, Page
from closedbook.data.questions import names_in, read_questions, subject
from closedbook.data.spans import words
from closedbook.errors import DataError
from closedbook.verdicts.quotes import sentences

needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")


# Titles and sentences ------------------------------------------------------------------------------------------------


def title_by_definition(text):
    """The text before the first ". " whose last word is no abbreviation, looked for from the front each time."""
    stops = [i for i in range(len(text)) if text.startswith(". ", i)]
    for stop in stops:
        words = text[:stop].split()
        if words and not is_abbreviation(words[-1]):
            return text[:stop]
    return text[: stops[0]] if stops else text.removesuffix(".")


def test_a_title_found_in_one_pass_is_the_one_that_is_defined():
    rng = random.Random(5)
    pieces = ["A", "Jr", "Dr", "word", "b.c", "J.-P", ". ", ".", " ", "  ", "\t", '"', "é", "Ph.D"]
    for _ in range(20_000):
        text = "".join(rng.choice(pieces) for _ in range(rng.randint(0, 12)))
        # Stops overlap nowhere, as `find` goes on behind each.
        assert title_of(text) == title_by_definition(text), text


class Counted(str):
    """A text that counts the characters that are taken out of it."""

    taken = 0

    def __getitem__(self, place):
        part = super().__getitem__(place)
        self.taken += len(part)
        return part


@pytest.mark.parametrize("piece", ["J. ", "Dr. ", ".", ". ", "a.", "A-", "(", "x? ", "A.\t"])
def test_titles_and_sentences_read_a_text_once(piece):
    text = Counted((piece * 20_000)[:20_000])
    title_of(text)
    assert text.taken <= 2 * len(text)
    text = Counted(text)
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
    assert text.taken <= 5 * len(text)


@pytest.mark.parametrize("piece", ["1,", "1:", "12.5,", "e\u0301", "a-", "J.", "['", "\u0e01\u0e31"])
def test_a_long_text_without_spaces_is_read_to_its_end(piece):
    """However it ends. Of a list of numbers that ends in a letter each member was read to the end: in fifty minutes."""
    for end in ("", "x", "1x"):
        text = (piece * 500_000)[:500_000] + end
        began = time.process_time()
        assert sum(len(word.text) for word in words(text)) == len(text)
        assert time.process_time() - began < 60  # no timing: it takes a second or two, and with the square an hour


def test_a_number_has_as_many_separators_as_numbers_have():
    assert [word.text for word in words("It cost 1,234,567,890.5 on 2024.01.02 at 12:30:45.125.")] == [
        "It", "cost", "1,234,567,890.5", "on", "2024.01.02", "at", "12:30:45.125", ".",
    ]  # fmt: skip


def test_sentences_end_as_they_did():
    assert sentences("He met J. Doe. Really?! Yes... in St. Ives at 3.5 m. ") == [
        "He met J. Doe.", "Really?!", "Yes...", "in St. Ives at 3.5 m.",
    ]  # fmt: skip


# Lines ---------------------------------------------------------------------------------------------------------------


def test_a_line_beyond_the_bound_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "LONGEST_LINE", 50)
    path = tmp_path / "a.txt"
    path.write_text("Ada. Short.\nBea. " + "x" * 50 + "\n")
    with pytest.raises(DataError, match=r"a\.txt:2: is longer than 50 characters; break it"):
        read_documents(path)
    path.write_text("Where was Ada born?\n" + "y" * 51 + "\n")
    with pytest.raises(DataError, match=r"a\.txt:2: is longer"):
        read_questions(path)
    assert len(read_text(path).items[0].text) > 51  # any text is read without regard to its lines


def test_a_line_without_end_is_not_gathered(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "LONGEST_LINE", 50)
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"Ada. Short.\n" + 10_000 * b"x"))
    with (
        pytest.raises(DataError, match=r"a\.txt\.gz:2: is longer than 50 characters"),
        opened(Source.of(path), "documents") as (stream, _),
    ):
        list(files.chunks(stream, 64))


def test_the_fields_that_an_object_has_are_not_listed_at_length(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("{" + ", ".join(f'"{"k" * 200}{i}": 1' for i in range(500)) + "}\n")
    with pytest.raises(DataError) as error:
        read_documents(path)
    assert len(str(error.value)) < 1000


def test_names_are_looked_for_among_the_first_words_of_a_question_only():
    assert len(list(names_in("was " * 400_000))) <= 400 * 24 * 3
    assert subject("Where was " * 100 + "Ada Ray born?", {"Ada Ray"}) == "Ada Ray"


def test_no_name_is_longer_than_names_are():
    """Of two long words every run would be spelled, folded and compared in all its ways."""
    assert all(len(name) <= 1000 for name in names_in(f"Where was {'a' * 600} {'b' * 600} {'c' * 5000} born?"))
    assert subject(f"Where was {'a' * 900} born?", {"a" * 900}) == "a" * 900
    assert subject(f"Where was {'a' * 1001} born?", {"a" * 1001}) is None


# Sizes ---------------------------------------------------------------------------------------------------------------


def compressed(name, content):
    if name.endswith("zst"):
        return pytest.importorskip("zstandard").compress(content)
    return gzip.compress(content)


@pytest.mark.parametrize("name", ["a.txt.gz", "a.txt.zst"])
def test_a_small_file_that_expands_without_measure_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "READ_AT_MOST", 1 << 20)
    path = tmp_path / name
    path.write_bytes(compressed(name, b"Ada. Born in Oslo.\n" * 1_000_000))
    seen = []

    def read():
        with opened(Source.of(path), "documents") as (stream, _):
            seen.extend(map(len, iter(lambda: stream.read(1 << 16), b"")))

    with pytest.raises(DataError, match=r"expands to more than 1 MB, over 100 times its size"):
        read()
    assert sum(seen) <= 2 << 20
    monkeypatch.setenv(environment.LIMIT, "100")
    assert len(read_bytes(path, "documents")) == 19_000_000


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.txt.zst"])
def test_what_is_read_into_memory_is_bounded_and_can_be_raised(name, tmp_path, monkeypatch):
    content = os.urandom(600_000).hex().encode()
    path = tmp_path / name
    path.write_bytes(content if name == "a.txt" else compressed(name, content))
    monkeypatch.setenv(environment.LIMIT, "1")
    with pytest.raises(DataError, match=r"holds more than 1 MB, the most of text .* --read-at-most MEGABYTES"):
        read_text(path)
    monkeypatch.setenv(environment.LIMIT, "2")
    assert read_text(path).items[0].text.encode() == content


@pytest.mark.parametrize("read", [read_documents, read_questions])
@pytest.mark.parametrize("value", ["{}", "[]", "10", '{"title":"Ada","text":"Born."}'])
def test_json_of_so_many_values_that_they_would_fill_the_memory_is_refused(read, value, tmp_path, monkeypatch):
    """Each of them takes many times the bytes that it has in the file."""
    path = tmp_path / "many.json"
    path.write_text(f"[{','.join([value] * (900_000 // len(value) // 2))}]")
    monkeypatch.setenv(environment.LIMIT, "1")
    with pytest.raises(DataError, match=r"it may hold more than 62,500 values; .* --read-at-most MEGABYTES"):
        read(path)
    monkeypatch.setenv(environment.LIMIT, "3")
    with contextlib.suppress(DataError):
        read(path)


@pytest.mark.parametrize("limit", ["-1", "0", "1e3", "many", "9" * 5000, "٣"])
def test_a_limit_that_is_no_number_is_said(limit, monkeypatch):
    monkeypatch.setenv(environment.LIMIT, limit)
    with pytest.raises(DataError, match="is no number of megabytes"):
        environment.most_read()


def test_a_little_zstd_is_decompressed_a_little_at_a_time(tmp_path):
    zstandard = pytest.importorskip("zstandard")
    path = tmp_path / "a.zst"
    path.write_bytes(zstandard.compress(bytes(200 << 20)))
    with opened(Source.of(path), "text") as (stream, _):
        assert len(stream.read(1000)) == 1000
        assert len(stream.stream.ready) < 100 << 20


# Kinds ---------------------------------------------------------------------------------------------------------------


@needs_pipes
def test_pipes_devices_and_sockets_are_refused_unopened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    os.mkfifo("pipe")
    os.mkfifo("pipe.gz")
    os.symlink("pipe", "link")
    bound = socket.socket(socket.AF_UNIX)
    bound.bind("socket")
    kinds = {"pipe": "a pipe", "pipe.gz": "a pipe", "link": "a pipe", "socket": "a socket", "/dev/zero": "a device"}
    for name, kind in kinds.items():
        with pytest.raises(DataError, match=f"cannot be read \\(it is {kind}"):
            read_bytes(name, "documents")
        with pytest.raises(OSError, match=f"it is {kind}"):
            read_file(name)
    bound.close()


@needs_pipes
def test_a_pipe_that_takes_a_files_place_at_the_last_moment_is_refused_too(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(files, "check_kind", lambda path: None)
    with pytest.raises(OSError, match="it is a pipe"):
        read_file(tmp_path / "pipe")


# Writing -------------------------------------------------------------------------------------------------------------


def test_a_file_that_is_created_beside_another_is_new_and_has_its_permissions(tmp_path, monkeypatch):
    path, victim = tmp_path / "a.json", tmp_path / "victim"
    path.write_text("old")
    path.chmod(0o640)
    victim.write_text("precious")
    names = iter(["known", "known", "free"])
    monkeypatch.setattr(files.secrets, "token_hex", lambda size: next(names))
    os.symlink(victim, tmp_path / ".a.json.known.partial")  # somebody has foreseen the name
    file, partial = create_beside(path)
    with file:
        file.write(b"new")
    assert partial.name == ".a.json.free.partial"
    assert victim.read_text() == "precious"
    assert stat.S_IMODE(partial.stat().st_mode) == 0o640


def test_a_line_of_capitals_has_a_bounded_number_of_candidates():
    page = Page(Document("Ada Ray. " + "A " * 50_000, "Ada Ray", 1))
    assert len(page.candidates()) == CANDIDATES
    assert page.candidates()[0].text == "Ada"
