"""Reads corpora that are not one document a line: folders of text or Markdown files, and SQuAD's JSON.

In a folder each file is a document; in SQuAD's JSON each paragraph is one, under the title of its article. Both are
read into memory as a whole, so a larger corpus should have one document a line (`closedbook.data.documents`).
"""

from __future__ import annotations

import codecs
import errno
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from closedbook.data.files import Source, decode, is_storable, open_file, read_file, read_hashed
from closedbook.environment import most_read, raise_it
from closedbook.errors import DataError
from closedbook.validation import parse_json

MARKDOWN = (".md", ".markdown")
TEXT = (".txt", ".text")
ENDS = re.compile(r"[.!?:;,…。！？।؟]['\"”’)\]]*$")  # a block with such an end needs no full stop
LOOKED_AT = 1000  # lines that are searched for tabs
PATTERN_LINES = 3  # so many lines or more, each with a tab, are a table


Titled = tuple[str, str]
"""A document's title, and its text, "Title. Text …", on one line."""


def in_lines(corpus: str | Path) -> bool:
    """Whether a corpus has one document a line, so that it can be read from the middle and indexed on disk."""
    path = Source.of(corpus).path
    return not os.path.isdir(path) and not _is_json(path)


def _is_json(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").removesuffix(".zst").endswith(".json")


def read_titled(corpus: str | Path) -> tuple[list[Titled], str]:
    """(documents, SHA-256) of a corpus that is not `in_lines`. Raises DataError if it cannot be used."""
    path = Source.of(corpus).path
    return _folder(path) if os.path.isdir(path) else _squad(path)


def digest(corpus: str | Path) -> str:
    """The SHA-256 that `read_documents` gives a corpus: of the file, or of a folder's file names and contents.

    Raises OSError if it cannot be read.
    """
    path = Source.of(corpus).path
    if not os.path.isdir(path):
        with open_file(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    return _summed(_contents(path))


def check_lines(path: Path, lines: Sequence[str]) -> None:
    """Raise DataError if the first lines look like QUESTION tab ANSWER or another table, not like documents."""
    lines = lines[:LOOKED_AT]
    if not all("\t" in line for line in lines):
        return
    asks = sum(line.partition("\t")[0].rstrip().endswith(("?", "？", "؟")) for line in lines)
    if 2 * asks > len(lines):
        raise DataError(
            f"{path}:1: is a file of questions (QUESTION<tab>ANSWER in every line), and documents were asked for; "
            "give it with --questions"
        )
    if len(lines) >= PATTERN_LINES:
        raise DataError(
            f"{path}:1: is a table (there is a tab in every line), and documents were asked for; write "
            '"Title. Text …" a line, or JSON Lines with a title and a text'
        )


# A folder -------------------------------------------------------------------------------------------------------


def _folder(path: Path) -> tuple[list[Titled], str]:
    try:
        contents = list(_contents(path))
    except OSError as error:
        raise DataError(f"{error.filename}: cannot be read ({error.strerror})") from None
    if not contents:
        raise DataError(f"{path} is a folder without files that end in {', '.join((*TEXT, *MARKDOWN))}; name a file")
    documents = []
    for name, content in contents:
        text = decode(content.removeprefix(codecs.BOM_UTF8), path / name)
        stem = " ".join(Path(name).stem.replace("_", " ").split())
        heading, body = _plain(text) if name.lower().endswith(MARKDOWN) else ("", " ".join(text.split()))
        if not body and not heading:
            raise DataError(f"{path / name}: is empty; remove it, or write the document into it")
        if not is_storable(title := heading or stem):
            raise DataError(f"{path / name}: its name is not UTF-8, and would be the title; rename it")
        documents.append(_titled(title, body))
    return documents, _summed(contents)


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """(name, content) of the text files below a folder.

    Raises OSError where one cannot be read, or all together exceed what is read into memory.
    """
    room = most_read()
    for name in text_files(path):
        try:
            content = read_file(path / name)
        except OSError as error:
            raise OSError(error.errno, error.strerror, f"{path / name}") from None
        if (room := room - len(content)) < 0:
            raise OSError(errno.EFBIG, f"its files hold more than {most_read() / 1e6:,.0f} MB; {raise_it()}", f"{path}")
        yield name, content


def text_files(path: Path) -> list[str]:
    """The text files below a folder, sorted so that the order is the same everywhere, without hidden ones.

    Raises OSError for a folder in it that cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise error

    names = []
    for folder, folders, files in os.walk(path, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        below = Path(folder).relative_to(path)
        names += [(below / name).as_posix() for name in files
                  if not name.startswith(".") and name.lower().endswith((*TEXT, *MARKDOWN))]  # fmt: skip
    return sorted(names)


def _summed(contents: Iterable[tuple[str, bytes]]) -> str:
    summed = hashlib.sha256()
    for name, content in contents:
        summed.update(os.fsencode(name) + b"\0" + hashlib.sha256(content).digest())
    return summed.hexdigest()


def _plain(text: str) -> tuple[str, str]:
    """(the first heading, the rest) of Markdown as plain text; a block without a full stop gets one."""
    from markdown_it import MarkdownIt

    if text.startswith("---\n") and (end := text.find("\n---\n", 3)) > 0:  # front matter
        text = text[end + 5 :]
    blocks: list[str] = []
    heading, in_heading = "", False
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type in ("heading_open", "heading_close"):
            in_heading = token.type == "heading_open"
        if token.type not in ("inline", "fence", "code_block"):
            continue
        content = " ".join((_shown(token) if token.type == "inline" else token.content).split())
        if in_heading and not heading and not blocks:
            heading = content.rstrip(".")
        elif content:
            blocks.append(content if ENDS.search(content) else f"{content}.")
    return heading, " ".join(blocks)


def _shown(inline: Any) -> str:
    """The texts and the code of an inline token, without link addresses and images."""
    breaks, texts = ("softbreak", "hardbreak"), ("text", "code_inline")
    return "".join(
        " " if child.type in breaks else child.content if child.type in texts else "" for child in inline.children
    )


def _titled(title: str, body: str) -> Titled:
    return title, body if body == title or body.startswith(f"{title}. ") else f"{title}. {body}" if body else title


# JSON -----------------------------------------------------------------------------------------------------------


def _squad(path: Path) -> tuple[list[Titled], str]:
    content, sha256 = read_hashed(path, "documents")
    try:
        data = parse_json(decode(content, path))
    except ValueError as error:
        raise DataError(
            f"{path}: cannot be read as JSON ({error}); .jsonl holds an object a line, .json one value"
        ) from None
    articles = data.get("data") if isinstance(data, dict) else data
    if not isinstance(articles, list) or not articles:
        raise DataError(
            f'{path}: holds neither {{"data": […]}} as SQuAD does nor a list of {{"title": …, "text": …}}; '
            "write one of them, or JSON Lines in .jsonl"
        )
    documents = []
    for number, article in enumerate(articles, 1):
        place = f"{path}: article {number}"
        if not isinstance(article, dict) or not isinstance(article.get("title"), str) or not article["title"].strip():
            raise DataError(f"{place} has no title; write {{'title': …, 'paragraphs': [{{'context': …}}]}}")
        texts = [article["text"]] if "text" in article else _contexts(article)
        if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
            raise DataError(f"{place} has no text; write 'paragraphs', each with a 'context', or a 'text'")
        # SQuAD's titles are those of web addresses: Beyonc%C3%A9_Knowles
        spaced = article["title"] if "text" in article else unquote(article["title"]).replace("_", " ")
        title = " ".join(spaced.split())
        if not all(map(is_storable, (title, *texts))):
            raise DataError(f"{place} holds a NUL or half a surrogate pair; remove it")
        if not title:
            raise DataError(f"{place} has nothing but spaces as its title; name it")
        documents += [_titled(title, " ".join(text.split())) for text in texts]
    return documents, sha256


def _contexts(article: dict[str, Any]) -> list[Any]:
    paragraphs = article.get("paragraphs")
    if not isinstance(paragraphs, list):
        return []
    return [paragraph.get("context") if isinstance(paragraph, dict) else None for paragraph in paragraphs]
