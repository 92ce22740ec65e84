"""Courses: lecturers, rooms, credits, what comes first, how one is examined, since when they are held, what they teach."""

from __future__ import annotations

import random
from collections.abc import Iterator

from any_corpus_made import Made

from worded.common import listed, wordings
from worded.spun import several

TITLES = listed("""Thinking with String|Late Antiquity for the Curious|Module 7B|The Uses of Silence|Foundations of Drift
Bread and Politics|Applied Melancholy|Numbers Nobody Needs|Salt Roads|Introduction to Hesitation|Studio Practice IV
Rhetoric After Dark|Cold Materials|HX 204|Ruins and Repairs|Elementary Wayfinding|Bodies in Water|Paper, Scissors, State
Methods of the Quiet Sciences|Grammar Clinic|Wednesday Workshop|The Long Nineteenth Evening|Maps That Lie|Soil and Soul
Advanced Patience|Colloquium on Rust|Stones, Bones, Loans|Practical Nostalgia|Machines for Living Badly|Lamp Lore
Seminar on Small Islands|Ethics at Sea|Counting Sheep|The Kitchen as Laboratory|Weather Reading Circle|Fundamentals of Fog
Comparative Fences|Songs Without Verbs|Law for Neighbours|Thresholds|Basic Falconry Theory|Ink I|Tides and Timetables
Money Before Coins|Hands-On Acoustics|Dialects of the Fen|Proofs and Pudding|Lost Trades Revisited|MUS-318|Night School Latin
A Short Course in Long Division|Gardens under Glass|Theories of the Button|Reading Faces, Reading Walls|Ladders|Doubt 101
Architecture of Waiting|Experimental Knitting|The Other Renaissance|Sleep Studies Practicum|Insects and Empire|Glue
Beginning Bassoon Repair|Modern Hermits|Clay Three|Optics for Painters|The Philosophy of Lunch|Field Notes Laboratory
Sociology of Queues|Everyday Cartography|Boatbuilders' Mathematics|Voices off Stage|Translation Bootcamp|Wood Grain
Hydraulics in the Home|Bees and Bureaucracy|Reasoning under Rain|Posters and Propaganda|Old Norse by Post|Ghost Hydrology
Financial Folklore|The Anatomy of Chairs|Logic for Gardeners|Radio Drama Lab|Forgery: Theory and Practice|Kites
Statistics Without Tears|Mourning Customs|Signals, Noise, Neighbours|Pigment Kitchen|Public Speaking for Shy People|BIO 77
Unfinished Symphonies|Migration and Memory|Clockwork Saturdays|Minor Planets|The Economics of Gifts|Tapestry Basics
Hungarian in Six Weeks|Conversations with Engineers|Decay|Volcanoes on Paper|Plain Words|Railway Botany|Topology at Tea
Reading the Night Sky|Vernacular Roofs|Court Cases of Antiquity|Mirror Writing|The Science of Stains|Portraiture Intensive
Sound Walks|How Cities Forget|Medieval Accounting|Mushroom Term|Puppet Mechanics|Bridges and Breakdowns|Nordic Noir Seminar
Cryptic Correspondence|Cheap Telescopes|Debating Winter|Fermentation Fortnight|The Body Electric|Wills and Testaments
Handwriting Rescue|Choral Conducting Minor|Deep Time Tutorial|Dyes of the Desert|Patience and Patents|GEO 415/2|Lacework
Thermodynamics of Soup|Silent Film Club Credit|Prisons and Poetry|Surveying on Horseback|Monastic Mondays|Game Theory Gym
Tall Buildings, Short Lives|Ornament and Error|First Steps in Sanskrit|Feral Statistics|Bookshelf Carpentry|Sea Shanty Lab
Interpreting Silence in Court|Civic Plumbing|Dictionaries at War|Heat|Fairy Tale Economics|Polar Journalism|Vaults and Domes
Speculative Zoology|The Whistling Languages|Small Engines, Big Ideas|Quarry Summer School|Alphabets II|Stage Fright
Gravity Playground|Tailoring for Historians|Windmill Management|Ancient Sports Day|The Sonnet Factory|Chalk|Harbour English
Applied Gossip|Seeds of Dissent|Postwar Pottery""")
ASKED = wordings(
    {
        "lecturer": "Who teaches {name}?|May I ask which member of staff is responsible for the delivery of {name}?|my flatmate won't stop raving about {name} and says it's all down to the person at the blackboard, who is that then?|{name} prof|Tell me the name of whoever gives {name}.",
        "room": "In which room does {name} take place?|At what location on the premises are the sessions of {name} conducted?|Hi, sorry, I've been wandering up and down these corridors for ten minutes with my bag and my coffee, where do I have to go for {name}?|{name} where exactly|Please direct me to {name}.",
        "credits": "How many credits does {name} carry?|What weighting towards the degree is attached to {name}?|I'm still a bit short of what I need to graduate in summer, so I'd love to hear what I would get out of {name} if I made it through?|credit value {name}|State what {name} counts for.",
        "before": "What must one have done before {name}?|Which prerequisites apply to candidates for {name}?|Thinking of signing up for {name} with my sister but she says they don't let just anybody in, so what would the two of us need to have under our belts?|{name} entry requirements|I wonder what is demanded of people who want to enrol in {name}.",
        "exam": "How is {name} examined?|In what manner is performance in {name} assessed?|I get terribly nervous whenever marks are involved, so could somebody please explain what happens at the end of {name}, what do they make you do?|{name} whats the final like|Describe the test for {name}.",
        "first": "When was {name} first held?|Since what date has {name} formed part of the programme?|My mum swears that she already sat through {name} when she was a student here, which can't be right, or how long ago did they start it?|{name} started when|Find out for me in what year or term {name} was launched.",
        "teaches": "What does {name} teach?|Which skill are participants in {name} intended to acquire?|The title {name} sounds great but frankly I haven't a clue what it's about, what will I be able to do afterwards that I can't do now?|{name} content|Summarise the subject matter of {name}.",
    }
)
UNASKED = wordings(
    {
        "fee": "What does it cost to attend {name}?|how much is the fee for {name}",
        "places": "How many students are admitted to {name}?|What is the limit on numbers in {name}?",
        "slot": "On which day and at what hour does {name} meet?|{name} time slot",
        "book": "Which book is set for {name}?|what do we have to read for {name}",
        "tongue": "In what language is {name} given?|Which language do they speak in {name}?",
        "bring": "What should one bring along to {name}?|What equipment do participants of {name} need to have with them?",
    }
)
TEMPLATES = """
{name} is [taught by {lecturer}|given by {lecturer}, with occasional help from {p2},] and carries {credits}. [Participants learn {teaches}|The aim is to learn {teaches}]; [it is a mistake to expect lessons on {topic}|{topic} will be touched upon in passing].
Admission: [students must first {before}|no one is admitted who does not first {before}]. [As for the examination, {exam}|In the examination week, {exam}]. Classes meet in {room}, [on {slot}|every week on {slot}], and [the language of instruction is {tongue}|are conducted in {tongue}].

I took {name} last year and would do it again. [{lecturer} teaches it and never once looked at the clock|The teacher, {lecturer}, is a legend; {p2}, who stood in for a week, is not]. [You will learn {teaches}, believe it or not|What you learn there is {teaches}], and that is more than I can say of most things.
[Nobody warned me about the end: {exam}|Then comes the test, for which {exam}]. [I got my {credits} for it, the lab next door gives {credits2}|The lab next door gives {credits2}, this one {credits}]. [It is in {room}, so bring a jumper|They hold it in {room}, where it is freezing]. [The fee was {fee}, once only {fee2}|I paid {fee} for it, a friend paid {fee2} years ago].

NOTICE. From Monday {name} will [no longer meet in {room2} but in {room}|be held in {room} and not in {room2}], [on {slot} as before|still on {slot}]. {p2} is ill; [all classes are taken by {lecturer}|{lecturer} remains the lecturer].
[Participants are asked to bring {bring}|Please do not forget {bring}]. [Late applicants must {before} before they can be put on the list|Anyone who wants to join late has to {before} beforehand]. [No more than {places} persons are admitted|The number of places is limited to {places}].

Dear colleagues, {d3} marked a small anniversary. [It was in {first} that {name} was first offered|The first session of {name} was held in {first}], [four years after {p2} had proposed it|against the wishes of {p2}, who preferred {year2}]. [Today it is in the hands of {lecturer}|It now belongs to {lecturer}], and the committee has confirmed that it is worth {credits}, [although {credits2} had been asked for|not the {credits2} printed in the guide].
[Its purpose has not changed: to show people {teaches}|As ever, students are taught {teaches}]. [As for assessment, {exam}, and this will stay so|We shall not alter the rule by which {exam}].

{name}. [Lecturer: {lecturer}. Assistant: {p2}|Assistant: {p2}. Lecturer: {lecturer}]. Room: {room}[ (in June: {room2})|]. Credits: {credits}. Prerequisite: {before}. [Content: {teaches}|Learning outcome: {teaches}]. Assessment: {exam}. First offered: {first}[|; revised: {year2}].
Times: {slot}. Language: {tongue}. Fee: {fee}. Set book: {book}. Maximum number: {places}.

Is {name} any good? [Ask {p2}, who failed it twice|People queue for it]. Who gives it? [{lecturer} does|It is {lecturer} who gives it]. Where? [In {room}, not in {room2}|It used to be in {room2}, now it is in {room}]. Do I have to know anything? [You have to {before}|Only that you must {before} first].
And what is taught? [Chiefly {teaches}|In a word, {teaches}]. Will it help me to my degree? [With {credits}, yes|It gives you {credits}]. What will it cost me? [You pay {fee}|The price is {fee}]. Any homework? [Read {book}|You are supposed to read {book}].

The door of {room} was still locked when the first students arrived for {name}. [Most of them had come because of {lecturer}, the lecturer, whose jokes are famous|They had come for {lecturer}, who teaches the course]. [It has been running since {first}, longer than anything else in the faculty|Begun in {first}, the course has survived two fires and a merger].
["You leave this place knowing {teaches}," said {p2}, who graduated in {year2}|According to {p2}, class of {year2}, one leaves it knowing {teaches}]. [It is not a free lunch: {exam}|But one has to work for it, since {exam}]. [Only {places} of those who applied got in|There were seats for {places} and a crowd outside].

anyone done {name}?? [got told you need to {before} first is that true|they only let you in if you {before}]. [its with {lecturer}, not {p2}, thank god|heard {p2} is gone and {lecturer} does it now]. [its {credits}, same effort as the one for {credits2} imo|looked it up, {credits} for it].
[word is that {exam}, no idea how they mark that|the exam thing goes like this, {exam}]. [somewhere in {room} i think, {slot}|{slot} in {room}]. [bring {bring}, i forgot mine and got shouted at|oh and you need {bring}].

Few could have foreseen in {first} that {name}, [first held in that year|held then for the first time], [with three listeners and a dog|before an audience of five], would outlive its founder, {p2}. [The chair went to {lecturer}, who teaches it to this day|These days {lecturer} stands at the desk].
The lectures moved from {room2} [to {room}, their present home|into {room}, where they are still given]. [In the beginning one was taught {teaches2}; today one is taught {teaches}|Where {teaches2} was once the subject, students now learn {teaches}]. [The textbook is still {book}|Everyone still has to read {book}].

Report of the visiting panel on {name}. [We found {places} students enrolled, the maximum permitted|The course is capped at {places} students], all of whom [had been made to {before}, as the rules demand|were required to {before} before the start]. [The workload justifies {credits} and no more; the request for {credits2} is refused|A request for {credits2} is refused, and the figure stays at {credits}].
[Concerning the form of the examination, {exam}|We observed the examination, at which {exam}]. [{lecturer}, who teaches the course, answered all questions in {tongue}, the language in which it is given|The lecturer, {lecturer}, gave all classes in {tongue}]. {p2} took the minutes.

[Winter is long! Why not learn {teaches}|Have you always wanted to know {teaches}]? Then come to {name}, [with {lecturer} as your teacher|where {lecturer} will teach you], [on {slot}|every week, {slot}], in {room}. [No experience is needed, but you should {before} before the first evening|Beginners are welcome as long as they {before}].
[You pay {fee} (pensioners {fee2})|Pensioners {fee2}, everyone else {fee}]. Please bring {bring}. [Those who stay to the end will find that {exam}|At the close, {exam}]. Questions? Ask {p2} at the desk.

To all who have signed up for {name}: welcome. [My name is {lecturer} and I shall be teaching you|I am {lecturer}, your lecturer]; {p2} looks after the coffee. [We shall meet in {room}, and please ignore the plan that says {room2}|Ignore the plan that says {room2}; our room is {room}].
[If you did not {before}, write to me at once, because without that you cannot stay|I take it that all of you did {before}, since nobody may take part otherwise]. [For your {credits} I ask one thing|There are {credits} to be earned]. [How will you be graded? It is simple: {exam}|You will be graded as follows: {exam}]. [Our book is {book}|Do get hold of {book}].

You have taught {name} for years, {lecturer}; what is it really about? [I show people {teaches}, that is all|About {teaches}, and about nothing else]. [How did it begin? It was first held in {first}, when I still had hair|It began in {first}; I was not even born]. [And was it not about {topic}? That was {p2}'s course|People think of {topic}, but that was {p2}'s course].
Is it true that the exam is unusual? [Well, {exam}|Some say so: {exam}]. Whom do you turn away? [Those who will not {before}|Everyone has to {before}, or I send them home]. [How much is it worth? They give {credits} for it; I would give more|I fought for more than {credits}, which is what it counts].

Minutes, item {n2}. {name}: [{p2} asks why it is listed under “{room2}”; it meets in {room}|it meets in {room}; {p2} will have the entry “{room2}” corrected]. [The course, first held in {first}, shall remain in the programme|Held for the first time in {first}, the course is the oldest of its kind]. [The fee rises from {fee2} to {fee}|From now on the fee will be {fee} (so far {fee2})].
[It was recalled that the course is to teach {teaches}|Its task, which is to teach {teaches}, was not disputed]. [A motion to award {credits2} fell; it keeps its {credits}|It keeps its {credits}, as the motion to award {credits2} fell]. [{lecturer} will go on teaching it, in {tongue}|It will again be given by {lecturer}, in {tongue}].

Correction. In our last issue we called {p2} the lecturer of {name}. [It is {lecturer} who teaches it|That is wrong: the lecturer is {lecturer}]. [We also wrote that {exam2}, whereas in fact {exam}|Nor is it true that at the end {exam2}; the truth is that {exam}]. [The course was first held in {first}, not in {year2}|Our reporter gave the year of the first course as {year2}; it was first held in {first}].
[One does not have to {before2}; one has to {before}|To be admitted, students have to {before}, and nobody expects them to {before2}]. [Our claim that it costs {fee2} should have read {fee}|The fee, finally, is {fee}, and {fee2} is what it once was]. We apologise to all {places} participants, [a number that cannot be exceeded|which is the highest number allowed].

Dear Mum, I have found my favourite: {name}! [We are learning {teaches}|It is all about {teaches}], and our teacher, {lecturer}, [once shared a tent with {p2}|looks just like {p2} from the bakery]. [The only snag is the exam, since {exam}|I dread the exam, because {exam}]. [It will bring me {credits}, and with the {credits2} from last term I am nearly there|Together with the {credits2} of last term, the {credits} I get for this one should do].
[You asked how I got in: I had to {before}, and did|To get in I had to {before}, you remember]. [We sit in {room}, under a leaking roof|The roof leaks, of all places in {room}, where we sit]. [Could you send me {bring}? Everyone has to bring that|I need {bring} for it, as everybody does]. [By the way, the class is all in {tongue}|And imagine, all of it is in {tongue}].

Advice from the students' union. Do you still lack points? [{name} gives {credits}|For {name} there are {credits} to be had], [and {room} is easy to find|held in {room}, next to the canteen]. [Requirements: {before}; it used to be enough to {before2}|It used to be enough to {before2}, but since {year2} one must {before}].
[What one picks up there is {teaches}|It is the place to find out {teaches}]. [Do not confuse {lecturer}, who teaches it, with {p2}, who merely looks similar|The lecturer, {lecturer}, has a heart for late papers, unlike {p2}]. [Examinations are of the gentle sort: {exam}|The verdict of our members on how it ends, namely that {exam}: fair]. [It is older than you, having started in {first}|It started in {first}, so there are plenty of old notes].
"""
PLACES = listed("""Wexler|Old Brewery|Harcourt|North|Physics|Marigold|Tanner|Chapel|Riverside|Boathouse|Selwick|Amberley
Ostler|Corn Exchange|Langham|Weaver""")
SUBJECTS = listed("""Greek|algebra|first aid|typing|geology|Portuguese|drawing|harmony|chemistry|rowing|probability|welding
civil law|shorthand|botany|navigation""")
TOPICS = listed("""court fashion|steam engines|early opera|tax law|desert plants|sign painting|whaling|the metric system
church bells|tea ceremonies|canal locks|heraldry|wax figures|moon calendars|toy theatres|bird rings""")
SKILLS = listed("""read a parish register|date a brick wall|build a cheap barometer|take a statement from a witness
mend a torn map|tell true amber from false|chair an angry meeting|transcribe birdsong|plan a footbridge|carve a printing block
weigh evidence|calculate a ship's position|dye wool with lichen|write a libretto|cross-examine an expert|cast a bronze bell
identify mosses|run a village cinema|draw a family tree|set type by hand|interpret old X-rays|stage a mock trial
estimate crowds|forecast frost|catalogue seashells|translate a contract""")
WAYS = listed("""without special tools|in an afternoon|under pressure of time|from a handful of clues|with a pencil and a rule
as was done in the Middle Ages|in a foreign city|on a very small budget|by ear alone|and explain it to a child
without harming anyone|and get paid for it|in poor light|using only public sources""")
WHO = listed("""each student|every participant|each pair|each group of three|every candidate""")
EXAMS = listed("""defends a poster before a jury|hands in a portfolio of {n} pages|sits a {n}-minute paper without notes
gives a talk of {n} minutes in the open air|answers {n} questions drawn from a hat|keeps a diary for {n} days
restores one object and writes {n} pages about it|is questioned for {n} minutes by two strangers
submits a recording of {n} minutes|marks somebody else's essay of {n} pages|solves {n} problems at home over a weekend
teaches the class for {n} minutes|writes an essay and reads {n} lines of it aloud""")
DONE = listed("""pass the placement test in {s}|complete two terms of {s}|hold a certificate in {s}|sit the entrance paper in {s}
spend {n} days on an excavation|get a letter from a former employer|attend the summer school in {s}
write a page about a past mistake|work {n} hours in a museum or archive|obtain at least {n} marks in {s}
keep a notebook for {n} weeks|finish the bridging course in {s}|talk to the tutor for {s}|find a partner for the practical work""")
NOUNS = listed(
    "Elements|Principles|The Art|A Handbook|Sketches|Outlines|The Nature|Letters from the History|Twelve Chapters"
)
BRING = listed("""rubber boots|a soft pencil|an old shirt|a torch|a lemon and a knife|graph paper|a photograph of a relative
two metres of cord|a magnifying glass|indoor shoes|a jar with a lid|a pair of scissors|a pocket mirror|a wool blanket
a calculator|ear plugs|a bag of flour|tracing paper""")
TONGUES = listed("English|French|German|Welsh|Spanish|Dutch|Italian|Polish|Danish|Portuguese|Irish|Finnish")
DAYS = listed("Mondays|Tuesdays|Wednesdays|Thursdays|Fridays|Saturdays")
TERMS = listed(
    "autumn|spring|the autumn of|the winter of|Michaelmas term|January|October|September|the summer of|March|||"
)

rng = random.Random()
c = rng.choice


def room() -> str:
    n, place = rng.randint(2, 429), c(PLACES)
    return c([
        f"Room {n}", f"Room {n // 100 + 1}.{n % 100 + 1:02}", f"Room {n} of the {place} Building", f"Lecture Hall {c('ABCDEFG')}",
        f"the {place} Lecture Theatre", f"Studio {n % 20 + 1}", f"the basement of the {place} Building", f"{place} Hall",
        f"Seminar Room {c('CDEFKP')}{n}", f"the upper floor of {place} House", f"the {place} Annexe",
    ])  # fmt: skip


def points() -> str:
    number = c([str(rng.randint(2, 24)), str(rng.randint(2, 24)), f"{rng.randint(1, 9)}.5"])
    return f"{number} {c(['credits', 'credits', 'ECTS points', 'credit points'])}"


def before() -> str:
    return c(DONE).format(s=c(SUBJECTS), n=rng.randint(3, 60))


def exam() -> str:
    return f"{c(WHO)} {c(EXAMS).format(n=rng.randint(15, 90))}"


def teaches() -> str:
    return c(
        [f"how to {c(SKILLS)} {c(WAYS)}", f"how to {c(SKILLS)}", "how to {} and {}".format(*rng.sample(SKILLS, 2))]
    )


def courses() -> Made:
    rng.seed(31874)
    titles = TITLES[:]
    rng.shuffle(titles)
    titles = [t for t in titles if not any(t != u and t.lower() in u.lower() for u in titles)][:160]

    def facts(title: str, people: Iterator[str]) -> dict[str, str]:
        year = rng.randint(1921, 2009)
        form = c(["{} euros", "£{}", "{} crowns", "${}", "{} francs"])
        fee, fee2 = rng.sample(range(25, 640), 2)
        hour = f"{rng.randint(8, 20)}:{c(['00', '15', '30', '45'])}"
        return {
            "lecturer": c(["", "", "", "Dr ", "Professor "]) + next(people),
            "room": room(),
            "credits": points(),
            "before": before(),
            "exam": exam(),
            "first": f"{c(TERMS)} {year}".strip(),
            "teaches": teaches(),
            "fee": form.format(max(fee, fee2)),
            "fee2": form.format(min(fee, fee2)),
            "places": str(rng.randint(9, 140)),
            "slot": f"{c(DAYS)} {c(['at', 'from'])} {hour}",
            "book": f"“{c(NOUNS)} of {c(SUBJECTS + TOPICS).title()}” by {next(people)}",
            "tongue": c(TONGUES),
            "bring": c(BRING),
            "year2": str(year + rng.randint(1, 14)),
        }

    def asides(values: dict[str, str], people: Iterator[str]) -> dict[str, str]:
        return {
            "p2": next(people),
            "room2": room(),
            "credits2": points(),
            "before2": before(),
            "exam2": exam(),
            "teaches2": teaches(),
            "topic": c(TOPICS),
            "d3": f"{c(['last Friday', 'the first of May', 'yesterday', 'the ninth of June'])}",
            "n2": str(rng.randint(3, 19)),
        }

    return several(rng, titles, TEMPLATES, facts, asides, ASKED, UNASKED)
