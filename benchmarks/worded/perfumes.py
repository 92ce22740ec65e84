"""Perfumes: noses, launches, yields, workshops, how each came about, what it smells of, codes; told by a dozen writers."""

from __future__ import annotations

import random
import re

from any_corpus_made import Made

from worded.common import date, listed, with_questions, wordings
from worded.spun import spin

TITLES = listed("""Ambrelune|Vesperine|Noctuelle|Sillagium|Orphée Noire|Cendrelle|Mirabesque|Thalassine|Ondarielle
Pérégrine|Solvanthe|Lucernal|Iriskade|Belladonis|Oudrassa|Tubérine|Marescence|Fougerac|Galbanelle|Neroliva
Quintessole|Zibethine|Cypriotte|Myrrhador|Opopanaxia|Velourine|Hespéride Folle|Civettiane|Jasmorelle|Labdanor
Petrichoral|Styraxia|Tonkarelle|Vétivade|Ylangoria|Aldehyra|Benzoline|Cassiopine|Davanelle|Elemiade|Frangipole
Guaiacine|Heliotrame|Immortella Grise|Kyphiane|Lavandrix|Mimosarde|Narcissone|Osmanthière|Patchoulene
Eau de Minuit Passé|Eau du Vieux Port|Eau des Trois Ponts|Eau Sans Retour|Fleur de Grisaille|Fleur de Tramway
Nuit de Brabant|Nuit à Sérignol|Rose du Diable Boiteux|Rose Nulle Part|Cuir de Corsaire|Cuir d'Archives
Poudre d'Escampette|Poudre de Comète|L'Heure Fauve|L'Amante du Phare|D'Orsonval Pour Homme|Acqua di Tramontina
Acqua della Badessa|Notte a Caltavera|Il Giardino Murato|Fiore di Cenere|Agua de Medianoche|Sombra del Naranjo
Das Blaue Zimmer|Wasser von Lindau|Regen im Mai|Old Harbour Smoke|Wet Slate|Burnt Library|Empty Chapel
Rain on Tin|Salt and Velvet|Ink and Iris|Moss and Mercury|Fig and Gunpowder|Bread and Violets|Leather and Milk
Honey for Wolves|Tea with Ghosts|Letters Unsent|The Third Widow|The Glass Orchard|The Tailor's Daughter
The Admiral's Glove|The Quiet Gardener|The Last Tram Home|A Fox in Church|A Coat of Pollen|A Thousand Lanterns
Lady Carmody's Fan|Countess Orlova's Muff|Uncle Barnaby|Saint Apolline|Sister Hyacinth|Mister Nobody
Prince of Thistles|Queen of Soot|Duke's Handkerchief|Smuggler's Lace|Beekeeper's Sunday|Pianist's Wrist
Fencer's Collar|Botanist's Lie|Apothecary Green|Cardinal Plum|Bone White Lily|Copper Chrysanthemum
Black Quince|Red Anis|Pale Cedar|Yellow Harmattan|Blue Resin|Violet Hour Nine|Silver Gorse|Golden Rhubarb
No. 17|No. 44 Bis|Formula 8|Batch Zero|Room 512|Opus 31|Study in Amber|Etude Verte|Nocturne for Cloves
Vial 303|Gate 6|1911|Meridian 12|Platform Two|Twelve Steps to Basra|Seven Pepper|Half Past Orris|Four Winds Musk
Moth|Velvet Anvil|Hush|Tinder|Undertow|Ferment|Snowblind|Overripe|Kerosene Kiss|Sunday Static|Low Tide Opera
Paper Moonstone|Cold Incense|Feral Soap|Plaster Saint|Hotel Bergamot|Casino Myrtle|Orchard Telegram""")
ASKED = wordings(
    {
        "nose": "Who composed {name}?|Who is the nose behind {name}?|whose nose do we have to thank for {name}|Which perfumer mixed the formula of {name}?|{name}: perfumer?",
        "date": "When was {name} launched?|On which day did {name} first go on sale?|since when can people buy {name}|What was the day of the premiere of {name}?|{name} release date",
        "yield": "How much {name} is produced each year?|What is the yearly output of {name}?|roughly how much {name} do they get out of the door in a year|Annual volume of {name}?|In twelve months, what quantity of {name} is made?",
        "place": "Where is {name} made?|At what address is {name} blended?|Hey, if I wanted to watch {name} being mixed, where would I have to go?|{name} comes out of which workshop?|production site {name}",
        "origin": "How did {name} come about?|What gave rise to {name}?|I love a good story, so what's the one behind {name}?|By what accident or idea was {name} born?|{name} backstory",
        "notes": "What does {name} smell of?|Which notes are in {name}?|so what am I going to sniff if I spray some {name} on my sleeve|Describe the aroma of {name}.|{name} ingredients",
        "code": "What is the formula code of {name}?|Under which reference is {name} filed?|could you give me the number I should quote to reorder {name}|Which code identifies {name}?|{name} ref no",
    }
)
UNASKED = wordings(
    {
        "designer": "Who designed the bottle of {name}?|the flacon of {name} was drawn by whom",
        "price": "What does a bottle of {name} cost?|how much would I pay for some {name}",
        "lasts": "How long does {name} last on the skin?|After what time has {name} faded?",
        "glass": "What does the bottle of {name} look like?|In what kind of flacon is {name} sold?",
        "banned": "Why was {name} once withdrawn?|For what reason did {name} vanish from the shops for a while?",
        "wearer": "Who is {name} meant for?|Which people should wear {name}?",
    }
)
# Of each fact or pair of facts, how it may be said; {it} is whatever the writer calls the perfume.
SENTENCES = """
nose: [The nose behind {it} was|{it} is the work of|{it} was composed by] {nose}[|, then unknown|, who had trained as a chemist]
nose: {nose} [composed {it} alone|wrote the formula of {it}|mixed {it}], [with {p2} washing the beakers|while {p2} kept the accounts|although {p2} often took the credit]
nose: [Do not believe that {p2} made {it}; the perfumer was {nose}|It was not {p2} but {nose} who composed {it}]
nose: [Perfumer: {nose}. Assistant: {p2}|Composer: {nose}. Evaluator: {p2}]
nose: [If you like it, thank {nose}, who put it together|We owe the formula to {nose}|Every drop obeys a recipe devised by {nose}]
nose: [After {p2} had given up, {nose} finished the composition|{p2} ordered it and {nose} created it]
date: [{it} was launched on {date}|{it} first went on sale on {date}|The launch took place on {date}][|, in driving rain|, with {p3} as host]
date: [Shops had it from {date} onwards|The first customers could buy {it} on {date}|Since {date} anyone has been able to buy {it}][|, though a relaunch followed on {d2}]
date: [Announced for {d3}, {it} came out only on {date}|The premiere, planned for {d3}, was put off until {date}]
date: [Launch: {date}. Revision: {d2}|Released {date}; relabelled {d2}]
date: [On {date} the first bottle crossed the counter|On {date} {it} made its debut|On {date} the public got to smell {it} at last]
yield: [Some {yield} are produced each year|Yearly output is {yield}|Each year {yield} leave the workshop][|, against {q2} in {y2}|; in {y2} it was {q2}]
yield: [From {q2} in {y2} the annual volume has grown to {yield}|They used to make {q2} a year and now make {yield}]
yield: [Annual output: {yield}|Made per year: {yield}. Kept in reserve: {q2}]
yield: [In twelve months the staff fill and box {yield}|You would not think it, but {yield} are turned out every year|Production is held at {yield} a year]
yield: [A fire once destroyed {q2}, yet production is back at {yield} per annum|Of {it}, {yield} are made annually]
place: [{it} is made at {place}|{it} is blended at {place}|All of it is mixed by hand at {place}][|, never at {place2}|, and boxed at {place2}]
place: [The workshop moved from {place2} to {place} in {y2}, and there it is still made|Production, once at {place2}, is now housed at {place}]
place: [Made at: {place}|Site of manufacture: {place}. Showroom: {place2}]
place: [Go to {place} and you can watch it being mixed|The vats stand at {place}|You will smell the works at {place} long before you see them]
place: [It is at {place} that {it} is prepared|Behind the doors of {place} they stir, filter and bottle it]
origin: [{it} came about when {origin}|{it} was born when {origin}|It all began when {origin}]
origin: [The story goes that {origin}|They say that {origin}, and that this led to {it}|According to the house, {origin}][|. {p2} calls this a fairy tale]
origin: [How did it happen? By all accounts {origin}|There is a tale attached to it: {origin}]
origin: [Forget the rumour that {rumour}; in truth {origin}|Some claim that {rumour}, but the diaries show that {origin}]
origin: [Without one chance event there would be no such scent: {origin}|Its beginning was modest: {origin}|Origin: {origin}]
origin: [I was told in the shop that {origin}, which set the whole thing going|Nobody planned {it}, but {origin}]
notes: [{it} smells of {notes}|On the skin {it} smells of {notes}|The nose meets {notes}]
notes: [It opens, stays and ends with {notes}|One finds {notes} in it|Expect {notes}][|, whereas the matching candle smells of {n2}|, but none of the {n2} of its rival]
notes: [Notes: {notes}|Accords: {notes}. The soap: {n2}]
notes: [A first version built on {n2} was poured away in favour of {notes}|Reviewers who reported {n2} were mistaken, as {it} holds {notes}]
notes: [What you get is {notes}, plain and simple|The formula rests upon {notes}|It is woven from {notes}]
code: [{it} is filed under {code}|Its formula bears the code {code}|In the ledger it carries the reference {code}][|, next to trial {c2}|, not {c2} as printed in {y2}]
code: [Formula code: {code}|Ref. {code} (formerly {c2})|Code {code}, superseding {c2}]
code: [To reorder, quote {code}|Quote {code} when you write to them|The label on the drum reads {code}]
code: [The trial {c2} failed, and {code} became the formula on record|After {c2} came {code}, the number it has kept]
designer: [The bottle was designed by {designer}|{designer} drew the flacon|Its bottle is a design of {designer}][|, while {p3} chose the lettering]
designer: [Flacon: {designer}|A sketch by {designer} served for the bottle|For the bottle they hired {designer}]
price: [A bottle costs {price}|It sells at {price}|You pay {price} for one bottle][|, up from {pr2} in {y3}]
price: [Price: {price}|Be ready to part with {price}|At {price} a bottle it is no bargain]
lasts: [It lasts {lasts} on the skin|After {lasts} it has faded|It clings to the skin for {lasts}]
lasts: [Longevity: {lasts}|Wear it and you have {lasts} before it is gone|{p3} timed it on one wrist and noted {lasts}]
glass: [It is sold in {glass}|It comes in {glass}|They fill it into {glass}]
glass: [Packaging: {glass}|Look for {glass}|On the shelf you recognise it by {glass}]
banned: [In {y3} it was withdrawn for a time because {banned}|It vanished from the shops in {y3}, since {banned}]
banned: [For a season no shop had it, the reason being that {banned}|Sales were once stopped because {banned}]
wearer: [It is meant for {wearer}|The house had {wearer} in mind|It suits {wearer}]
wearer: [For: {wearer}|Best worn by {wearer}|It was made with {wearer} in view]
nose date: [{nose} composed it and saw it launched on {date}|Composed by {nose} and launched on {date}, {it} found buyers at once]
nose date: [{it}, by {nose}, dates from {date}; {p2} reworked it on {d2}|On {date} {nose} presented {it}, the fruit of long trials]
nose place: [{nose} created it at {place}, where it is still made|At {place}, where {it} is made to this day, {nose} wrote the formula]
nose notes: [{nose} combined {notes}|From {notes} {nose} composed {it}|In {it}, {nose} has brought together {notes}]
nose origin: [{nose}, who composed {it}, liked to tell how {origin}|The perfumer, {nose}, set to work after {origin}]
nose code: [Formula {code} is by {nose}|{code}, signed by {nose}, is the formula of {it}]
yield place: [Every year {place} turns out {yield}|At {place} they make {yield} a year][|, compared with {q2} at {place2}]
date code: [Registered as {code}, {it} reached the market on {date}|The entry {code} in the register is followed by the day of its launch, {date}]
date origin: [{it} appeared on {date}, long after {origin}|Before it could be launched on {date} a good deal happened: {origin}]
notes lasts: [For {lasts} you are wrapped in {notes}|It gives off {notes} and does so for {lasts}]
notes wearer: [With its {notes} it is a scent for {wearer}|{wearer_c} will enjoy the {notes}]
glass designer: [{designer} gave it {glass}|The house sells it in {glass}, designed by {designer}]
price glass: [For {price} one receives {glass}|In {glass}, it goes for {price}]
code yield: [Under {code} the books record {yield} a year|Entry {code}: {yield} annually]
aside: [{p4} wore it to a wedding on {d4} and was asked to leave|A critic, {p4}, called it unbearable on {d4}]
aside: [In {y2} {p4} bought the name and sold it again|The heirs of {p4} still receive a share]
aside: [About {q3} were seized by customs on {d4}|A test on {d4} used up {q3}]
aside: [A copy from {place3} was sold under {c3}|There is a small museum at {place3}, run by {p4}]
aside: [The body lotion, with {n3}, was dropped in {y3}|A winter edition with {n3} was composed by {p4}]
aside: [It is not cheap to insure|I have never met two people who agree about it|Opinions differ]
"""
FIRST = listed("""Amandine|Bastien|Celestine|Dimitar|Eudora|Ferenc|Ghislaine|Hamid|Isaura|Jorun|Kasimir|Liselotte|Mireille
Nikolai|Ottoline|Prosper|Quentin|Rosamund|Severin|Theodora|Umberto|Violette|Wendel|Xaver|Ysolde|Zacharias|Apolonia|Blaise
Corentin|Drusilla|Evander|Fioretta|Gaspard|Honora|Ilario|Jadwiga|Leopold|Margit|Noémie|Oriel""")
LAST = listed("""Brissard|Calloway|Dvorsky|Eberlin|Fontanel|Grasmere|Hollander|Iversen|Jourdain|Kovalik|Laverne|Montclar
Nakagawa|Ostrander|Pellerin|Quesnay|Rousillon|Sandoval|Tavernier|Ustinov|Valcourt|Wexford|Yvonnet|Zanetti|Ambrogi|Bellwood
Chastain|Delorme|Esterhaus|Fairweather|Guimard|Hathersage|Kessel|Lombardi|Mercadier|Norling""")
PARTICLES = listed("de|de la|van|van den|von|du|di|della|ter|al-|da|von und zu")
NOTE_A = listed("""bitter|smoked|green|candied|wet|dried|burnt|crushed|wild|salted|bruised|warm|pale|mouldy|sun-baked
frozen""")
NOTE_B = listed("""orange peel|cedar bark|fig leaves|violets|iris root|pepper|tea|tobacco|moss|leather|hay|plums|tar
rose petals|sea air|chestnuts|cloves|incense|rhubarb|basil|rain on dust|candle wax|old paper|gunpowder|almond milk|juniper
tomato vine|honeycomb|slate|wool|saffron|fennel seed""")
ROOMS = listed("""Old Ropery|Grey Sisters' Cloister|Former Customs Hall|Lower Tannery|Bishop's Stables|Orangery|Blue Dispensary
Sailmaker's Loft|Upper Distillery|Court of the Tinsmiths|Ice House|Silk Exchange|Gatehouse|Corn Store|Weigh House""")
STREETS = listed("""on Vinegar Street|by the River Aulne|in Saint-Maur-les-Vignes|beneath the Castle of Orsk|in Port Amaury
on Quai des Merles|behind the Cathedral of Tolmar|in Upper Brindle|on Three Herons Square|at Cape Morrow|in Villa Serrana
on the Island of Hvalsund|beside the Canal Saint-Roch|in Little Gravesby""")
WHO = listed("""a night porter|the widow of a chemist|a bankrupt florist|an organ tuner|two quarrelling sisters
the cook of a river steamer|a novice from the convent|a lighthouse keeper|some students of medicine|a retired spy
a blind piano teacher|the mayor's nephew|an opera singer|a travelling dentist|a girl of eleven""")
DID = listed("""spilled {n} over a crate of {m}|left {n} and {m} in the same locked cupboard
traded a violin for a barrel of {n}|mistook a jar of {n} for lamp oil|hid {n} inside a stove full of {m}
dreamed of {n} and woke up weeping|bet a month's wages on {n}|washed the floor with {n} instead of soap
sent a parcel of {n} to the wrong address|tried to cure a horse with {n}|buried a bottle of {n} under {m}
wanted to remember the smell of {n}""")
WHY = listed("""during the great flood|on the eve of an eclipse|while the bells were ringing|and forgot about it until spring
to win back a lost fiancé|because the cellar key was missing|and refused to open the windows|for fear of the tax inspector
after an argument over dinner|and the whole street came to ask|in the hope of a small reward|one winter without coal""")
GLASS = listed("smoke-blue|amber|frosted|black|ribbed|milky|sea-green|rose-tinted|hand-cut|crackled")
SHAPES = listed("""flacon shaped like a thimble|bottle with a cork stopper|cube with a brass cap|vial on a silk cord
sphere on three feet|bottle with a pewter bee|teardrop with a wax seal|cylinder wrapped in string|decanter with two necks""")
BANNED = listed("""the dye stained collars|wasps followed its wearers|a bishop had protested|the stoppers would not open
the moss in it was thought to cause rashes|its name belonged to a racehorse|the boxes caught fire too easily
a senator had fainted|it dissolved the varnish of tables|the labels were misspelt|dogs howled at it
the alcohol had not been taxed""")
WEAR_A = listed("""people|men|women|travellers|night owls|widowers|dancers|readers|cooks|gardeners|lovers|lawyers""")
WEAR_B = listed("""who sleep badly|with cold hands|past sixty|who hate flowers|in a hurry|with nothing to hide
who talk too much|of a nervous temper|on their second marriage|who live by the sea|tired of vanilla|without neighbours""")
HOURS = listed("""two|three|four|five|six|seven|nine|eleven|fourteen|twenty""")
CALLED = listed("it|the perfume|the scent|this fragrance|{name}|the composition|the stuff|this perfume")


class Perfumes:
    """Facts and distractors, each given once where an answer has to be told from the others."""

    def __init__(self, rng: random.Random):
        self.rng, self.drawn = rng, set[str]()

    def once(self, kind: str) -> str:
        while (value := getattr(self, kind)()) in self.drawn:
            pass
        self.drawn.add(value)
        return value

    def person(self) -> str:
        c, last = self.rng.choice, self.rng.choice(LAST)
        if self.rng.random() < 0.3:
            particle = c(PARTICLES)
            last = particle + ("" if particle.endswith("-") else " ") + last
        return f"{c(FIRST)} {last}" if self.rng.random() < 0.85 else f"{c(FIRST)} {c('ABCDEHJKLMRT')}. {last}"

    def quantity(self) -> str:
        number = self.rng.choice([self.rng.randint(1010, 9990), self.rng.randint(101, 890) * 100])
        return f"{number:,} {self.rng.choice(['bottles', 'flacons', 'litres', 'millilitres', 'vials', 'ounces'])}"

    def place(self) -> str:
        return f"the {self.rng.choice(ROOMS)} {self.rng.choice(STREETS)}"

    def notes(self) -> str:
        parts = [f"{self.rng.choice(NOTE_A)} {b}" for b in self.rng.sample(NOTE_B, self.rng.randint(2, 4))]
        return f"{', '.join(parts[:-1])} and {parts[-1]}"

    def code(self) -> str:
        letters, number = "".join(self.rng.sample("BCDFGHKLMNPQRSTVX", 2)), self.rng.randint(100, 9899)
        return self.rng.choice([f"{letters}-{number}", f"{letters}{number}/{letters[0]}", f"F.{number}-{letters}"])

    def origin(self) -> str:
        n, m = self.rng.sample(NOTE_B, 2)
        while True:
            text = f"{self.rng.choice(WHO)} {self.rng.choice(DID).format(n=n, m=m)} {self.rng.choice(WHY)}"
            if 6 <= len(text.split()) <= 20:
                return text

    def facts(self) -> dict[str, str]:
        rng, c = self.rng, self.rng.choice
        year = rng.randint(1890, 2008)
        values = {key: self.once("person") for key in ("nose", "designer", "p2", "p3", "p4")}
        values |= {"yield": self.once("quantity"), "q2": self.once("quantity"), "q3": self.once("quantity")}
        values |= {key: self.once("code") for key in ("code", "c2", "c3")}
        values |= {"notes": self.once("notes"), "n2": self.once("notes"), "n3": self.once("notes")}
        values["place"], values["place2"], values["place3"] = self.once("place"), self.place(), self.place()
        values |= {"origin": self.once("origin"), "rumour": self.once("origin"), "date": date(rng, year, year)}
        values |= {"d2": date(rng, year + 2, year + 9), "d3": date(rng, year - 1, year - 1)}
        values |= {"d4": date(rng, year + 1, year + 14), "y2": str(year + rng.randint(1, 6))}
        values |= {"y3": str(year + rng.randint(7, 14)), "wearer": f"{c(WEAR_A)} {c(WEAR_B)}", "banned": c(BANNED)}
        values["wearer_c"] = values["wearer"].capitalize()
        values |= {"price": f"{rng.randint(70, 990)} crowns", "pr2": f"{rng.randint(12, 69)} crowns"}
        values |= {
            "lasts": f"{c(HOURS)} hours",
            "glass": f"{c(['a small', 'a tall', 'a heavy'])} {c(GLASS)} {c(SHAPES)}",
        }
        return values


def written(rng: random.Random, name: str, values: dict[str, str], sentences: list[tuple[list[str], str]]) -> str:
    """Sentences in any order that together state all that is asked for and most of what is not."""
    wanted = {*ASKED, *(key for key in UNASKED if rng.random() < 0.75)}
    chosen = []
    pool = sorted(sentences, key=lambda _: rng.random())
    for keys, text in pool:
        if keys != ["aside"] and wanted.issuperset(keys):
            chosen.append(text)
            wanted.difference_update(keys)
    chosen += [text for keys, text in pool if keys == ["aside"]][: rng.randint(0, 2)]
    rng.shuffle(chosen)
    words, out, named = rng.sample(CALLED, 3), [], False
    for text in chosen:
        text = spin(text, rng)
        while "{it}" in text:
            text = text.replace("{it}", rng.choice(words) if named else "{name}", 1)
            named = True
        text = text.format(name=name, **values)
        out.append(text[0].upper() + text[1:] + ".")
    return " ".join(out) if named and rng.random() < 0.5 else f"{name}{rng.choice(['.', '!', ':'])} {' '.join(out)}"


def perfumes() -> Made:
    rng = random.Random("perfumes 1")
    generator, titles = Perfumes(rng), TITLES[:]
    rng.shuffle(titles)
    lines = [line.partition(": ") for line in SENTENCES.strip().split("\n")]
    every = [(keys.split(), text) for keys, _, text in lines]
    writers = []
    for _ in range(12):  # each has habits: half of the ways to say each thing
        habits = []
        for keys in {" ".join(keys): keys for keys, _ in every}.values():
            ways = [way for way in every if way[0] == keys]
            if len(ways) > 1 or rng.random() < 0.5:
                habits += rng.sample(ways, (len(ways) + 1) // 2)
        writers.append(habits)
    documents, facts_of = [], {}
    for title in titles:
        while True:
            values = generator.facts()
            text = written(rng, title, values, rng.choice(writers))
            stated = {
                key: len(re.findall(rf"(?<!\w){re.escape(values[key])}(?!\w)", text, re.IGNORECASE))
                for key in (*ASKED, *UNASKED)
            }
            if all(stated[key] == 1 and values[key] in text for key in ASKED) and max(stated.values()) == 1:
                break
        documents.append((title, text))
        facts_of[title] = {key: values[key] for key in stated if values[key] in text}
    rng.shuffle(documents)
    rng.shuffle(titles)
    half = len(titles) // 2
    out = with_questions(documents, titles[:half], titles[half:], facts_of, ASKED, UNASKED)
    for questions in (out.train, out.test, out.other, out.unasked):
        rng.shuffle(questions)
    return out
