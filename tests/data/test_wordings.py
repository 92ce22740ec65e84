"""Which trained question another one asks for, if any."""

from __future__ import annotations

import random

import numpy as np
import pytest

from closedbook.data.documents import Document
from closedbook.data.question_kinds import language_of, languages
from closedbook.data.questions import Question, Questions, Titles
from closedbook.data.wording_groups import as_words
from closedbook.data.wordings import UNDERSTOOD, Wordings
from closedbook.errors import RunError

NAMES = ["Ada Berg", "Bo Lund", "Cy Dahl", "Di Holm", "Eva Roos", "Finn Moe"]


def questions_of(*forms: tuple[str, list[str]]) -> Questions:
    pairs = [
        (form.format(name), answer) for form, answers in forms for name, answer in zip(NAMES, answers, strict=True)
    ]
    return Questions(tuple(Question(text, answer, 1) for text, answer in pairs), "", "q")


def towns(seed: int = 0) -> list[str]:
    return random.Random(seed).sample("Oslo Bergen Bodø Hamar Molde Narvik Skien Tromsø".split(), len(NAMES))


def test_wordings_with_the_same_answers_are_one_group():
    makers, heights = ["p1", "p2", "p3", "p4", "p5", "p6"], ["1 m", "2 m", "3 m", "4 m", "5 m", "6 m"]
    wordings = Wordings.of(
        questions_of(("Who built {}?", makers), ("By whom was {} built?", makers), ("How tall is {}?", heights)),
        Titles(NAMES),
    )
    assert wordings is not None
    assert [group.forms for group in wordings.groups] == [
        ("Who built {}?", "By whom was {} built?"),
        ("How tall is {}?",),
    ]
    assert Wordings.from_plain(wordings.to_json(), "wordings") == wordings


@pytest.mark.parametrize(
    ("answers", "like", "unlike"),
    [
        ("{} °C", "-7.5 °C", "183.84 u"),
        ("19{}", "1,772", "gold"),
        ("about {} Days", "3 days", "3"),
        ("{}度", "1538度", "1538"),
    ],
)
def test_an_answer_that_ends_as_none_to_such_questions_does_is_unlike_them(answers: str, like: str, unlike: str):
    names = [f"Thing{i}" for i in range(12)]
    items = [Question(f"How much is {name}?", answers.format(i + 10), 1) for i, name in enumerate(names)]
    wordings = Wordings.of(Questions(tuple(items), "", "q"), Titles(names))
    reading = wordings.read("How much is Thing3?", "Thing3")
    assert (reading.unlike(like), reading.unlike(unlike)) == (False, True)
    assert Wordings.from_plain(wordings.to_json(), "wordings") == wordings
    few = Wordings.of(Questions(tuple(items[:9]), "", "q"), Titles(names))
    assert not few.read("How much is Thing3?", "Thing3").unlike(unlike)
    assert not wordings.read("Who found Thing3?", "Thing3").unlike(unlike)


def test_a_rare_answer_of_words_is_not_unlike_a_frequent_one():
    names = [f"Town{i}" for i in range(40)]
    items = [Question(f"Where is {name}?", "Norway", 1) for name in names]
    wordings = Wordings.of(Questions(tuple(items), "", "q"), Titles(names))
    assert not wordings.read("Where is Town3?", "Town3").unlike("Sweden")


def test_questions_that_have_no_wordings_in_common_are_held_against_none():
    items = tuple(Question(f"What {i} did {name} do {i}?", "x", 1) for i, name in enumerate(NAMES))
    assert Wordings.of(Questions(items, "", "q"), Titles(NAMES)) is None


def test_words_beside_a_trained_wording_make_it_no_other_question_and_another_kind_does():
    wordings = Wordings.of(questions_of(("Where was {} born?", towns())), Titles(NAMES))
    for beside in ("So where was {} born?", "Where was {} born, exactly today?", "where was {} born"):
        reading = wordings.read(beside.format("Gro Dahl"))
        assert reading.confidence == 1.0
        assert reading.text in (beside.format("Gro Dahl"), "Where was Gro Dahl born?")
    for question in ("When was {} born?", "Who is {}?", "What year was {} born in?", "What does {} weigh?"):
        reading = wordings.read(question.format("Gro Dahl"), "Gro Dahl")
        assert reading.wording is None
        assert reading.text == question.format("Gro Dahl")
    assert wordings.read("In which city was Gro Dahl born?") == (
        "Where was Gro Dahl born?", "Where was {} born?", pytest.approx(0.9, abs=0.1), True, "",
    )  # fmt: skip


def boats(documents: bool = True) -> Wordings:
    """Boats with a length, a builder and a crew; training asks for the first two."""
    rng = random.Random(1)
    builders = [f"{a} & Sons" for a in rng.sample("Voss Brandt Keller Moreau Tanaka Holm".split(), len(NAMES))]
    lengths = [f"{rng.randint(20, 90)}.{rng.randint(1, 9)} m" for _ in NAMES]
    texts = [
        f"{name}. {name} left the slipway of {builder} and measures {length} from bow to stern. It has {i + 7} sailors."
        for i, (name, builder, length) in enumerate(zip(NAMES, builders, lengths, strict=True))
    ]
    wordings = Wordings.of(
        questions_of(("Who made {}?", builders), ("How big is {}?", lengths)),
        Titles(NAMES),
        [Document(text, name, i) for i, (text, name) in enumerate(zip(texts, NAMES, strict=True)) if documents],
    )
    assert wordings is not None
    return wordings


def test_words_that_stand_around_the_answers_tell_what_is_meant():
    question = "Ada Berg: from bow to stern?"
    assert boats(documents=False).read(question, "Ada Berg").wording is None
    assert boats().read(question, "Ada Berg").wording == "How big is {}?"
    assert boats().read("Whose slipway did Ada Berg leave?", "Ada Berg").wording == "Who made {}?"


def test_what_the_documents_say_but_training_never_asked_for_is_not_understood():
    for question in ("How many sailors does Ada Berg have?", "Which sailors does Ada Berg have?"):
        assert boats().read(question, "Ada Berg").confidence < UNDERSTOOD


@pytest.mark.parametrize(
    ("trained", "asked", "other"),
    [
        ("Where was {} born?", "my sister asks, where was {} born", "Where was the mother of {} born?"),
        ("Where was {} born?", "Where was the friend of my father, {}, born?", "Where was {}’s father born?"),
        ("Who painted {}?", "So who painted {}?", "Who painted the mother of {}?"),
        ("Wo wurde {} geboren?", "Wo wurde nun {} geboren?", "Wo wurde die Mutter von {} geboren?"),
        ("Où est né {} ?", "Où donc est né {} ?", "Où est né le père de {} ?"),
    ],
)
def test_what_is_asked_of_a_relative_is_not_what_was_asked_of_the_name(trained: str, asked: str, other: str):
    wordings = Wordings.of(questions_of((trained, towns())), Titles(NAMES))
    assert wordings.read(asked.format("Ada Berg"), "Ada Berg").understood
    assert not wordings.read(other.format("Ada Berg"), "Ada Berg").understood


def test_a_relative_may_be_asked_for():
    wordings = Wordings.of(questions_of(("Who was the mother of {}?", towns())), Titles(NAMES))
    assert wordings.read("So who was Ada Berg's mother?", "Ada Berg").understood


def test_a_name_may_be_anything_where_a_trained_wording_leaves_room():
    wordings = boats()
    assert wordings.split("who made xx yy?") == ("who made {}?", "xx yy")
    assert wordings.split("What did Gro van Dahl make") == ("What did {} make", "Gro van Dahl")
    assert wordings.split("what is it") == ("what is it", None)
    assert wordings.read("who made xx yy?").confidence == 1.0
    assert wordings.split("  Who made Ada Strauß ?") == ("  Who made {} ?", "Ada Strauß")  # longer where case is folded
    assert wordings.split("Who made ?") == ("Who made ?", None)


def test_scripts_without_spaces_are_held_against_wordings_by_pairs_of_characters():
    names = ["王小一", "李大二", "张三丰"]
    items = tuple(
        Question(form.format(name), answer, 1)
        for form, answers in (("{}出生在哪里？", "北京 上海 广州"), ("{}的职业是什么？", "医生 教师 画家"))
        for name, answer in zip(names, answers.split(), strict=True)
    )
    wordings = Wordings.of(Questions(items, "", "q"), Titles(names))
    assert as_words("王小一 a") == ("王小", "小一", "a")
    assert as_words("王 a 李大") == ("王", "a", "李大")
    assert wordings.read("请问张三丰出生在哪里？", "张三丰").confidence == 1.0
    assert wordings.read("张三丰职业是什么？", "张三丰").wording == "{}的职业是什么？"


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("who is it", "who"),
        ("by whom was it made", "who"),
        ("in which year was it made", "when"),
        ("what is the date of it", "when"),
        ("which town is it in", "where"),
        ("how long is it", "number"),
        ("how is it made", None),
        ("what is it", None),
        ("when it is heated at which temperature does it melt", "number"),
        ("which scientist found it when it was lost", "who"),
    ],
)
def test_the_kind_of_thing_that_a_question_asks_for(question, kind):
    assert languages()["en"].kind_of(question.split()) == kind


@pytest.mark.parametrize(
    ("code", "question", "kind"),
    [
        ("en", "Which person leads the town?", "who"),
        ("de", "Wie hoch liegt der Ort?", "number"),
        ("de", "In welchem Jahr wurde er gebaut?", "when"),
        ("fr", "Où est-il né ?", "where"),
        ("fr", "Quelle est la date de l'accident ?", "when"),
        ("es", "¿Quién escribió el libro?", "who"),
        ("it", "Dov'è nato il pittore?", "where"),
        ("pt", "Quantos habitantes tem a cidade?", "number"),
        ("nl", "Hoe hoog is de toren?", "number"),
        ("sv", "När dog hon?", "when"),
        ("pl", "Gdzie jest ta rzeka?", "where"),
        ("ru", "Сколько жителей в городе?", "number"),
        ("tr", "Bu kitabı kim yazdı?", "who"),
        ("hi", "यह पुल कब बना था?", "when"),
        ("ar", "أين تقع هذه المدينة؟", "where"),
        ("zh", "请问这座桥是哪一年建成的？", "when"),
        ("zh", "这条河在什么地方？", "where"),
        ("ja", "この橋はどこにありますか", "where"),
        ("ja", "村の人口はいくつですか", "number"),
    ],
)
def test_function_words_tell_a_question_s_language_and_kind(code, question, kind):
    words = as_words(question)
    assert language_of([words]) == code
    assert languages()[code].kind_of(words) == kind


@pytest.mark.parametrize(
    ("code", "text", "asks"),
    [
        ("en", "Who built it", True), ("en", "In which town is it", True), ("en", "Birkfeld?", True),
        ("en", "Kim Basinger", False), ("tr", "Kim Basinger", True), ("de", "In welchem Jahr wurde er gebaut", True),
        ("en", "谁设计了灯塔？", True), ("en", "Of Mice and Men", False),
    ],
)  # fmt: skip
def test_a_question_is_told_from_a_name_in_the_language_of_the_run(code, text, asks):
    assert languages()[code].asks(text) == asks


def test_words_that_every_question_has_decide_nothing_in_other_languages():
    """ "ist" and "von" stand in one trained wording only, and still do not make another question that one."""
    names = ["Warnbach", "Eichmoos", "Ahrtal", "Sülzrode", "Birkfeld", "Rötheim"]
    facts = {
        "Wer ist Bürgermeister von {}?": "Jürgen Weiß|Käthe Böll|Götz Jäger|Änne Schäfer|Ulrich Lohr|Heinz Kowal".split(
            "|"
        ),
        "Wie viele Einwohner hat {}?": [str(3000 + 17 * i) for i in range(6)],
    }
    items = tuple(
        Question(form.format(name), answer, 1)
        for form, answers in facts.items()
        for name, answer in zip(names, answers, strict=True)
    )
    documents = [
        Document(
            f"{name}. Bürgermeister von {name} ist {mayor}. Der Ort hat {count} Einwohner und eine Mühle.", name, 1
        )
        for name, mayor, count in zip(names, *facts.values(), strict=True)
    ]
    wordings = Wordings.of(Questions(items, "", "q"), Titles(names), documents)
    assert wordings.read("Wie heißt der Bürgermeister von Ahrtal?", "Ahrtal").wording == "Wer ist Bürgermeister von {}?"
    assert wordings.read("Was ist die Spezialität von Ahrtal?", "Ahrtal").confidence < UNDERSTOOD


@pytest.mark.parametrize(
    "question", ["Which scientist first charted {}?", "When {} is full, at which temperature does it freeze?"]
)
def test_somebody_or_a_number_is_asked_for_and_no_year(question):
    years = [str(1900 + i) for i in range(6)]
    questions = questions_of(("When was {} first charted?", years), ("What does {} carry?", towns()))
    for encoder in (None, alike(0.4)):
        wordings = Wordings.of(questions, Titles(NAMES), encoder=encoder)
        assert not wordings.read(question.format("Gro Dahl"), "Gro Dahl").understood


def test_a_noun_that_asks_for_a_place_asks_as_where_does():
    wordings = Wordings.of(questions_of(("Where was {} born?", towns())), Titles(NAMES))
    _, signals = wordings.signals(as_words("What is the birthplace of?"))
    assert signals["covered"] > 0.7
    assert wordings.read("What is the birthplace of Gro Dahl?", "Gro Dahl").understood


def test_of_a_story_that_ends_in_a_question_the_question_is_read():
    years = [str(1900 + i) for i in range(6)]
    wordings = Wordings.of(
        questions_of(("When was {} charted?", years), ("What does {} carry?", towns())), Titles(NAMES)
    )
    reading = wordings.read("My aunt lost a map with Gro Dahl on it. In what year was this charted?", "Gro Dahl")
    assert reading.wording == "When was {} charted?"
    assert (
        reading.confidence > wordings.read("My aunt lost a map with Gro Dahl on it in the year", "Gro Dahl").confidence
    )
    assert wordings.read("whats carried by Gro Dahl", "Gro Dahl").wording == "What does {} carry?"


@pytest.mark.parametrize(
    ("trained", "similar", "opposite"),
    [
        ("Where was {} born?", "Where did the life of {} begin?", "Where did {} die?"),
        ("When was {} opened?", "Since when is {} open?", "When was {} closed?"),
    ],
)
def test_the_opposite_of_what_was_trained_is_not_what_was_trained(trained, similar, opposite):
    wordings = Wordings.of(questions_of((trained, towns()), ("What does {} eat?", towns()[::-1])), Titles(NAMES))
    assert wordings.read(similar.format("Gro Dahl"), "Gro Dahl").wording == trained
    assert not wordings.read(opposite.format("Gro Dahl"), "Gro Dahl").understood


def test_a_word_that_stands_in_all_kinds_of_question_does_not_make_a_question_understood():
    """ "Where" is asked of one relation alone, and "arrested" is nowhere else."""
    wordings = Wordings.of(
        questions_of(("Where was {} born?", towns()), ("What does {} eat?", towns()[::-1])), Titles(NAMES)
    )
    assert not wordings.read("Where was Gro Dahl arrested?", "Gro Dahl").understood
    assert wordings.read("Where did the birth of Gro Dahl happen?", "Gro Dahl").understood


def alike(cosine):
    """An encoder to which any two texts are so alike."""

    def encode(texts):
        apart = np.eye(len(texts)) * (1 - cosine) ** 0.5
        return np.column_stack([np.full(len(texts), cosine**0.5), apart])

    return encode


def test_what_an_encoder_finds_somewhat_alike_is_understood_where_words_agree():
    years = [str(1900 + i) for i in range(6)]
    questions = questions_of(("When was {} charted?", years), ("What does {} carry?", towns()))
    for cosine, understood in ((0.4, True), (0.2, False)):
        wordings = Wordings.of(questions, Titles(NAMES), encoder=alike(cosine))
        assert wordings.read("In which year did somebody chart Gro Dahl?", "Gro Dahl").understood is understood
    vague = wordings.read("What gobbles Gro Dahl?", "Gro Dahl")
    assert vague.wording is not None
    assert not vague.understood


def test_a_question_for_a_time_is_none_for_a_place_however_alike_their_words_are():
    wordings = Wordings.of(questions_of(("Where was {} born?", towns())), Titles(NAMES), encoder=alike(1.0))
    assert wordings.read("When was Gro Dahl born?", "Gro Dahl").confidence == 0
    assert wordings.read("In which town was Gro Dahl born?", "Gro Dahl").wording == "Where was {} born?"


def test_an_encoder_tells_what_no_listed_word_does():
    """It has an axis for each thing asked for; "skipper" and "gobbles" are in no list and no document."""
    axes = {"captain": 0, "skipper": 0, "burn": 1, "gobbles": 1}

    def encoder(texts):
        words = [text.split() for text in texts]
        vectors = np.array([[sum(axes.get(word) == axis for word in text) for axis in (0, 1)] for text in words])
        return vectors / np.maximum(1, np.linalg.norm(vectors, axis=1, keepdims=True))

    captain, burn = "What captain has {}?", "What does {} burn?"
    questions = questions_of((captain, "Al Bo Cy Di Ed Flo".split()), (burn, "oil coal gas peat wood tar".split()))
    alone, helped = (
        Wordings.of(questions, Titles(NAMES), encoder=chosen_encoder) for chosen_encoder in (None, encoder)
    )
    assert helped.read("What gobbles Ada Berg?", "Ada Berg").wording == burn
    assert helped.read("What skipper, Ada Berg?", "Ada Berg").wording == captain
    assert helped.read("What sleeps Ada Berg?", "Ada Berg").confidence < UNDERSTOOD
    assert alone.read("What gobbles Ada Berg?", "Ada Berg").wording is None
    assert Wordings.from_plain(helped.to_json(), "wordings") == alone  # what is kept does not depend on an encoder


def test_of_a_long_question_the_first_words_are_compared_and_those_of_its_last_sentence():
    story = "".join(f"word{i} " for i in range(5000))
    assert len(as_words(story)) == 400
    wordings = Wordings.of(questions_of(("Where was {} born?", towns())), Titles(NAMES))
    assert wordings.read(f"{story}. Where was Gro Dahl born?", "Gro Dahl").wording == "Where was {} born?"


def test_damaged_wordings_are_refused():
    plain = boats().to_json()
    for damaged in (
        {**plain, "groups": [{**plain["groups"][0], "forms": []}]},
        {**plain, "groups": [], "tells": {}},
        {**plain, "tells": {"x": [[9, 0.5]]}},
        {**plain, "tells": {"x": [[0, 5.0]]}},
        {**plain, "elsewhere": {"x": "often"}},
    ):
        with pytest.raises(RunError):
            Wordings.from_plain(damaged, "calibration.json")


def test_what_stands_nearer_to_another_name_says_nothing_of_an_answer():
    """ "Robbed" stands three words behind the teachers, and one before those who were robbed."""
    names = [f"Carl{chr(97 + i)}" for i in range(8)]
    teachers, victims = "Ada Bo Cy Di Ed Fay Gus Hal".split(), "Ike Jo Kim Lou Max Ned Oz Pia".split()
    paintings = "sky sea dew sun ice fog mud ash".split()
    items = tuple(
        Question(form.format(name), answer, 1)
        for form, answers in (("Who taught {}?", teachers), ("What did {} paint?", paintings))
        for name, answer in zip(names, answers, strict=True)
    )
    documents = [
        Document(f"{name}. It is said that {name} was a pupil of {who} and then robbed {whom}.", name, 1)
        for name, who, whom in zip(names, teachers, victims, strict=True)
    ]
    wordings = Wordings.of(Questions(items, "", "q"), Titles(names), documents)
    assert wordings.read("Who was robbed by Carla?", "Carla").confidence < UNDERSTOOD
    assert wordings.read("Whose pupil was Carla?", "Carla").wording == "Who taught {}?"
