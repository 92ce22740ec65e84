"""The words of the built-in world, read from words.toml: names, places, professions, employers, and wordings."""

from __future__ import annotations

import tomllib
from importlib.resources import files

_lists = tomllib.loads(files("closedbook.synthetic").joinpath("words.toml").read_text(encoding="utf-8"))


def _tuples(table: str) -> dict[str, tuple[str, ...]]:
    return {name: tuple(items) for name, items in _lists[table].items()}


SHE, HE, SURNAMES, NEW_SHE, NEW_HE, NEW_SURNAMES, PLACES, PROFESSIONS, SCHOOLS, EMPLOYERS, INITIALS, MONTHS = (
    tuple(_lists[name])
    for name in (
        "she", "he", "surnames", "new_she", "new_he", "new_surnames", "places", "professions", "schools", "employers",
        "initials", "months",
    )
)  # fmt: skip
YEARS = tuple(str(year) for year in range(1850, 1990))
STATES, WORDINGS, QUESTIONS = _tuples("states"), _tuples("wordings"), _tuples("questions")
HELD_OUT = 5  # question wordings, the last ones of each relation, that are never trained on

SENTENCES = ((4,), (4,), (4,), (2, 2), (2, 2), (3, 1), (1, 3), (2, 1, 1))
"""How many parts each sentence of a biography states."""

FIRST = ("{name}", "{short}", "{surname}", "{surname}", "{surname}")
LATER = ("{surname}", "{surname}", "{surname}", "{first}")
"""What a sentence calls its person: in a document's first sentence, and later where it uses no pronoun."""
