"""`closedbook forget`."""

from __future__ import annotations

from pathlib import Path

from closedbook.cli.options import Json
from closedbook.cli.output import console, escape, print_json
from closedbook.errors import DataError
from closedbook.formatting import plural


def forget(run: Path, /, *, title: list[str] | None = None, documents: Path | None = None, json: Json = False) -> None:
    """Forget names: their vectors, their documents, and what was learned of them; all else stays the same to the bit.

    A name that was learned later is gone as if it had never been. Of a name of the first training the rows are zeroed,
    while the network that was trained with them stays (docs/living.md).

    For example:

        closedbook forget runs/fast-… --title "Ada Lovelace"

        closedbook forget runs/fast-… --documents withdrawn.txt

    Args:
        run: A run folder with a memory of names.
        title: The title of a document; may be repeated.
        documents: A file of documents: every title in it is forgotten.
    """
    import closedbook
    from closedbook.data.documents import read_documents

    out = console(json)
    titles = list(title or [])
    if documents is not None:
        titles += read_documents(documents).titles
    if not titles:
        raise DataError("nothing was named to forget; give --title NAME or --documents FILE")
    titles = list(dict.fromkeys(titles))
    closedbook.load(run).forget(titles)
    out.print(f"forgot {escape(titles[0]) if len(titles) == 1 else plural(len(titles), 'name')}")
    if json:
        print_json({"forgot": titles})
