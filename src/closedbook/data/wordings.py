"""Understands questions in wordings that were never trained on: which trained question asks for the same.

A network that learned its language from a few hundred documents cannot know that "Who came up with it?" asks for the
inventor. But it need not: a run is trained on a few kinds of question, and it is enough to tell which of them is meant,
and to ask that. What tells is known before any network is: the words of the trained wordings, the words that stand
around their answers in the documents, the answers' own words ("kJ"), what kind of thing they are, a list of English
words that ask for the same and, where one is installed, a sentence encoder. Asked for something else, no trained
question fits, and that is worth as much to know: the network would answer with a relation that it did learn, and be
sure of it.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from closedbook.data.documents import Document
from closedbook.data.paraphrase import JOIN, SHORTEST, concepts, joined, one_stem, opposed
from closedbook.data.passages import name_in
from closedbook.data.question_kinds import ENGLISH, WHO, Language, language_of, languages
from closedbook.data.questions import Questions, without
from closedbook.data.wording_evidence import Surroundings, Words
from closedbook.data.wording_groups import Group, WordingsRecord, as_words, beside, ending, grouped
from closedbook.errors import RunError
from closedbook.validation import convert

LITTLE, NOUN, KIND = 0.35, 1.5, 0.6
"""What a word counts that says little, where others count 1; the noun behind "which"; the kind of thing asked for."""
OPEN = 0.2
"""How little "what is …" fits where all trained wordings ask for somebody, a time or the like."""
CACHED = 10_000
CLOSING = "?？.! \t\n"  # what may close a question
AFTER_A_SENTENCE = re.compile(r".*[.!?;:]\s+(\S+\s+\S+\s+\S.*)", re.DOTALL)
"""What is asked after a sentence or more that say why; of three words or more."""
READ, UNDERSTOOD = 0.2, 0.75
"""From which confidence a question is asked in a trained wording, and from which it counts as understood."""
ENCODER_READ, ENCODER_UNDERSTOOD = 0.05, 0.8
"""The same with a sentence encoder."""
# What the confidence is made of, fitted on the other wordings of many corpora (docs/appendix/verdicts.md).
WEIGHTS = {"elsewhere": -8.05, "unexplained": -2.53, "covered": 3.83, "misfit": -3.3}
INTERCEPT = 1.11
# The same with a sentence encoder, and how much a cosine of 1 counts beside what words say of a group.
ENCODER_WEIGHTS = {"similar": 9.46, "margin": 1.13, "words": 1.98, "elsewhere": -7.82, "misfit": -0.27}
ENCODER_INTERCEPT = -3.15
SIMILAR = 3.0
ASSOCIATED = 0.2  # how strongly some word has to be associated with the group that is meant

Encoder = Callable[[Sequence[str]], np.ndarray]
"""Gives texts vectors of length 1, (text, width), whose products say how alike they are in meaning."""


class Reading(NamedTuple):
    """How a question was understood."""

    text: str
    """What to ask: the question in a trained wording, or as it came."""
    wording: str | None
    """That wording, with {} for the name; None where the question is asked as it came."""
    confidence: float
    """The chance that it asks for what the trained wording asks for."""
    understood: bool
    """Whether that is enough to trust the answer to it."""
    ending: str = ""
    """The last word of the answers to such questions, where they are quantities (`Group.ending`)."""

    def unlike(self, answer: str) -> bool:
        """Whether an answer ends as none to such questions does: "183.84 u" where all are "… °C"."""
        return self.ending not in ("", ending(answer))


class Evidence(NamedTuple):
    """What a word of a question says of what is asked for."""

    worth: float
    """What it counts beside the other words."""
    groups: Sequence[float]
    """How strongly it is associated with each group, from 0 to 1."""
    elsewhere: float
    """How much it is a word of places that no answer is near."""


@dataclass(frozen=True)
class Wordings:
    """The wordings of a run's training questions in groups, and which words are associated with each."""

    groups: tuple[Group, ...]
    tells: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    """For each word, how strongly it is associated with each group, from 0 to 1."""
    elsewhere: Mapping[str, float] = field(default_factory=dict)
    """For each word of documents, the share of its places that is not around any answer."""
    encoder: Encoder | None = field(default=None, repr=False, compare=False)
    """Compares English questions as well, where there is one."""

    @classmethod
    def of(
        cls,
        questions: Questions,
        titles: Collection[str],
        documents: Iterable[Document] = (),
        encoder: Encoder | None = None,
    ) -> Wordings | None:
        """Collect and group the wordings; None if the questions share too few, as questions collected from people may.

        The documents show what stands around answers.
        """
        groups, answers = grouped(questions, titles)
        if not groups:
            return None
        tells, elsewhere = Surroundings([group.words for group in groups], answers, documents).associations()
        return cls(tuple(groups), tells, elsewhere, encoder)

    @cached_property
    def language(self) -> Language:
        """That of the trained wordings."""
        return languages()[language_of(words for group in self.groups for words in group.words)]

    @property
    def _english(self) -> bool:
        """Whether words that ask for the same are known by more than their letters."""
        return self.language is languages()[ENGLISH]

    @cached_property
    def _encoder(self) -> Encoder | None:
        """The encoder, where the trained wordings are English, and not of a language of which nothing is listed."""
        listed = any(concepts(word) for group in self.groups for words in group.words for word in words)
        return self.encoder if self._english and listed else None

    @cached_property
    def _kinds(self) -> list[frozenset[str | None]]:
        return [group.kinds(self.language) for group in self.groups]

    @cached_property
    def _trained(self) -> dict[Words, int]:
        return {words: number for number, group in enumerate(self.groups) for words in group.words}

    @cached_property
    def _templates(self) -> list[tuple[str, str]]:
        """What stands before and behind the name in each trained wording."""
        forms = (form.strip().rstrip(CLOSING) for group in self.groups for form in group.forms)
        return [(before, after) for before, _, after in (form.partition("{}") for form in forms)]

    @cached_property
    def _near(self) -> Callable[[str], Iterable[str]]:
        """For a word, the known words that it may be similar to."""
        near = defaultdict[str | int, list[str]](list)

        def keys(word: str) -> list[str | int]:
            """What similar words have in common: beginning, end, or a list of words that ask for the same."""
            return [word[:SHORTEST], "-" + word[-SHORTEST:], *concepts(word)]

        for word in sorted({*self.tells, *self.elsewhere}):
            for key in keys(word):
                near[key].append(word)
        return lambda word: {similar for key in keys(word) for similar in near.get(key, ())}

    def split(self, question: str, name: str | None = None) -> tuple[str, str | None]:
        """A question with {} for its name, and the name; without one where there is none to be told.

        The name is `name` if given; otherwise whatever a trained wording leaves room for; otherwise the longest
        capitalised run.
        """
        if name is not None:
            return without(question, name, "{}"), name
        start, stop = len(question) - len(question.lstrip()), len(question.rstrip(CLOSING))
        for before, after in self._templates:
            first, last = start + len(before), stop - len(after)
            if (
                first < last
                and question[start:first].casefold() == before.casefold()
                and question[last:stop].casefold() == after.casefold()
            ):
                return f"{question[:first]}{{}}{question[last:]}", question[first:last]
        if (name := name_in(question)) is not None and name in question:
            return question.replace(name, "{}", 1), name
        return question, None

    def read(self, question: str, name: str | None = None) -> Reading:
        """How to ask a question, by its words; `name` is the title in it, where one stands there."""
        form, name = self.split(question, name)
        wording = as_words(form.replace("{}", " "))
        if wording in self._trained:
            return Reading(question, None, 1.0, True, self.groups[self._trained[wording]].ending)
        if after := AFTER_A_SENTENCE.fullmatch(form):
            wording = max(wording, as_words(after[1].replace("{}", " ")), key=lambda words: self._best(words)[1])
        group, confidence = self._best(wording)
        if self._of_a_relative(form, group):
            return Reading(question, None, 0.0, False)
        if self._encoder is not None:
            enough = ENCODER_READ if self._is_english(wording) else UNDERSTOOD
        else:  # in a language of which no words are listed, two trained wordings may differ in words that say nothing
            enough = READ if not self._english or any(map(concepts, wording)) else UNDERSTOOD
        understood = self._understood(wording, group, confidence)
        last = self.groups[group].ending if understood else ""
        if confidence < enough or name is None:
            return Reading(question, None, confidence, understood, last)
        trained = self.groups[group].forms[0]
        return Reading(trained.replace("{}", name, 1), trained, confidence, understood, last)

    def _understood(self, wording: Words, group: int, confidence: float) -> bool:
        """Whether it is sure enough that a wording asks for what this group does."""
        if self._encoder is not None and self._is_english(wording):
            return confidence >= ENCODER_UNDERSTOOD
        by_words, sure = self._by_words._best(wording)
        return by_words == group and sure >= UNDERSTOOD and self._by_words._named(wording, group)

    def _is_english(self, wording: Words) -> bool:
        """Whether a question has any word that is known to be English, so that the encoder can be asked about it."""
        return any(word in self.language.empty | self.language.weak or concepts(word) for word in wording)

    def _named(self, wording: Words, group: int) -> bool:
        """Whether some word is associated with the group that does not stand in questions of every kind.

        "Where" alone does not make "Where was she arrested?" ask where she was born.
        """
        content = [word for word in self._content_words(wording) if word not in self.language.weak]
        pairs = joined(wording)
        return not content or any(self._associations(word)[0][group] > ASSOCIATED for word in (*content, *pairs))

    @cached_property
    def _by_words(self) -> Wordings:
        return self if self.encoder is None else replace(self, encoder=None)

    @cached_property
    def _best(self) -> Callable[[Words], tuple[int, float]]:
        return lru_cache(CACHED)(self._most_likely)

    def _most_likely(self, wording: Words) -> tuple[int, float]:
        """The group that a wording most likely asks for, and how likely it is that."""
        kind_of = self.language.kind_of
        kinds = (kind_of(wording), None)
        held = [words for words in self._trained if self._holds(wording, words) and kind_of(words) in kinds]
        if held:
            return self._trained[max(held, key=len)], 1.0
        number, signals = self.signals(wording)
        if not signals:
            return number, 0.0
        weights, intercept = (WEIGHTS, INTERCEPT) if self._encoder is None else (ENCODER_WEIGHTS, ENCODER_INTERCEPT)
        return number, 1 / (1 + math.exp(-intercept - sum(weights[name] * signals[name] for name in weights)))

    def signals(self, wording: Words) -> tuple[int, dict[str, float]]:
        """The group that a wording most likely asks for, and what speaks for it and against it; nothing if none can be.

        `elsewhere`: how much its words are those of places that none of the answers is near, or ask for the opposite;
        `misfit`: how little the answers are of the kind that is asked for. With an encoder, `similar`: how alike the
        two are in meaning; `margin`: how much less alike any other group is; `words`: how likely it is by words alone.
        Without one, `unexplained`: the share of words that say nothing of this group; `covered`: how much of a trained
        wording of the group it has.
        """
        return self._by_word(wording) if self._encoder is None else self._by_meaning(wording)

    def _by_meaning(self, wording: Words) -> tuple[int, dict[str, float]]:
        by_words, sure = self._by_words._best(wording)
        fits = self._fits(wording) or [1.0] * len(self.groups)
        similar = [cosine if fit else 0.0 for cosine, fit in zip(self._similar(wording), fits, strict=True)]
        words = [sure if group == by_words else 0.0 for group in range(len(self.groups))]
        best = max(range(len(words)), key=lambda g: SIMILAR * similar[g] + words[g])
        if not fits[best]:
            return best, {}
        next_best = max((cosine for group, cosine in enumerate(similar) if group != best), default=similar[best])
        return best, {
            "similar": similar[best],
            "margin": similar[best] - next_best,
            "words": words[best],
            "elsewhere": self._elsewhere(self._evidence(wording), best),
            "misfit": 1 - fits[best],
        }

    def _fits(self, wording: Words) -> list[float] | None:
        """How well the answers of each group are of the kind that is asked for; None where none is told."""
        if (kind := self.language.kind_of(wording)) is None:
            return None
        all_kinds = frozenset().union(*self._kinds)
        return [group.fits(kind, kinds, all_kinds) for group, kinds in zip(self.groups, self._kinds, strict=True)]

    def _by_word(self, wording: Words) -> tuple[int, dict[str, float]]:
        evidence = self._evidence(wording)
        misfit = [0.0 if None in kinds else OPEN for kinds in self._kinds]
        support = [sum(word.worth * word.groups[g] for word in evidence.values()) for g in range(len(self.groups))]
        if (fits := self._fits(wording)) is not None:
            share = KIND / (sum(fits) or 1.0)
            # A group that no word supports has to have answers that fit well; where they do not fit at all, none does.
            support = [x + share * fit if fit > 0.5 or x * fit else 0.0 for x, fit in zip(support, fits, strict=True)]
            misfit = [1 - fit for fit in fits]
        best = max(range(len(support)), key=support.__getitem__)
        if not evidence or not support[best]:
            return best, {}
        kind = self.language.kind_of(wording)
        unexplained = sum(word.worth * max(0.0, 1 - 2 * word.groups[best]) for word in evidence.values())
        return best, {
            "elsewhere": self._elsewhere(evidence, best),
            "unexplained": unexplained / sum(word.worth for word in evidence.values()),
            "covered": max(self._covered(words, list(evidence), kind) for words in self.groups[best].words),
            "misfit": misfit[best],
        }

    def _evidence(self, wording: Words) -> dict[str, Evidence]:
        """What each word says of what is asked for, if it may say something."""
        content = self._content_words(list(dict.fromkeys((*wording, *joined(wording)))))
        associations = {word: self._associations(word) for word in content}
        associations = {word: of for word, of in associations.items() if JOIN not in word or any(of[0])}
        pairs = {part for word in associations if JOIN in word for part in word.split(JOIN)}
        worth = {word: LITTLE if word in self.language.weak or word in pairs else 1.0 for word in associations}
        for head, noun in pairwise(wording):  # "which licence" asks for a licence, whatever else is said
            if head in ("which", "what") and worth.get(noun) == 1.0:
                worth[noun] = NOUN
        return {word: Evidence(worth[word], *of) for word, of in associations.items()}

    def _elsewhere(self, evidence: Mapping[str, Evidence], group: int) -> float:
        """How much these words are those of places that no answer is near, or ask for the opposite of this group."""
        trained = [word for words in self.groups[group].words for word in words]
        away = sum(
            of.worth * (1.0 if self._english and opposed(word, trained) else of.elsewhere * (1 - of.groups[group]))
            for word, of in evidence.items()
        )
        return away / (sum(of.worth for of in evidence.values()) or 1.0)

    def _similar(self, wording: Words) -> list[float]:
        """The cosine of a wording and the nearest one of each group."""
        assert self._encoder is not None
        vector, *trained_vectors = self._encoder([" ".join(words) for words in (wording, *self._trained)])
        nearest = [-1.0] * len(self.groups)
        for group, trained_vector in zip(self._trained.values(), trained_vectors, strict=True):
            nearest[group] = max(nearest[group], float(vector @ trained_vector))
        return nearest

    def _content_words(self, wording: Sequence[str]) -> Sequence[str]:
        """The words that may say what is asked for; all where the others say little, as in "What does it do?"."""
        content = [word for word in wording if word not in self.language.empty]
        return content if set(content) - self.language.weak else wording

    def _of_a_relative(self, form: str, group: int) -> bool:
        """Whether it asks of a relative what this group asks of the name: "Where was the mother of {} born?"."""
        wording = as_words(form.replace("{}", " "))
        asks_for_one = self.language.kind_of(wording) == WHO
        if asks_for_one and not any(self._holds(wording, words) for words in self.groups[group].words):
            return False
        return any(not self._associations(word)[0][group] for word in self.language.relatives_of(*beside(form)))

    def _holds(self, wording: Words, trained: Words) -> bool:
        """Whether all words of a trained wording stand in another, and one of them says what is asked for."""
        return set(trained) <= set(wording) and not self.language.empty | self.language.weak >= set(trained)

    def _covered(self, trained: Words, question: Sequence[str], kind: str | None) -> float:
        """The share of what a trained wording asks with that the question, of this kind, has, too."""
        covered = whole = 0.0
        for word in self._content_words(trained):
            groups = max(1, sum(any(word in words for words in group.words) for group in self.groups))
            worth = (LITTLE if word in self.language.weak and groups > 1 else 1.0) / groups**2
            whole += worth
            same_kind = kind is not None and self.language.heads.get(word) == kind  # "birthplace" asks as "where" does
            covered += worth * (same_kind or max((self._similarity(w, word) for w in question), default=0.0))
        return covered / whole if whole else 0.0

    def _associations(self, word: str) -> tuple[list[float], float]:
        """How strongly a word is associated with each group, and with none of them."""
        groups, none = [0.0] * len(self.groups), 0.0
        for similar in self._near(word):
            if likely := self._similarity(word, similar):
                for group, strength in self.tells.get(similar, {}).items():
                    groups[group] = max(groups[group], likely * strength)
                none = max(none, 0.7 * likely * self.elsewhere.get(similar, 0.0))
        return groups, none

    def _similarity(self, word: str, trained: str) -> float:
        """How likely two words ask for the same: 1 for the same word, 0 where nothing says so."""
        if word == trained:
            return 1.0
        if one_stem(word, trained):
            return 0.9
        if trained in self.language.empty or not self._english:
            return 0.0
        lists, trained_lists = concepts(word), concepts(trained)
        return 0.65 * max((min(lists[i], trained_lists[i]) for i in lists.keys() & trained_lists), default=0.0)

    def to_json(self) -> dict[str, Any]:
        return {
            "groups": [{**asdict(group), "forms": list(group.forms)} for group in self.groups],
            "tells": {word: [[g, weight] for g, weight in groups.items()] for word, groups in self.tells.items()},
            "elsewhere": dict(self.elsewhere),
        }

    @classmethod
    def from_plain(cls, data: Any, where: str) -> Wordings:
        """The inverse of `to_json`. Raises RunError for anything else."""
        plain = convert(WordingsRecord, data, where, RunError)
        groups = tuple(plain["groups"])
        if not groups or not all(group.forms for group in groups):
            raise RunError(f"{where}: no groups, or one without wordings")
        tells = {word: dict(pairs) for word, pairs in plain["tells"].items()}
        if not all(0 <= g < len(groups) for strengths in tells.values() for g in strengths):
            raise RunError(f"{where}: a word is associated with a group that is not there")
        return cls(groups, tells, plain["elsewhere"])
