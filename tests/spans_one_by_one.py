"""Which words are worth asking for, defined plainly on one text: `closedbook.data.scan` must find the same in bulk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from closedbook.data.spans import SENTENCE_END, Word, is_number, normal, uncapitalised


def capitalised(word: Word) -> bool:
    return word.text[0].isupper()


def lower_case_words(texts: Iterable[Sequence[Word]]) -> Counter[str]:
    """How often each normal form stands in lower case."""
    return Counter(normal(word.text) for text in texts for word in text if word.text[0].islower())


def salient_spans(text: Sequence[Word], lower: Counter[str]) -> list[tuple[int, int]]:
    """(first, after last) word of each capitalised run and each number.

    A word that starts a sentence and stands in lower case elsewhere (`lower`) is capitalised by grammar only.
    """
    spans = []
    i = 0
    while i < len(text):
        word = text[i]
        starts_sentence = i == 0 or text[i - 1].text in SENTENCE_END
        if capitalised(word) and not (starts_sentence and lower[normal(word.text)]):
            j = i + 1
            while j < len(text) and capitalised(text[j]):
                j += 1
            spans.append((i, j))
            i = j
        else:
            if is_number(word.text):
                spans.append((i, i + 1))
            i += 1
    return spans


def span_text(text: str, span: Sequence[Word]) -> str:
    """The characters from the first word of a span to the end of its last."""
    return text[span[0].start : span[-1].start + len(span[-1].text)]


def body_spans(
    title: str, text: Sequence[Word], lower: Counter[str], known_answers: Collection[tuple[str, ...]] = ()
) -> list[tuple[int, int]]:
    """The salient spans after the title that say more than the title's own words, in order.

    Words that spell a known answer (`known`, each as its words) count as salient too, whatever their case; those that
    open a sentence also if they would without its capital.
    """
    in_title = {normal(word.text) for word in text if word.start < len(title)}
    spans = [
        (i, j)
        for i, j in salient_spans(text, lower)
        if text[i].start > len(title) and not all(normal(word.text) in in_title for word in text[i:j])
    ]
    longest = max(map(len, known_answers), default=0)
    taken = {i for first, last in spans for i in range(first, last)}
    for i, word in enumerate(text):
        for j in range(min(len(text), i + longest), i, -1):
            if word.start <= len(title) or taken & set(range(i, j)):
                continue
            spelled = tuple(other.text for other in text[i:j])
            opens = i == 0 or text[i - 1].text in SENTENCE_END
            if spelled in known_answers or (opens and (uncapitalised(spelled[0]), *spelled[1:]) in known_answers):
                spans.append((i, j))
                taken |= set(range(i, j))
    return sorted(spans)
