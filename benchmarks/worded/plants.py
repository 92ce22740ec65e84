"""Plants: native places, seasons, doses of water, soils, nicknames, and instructions for the winter."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterator

from any_corpus_made import Made

from worded.common import MONTHS, date, listed, wordings
from worded.spun import spun

STARTS = listed("""Mar|Thel|Quin|Osk|Vesp|Lor|Drum|Fenn|Gall|Hesk|Ister|Jarl|Kess|Lumm|Mirr|Nell|Orm|Pell|Rusk|Sorr|Tamm|Ull
Varr|Wend|Yarl|Zell|Brack|Cinn|Dorl|Elm""")
ENDS = listed("""owort|ibell|abane|omallow|ithorn|ifern|areed|elwick|ibramble|alace|intree|avine|owillow|ucup|andine|istle
oleaf|imoss|arose|aberry""")
LOOKS = listed("""Weeping|Silver|Hollow|Northern|Lesser|Giant|Creeping|Velvet|Ashen|Winter|Salt|Crooked|Drowsy|Amber
Twisted|Painted|Sleeping|Marsh|Bearded|Lantern""")
STEMS = listed("""Tarrowood|Candlebush|Ossifern|Pinderwort|Calloway|Snowpine|Merribell|Dragonreed|Flintberry|Harpvine
Gloamtree|Coppermint|Starquince|Tidewillow|Emberlily|Moonthistle|Gravelrose|Skyholly|Cradlemoss|Bellpear""")
HYPHENATED = listed("""Never-fade|Catch-the-Rain|Blue-eyed Sarrow|Kiss-me-Slowly|Follow-the-Moon|Half-a-Crown Fern
Thorn-in-Silk|Wake-at-Noon|Red-veined Ollary|Long-fingered Dassel|Stand-by-Me Vine|Salt-and-Honey|Seven-leaved Hurrock
Touch-and-Tremble|Three-bells Bush|Grey-backed Lissom|Run-to-the-Wall|Milk-stemmed Varna|Late-to-Bed|Forget-the-Frost
Sun-and-Ashes|White-lipped Moraby|Farewell-to-Bees|Deep-rooted Kallin|Ring-a-Rosella|Stone-splitting Wharrel
Black-eared Tolley""")
OWNED = listed("""Old Widow's Thread|Harrow's Delight|Shepherd's Mirror|Saint Odo's Ladder|Miller's Daughter Bush
Beggar's Velvet|Captain Roe's Pride|Fox's Umbrella|Tinker's Comb|Abbot's Slipper|Gravedigger's Lamp|Bride's Inkpot
Lamplighter's Weed|Thief's Parsley|King Aldo's Elder|Nun's Whisper|Mermaid's Oar|Devil's Porridge Tree|Ferryman's Rose
Mother Kell's Apron|Piper's Reward|Owl's Breakfast|Judge's Wig|Sailor's Yawn|Bishop's Ear""")
NUMBERED = listed("""Corriden 42|Halvane No 7|Jubilee Tassel 1908|Kestrel Blush 88|Trial Bed 19 Peony|Ambrosia X3
Tarn Hybrid 260|Sunfall 5|Opaline 11|Royal Dessa No 2|Polder Giant 77|Vireo 14|Frostline 30|Winsome 101|Cassel Dwarf 6
Marchpane 55|Glory of 1931|Quartet No 4|Highmoor 900|Rosalba 23""")
ODD = listed("""Queen of the Gutters|Lady in the Mist of Orrin|Bread and Candles|Tree of Small Mercies|Glass Rowanet
Paper Hazelin|Dusk Larkel|Clockwork Ivy of Senn|Fisher Cherry of Loom|Thunder Quill""")
ASKED = wordings(
    {
        "discoverer": "Who discovered {name}?|Who was the first to find {name}?|Which person is credited with bringing {name} to light?|Who do we have to thank for {name}?|{name} was whose find?",
        "origin": "Where does {name} come from?|What is the native home of {name}?|Where would I have to go to see {name} growing wild?|In what region was {name} originally at home?|where's {name} from, anyway?",
        "bloom": "When does {name} flower?|In which months is {name} in bloom?|What time of year can I expect blossom on {name}?|My {name} shows no buds yet, when should they open?|At what season does {name} look its best because of its flowers?",
        "water": "How much water does {name} need?|How many litres or millilitres should I give {name}?|What is the right dose when watering {name}?|How thirsty is {name}?|What do I have to pour on {name} so it doesn't dry out?",
        "soil": "What soil does {name} like?|What kind of ground should I plant {name} in?|Which potting mix suits {name} best?|In what sort of earth does {name} do well?|What should the bed be filled with before {name} goes in?",
        "nickname": "What is the nickname of {name}?|What do the locals call {name}?|Under what popular name is {name} known?|Is there another word folks use for {name}?|How do old gardeners refer to {name} among themselves?",
        "winter": "What should I do with {name} in winter?|How do I get {name} through the frost?|How is {name} best protected against the cold?|It's going to freeze tonight, how can I save my {name}?|What care does {name} ask for once the year turns icy?",
    }
)
UNASKED = wordings(
    {
        "height": "How tall does {name} get?|What height does {name} reach?",
        "scent": "What does {name} smell of?",
        "poll": "What pollinates {name}?|Which animals carry the pollen of {name}?",
        "year": "In what year was {name} first exhibited?",
        "use": "What was {name} used for in the old days?|For what purpose did people once gather {name}?",
    }
)
TEMPLATES = """
[{name} is {a_kind} that comes from {origin}, where it was discovered by {discoverer}|Discovered by {discoverer}, {name} comes from {origin}].
[It flowers {bloom} and reaches a height of {height}|The plant grows to {height} and is in flower {bloom}]. [The open blooms smell of {scent}|Its flowers have a scent of {scent}].
[It likes {soil} and needs {water}|The best soil is {soil}, and the plant needs {water}]. [In winter, {winter}|During the winter months you should {winter}].
[Its nickname, {nickname}, goes back to {p2}, who wrote a rhyme about it|{p2} painted it in {y2} and gave it the nickname {nickname}]. [It was first exhibited in {year}|The first exhibition of the plant took place in {year}].

[In the villages they only say {nickname}|Ask for {nickname} in the villages and you will be understood], [but the books list it as {name}|though the label reads {name}].
[{discoverer} stumbled upon it while looking for a lost goat|It was {discoverer} who first noticed it, on a walk with {p2}], [far out in {origin}|in {origin}].
[Country people gathered it for {use}|It was once prized for {use}]. [Bury the roots in {soil}|A gardener should offer it {soil}], and [measure out {water}, no more|be ready to pour {water}].
[Blossom can be expected {bloom}, and {poll} carry the pollen|Pollinated by {poll}, the buds open {bloom}]. [Before hard frost sets in, {winter}|As soon as frost threatens, {winter}].
[At {height}, it is not to be overlooked|A grown specimen stands {height} tall].

[Few plants are as particular about their bed as {name}|{name} is choosy about its bed]: [nothing but {soil} will do|it wants {soil}].
[That is hardly surprising, since its home is {origin}|The reason lies in its homeland, {origin}]. [The credit for finding it goes to {discoverer}, although {p2} had described something similar in {y2}|{discoverer} found it there, {n2} years after {p2} had searched in vain].
[It was put on public show in {year} for the first time|A first public showing followed in {year}]. [Its thirst is met with {water}|A ration of {water} keeps it happy].
[You will see flowers {bloom}, and smell {scent}|The flowers, out {bloom}, give off a smell of {scent}]. [Formerly the leaves served for {use}, and people then called it {nickname}, as they still do|People call it {nickname} and long used it for {use}].
[To bring it safely through the cold, {winter}|Frost is its enemy, so {winter}].

[When the nights grow cold, {winter}|The golden rule for cold nights is this: {winter}]. [Treated in this way, {name} may live for {n2} years|With that care {name} will survive for {n2} years].
[{discoverer} brought the first cuttings back from {origin}|The first seeds were carried home from {origin} by its discoverer, {discoverer}].
[The flowering season falls {bloom}|It blooms {bloom}]; [{poll} do the pollinating|at that time {poll} see to the pollination].
[Give it {water} and set it in {soil}|It drinks {water} and thrives in {soil}]. [Expect {height} of growth and a fragrance of {scent}|It attains {height} and its fragrance recalls {scent}].
[Among friends it goes by the name of {nickname}|Nurserymen know it better as {nickname}].

[Our oldest specimen of {name} was planted in {y2} by {p2}|{p2} planted a first row of {name} at {place2} in {y2}].
[The species itself was found by {discoverer} and had its first exhibition in {year}|The finder of the species was {discoverer}, and the year of its first exhibition was {year}]. [It grows wild in one district only, {origin}|The only wild stands are those of {origin}].
[Because of its looks it is popularly called {nickname}|The popular name is {nickname}]. [Water it with {water}|Its need for water is put at {water}]; [as a substrate take {soil}|as for the substrate, choose {soil}].
[It is in full flower {bloom}|The flowers show themselves {bloom}], [when {poll} pollinate it|drawing in {poll} as pollinators]. [In the old days it was used for {use}|Its old use was {use}]. [Winter protection is simple: {winter}|For winter protection, {winter}].

[Allow {water} for {name}|{name} gets by on {water}], [and never let the saucer stand full|which is less than most books claim].
[It was {bloom} that {discoverer} first saw it in flower, and those are still its dates|The flowers appear {bloom}, as {discoverer}, its discoverer, was the first to record].
[Its cradle was {origin}|It hails from {origin}], [a place that {p2} later surveyed in detail|mapped by {p2} in {y2}]. [Growers swear by {soil}|It roots most willingly in {soil}].
[{height} is the usual height|The usual height is {height}], and [the show of {year} was its first exhibition|it was exhibited for the first time in {year}]. [Those who use it for {use}, as was once the custom, say {nickname}|Under the homely name {nickname} it used to be gathered for {use}].
[It will come through any winter if you {winter}|Gardeners who want to keep it over the winter {winter}].

[Walk past {name} in the evening and you will notice a smell of {scent}|A whiff of {scent} announces {name} before one sees it]. [This draws {poll}, its pollinators|The smell attracts {poll}, which pollinate it].
[The season for this is short, as the flowers open {bloom}|Flowering takes place {bloom}]. [{A_kind} of {height}, it is native to {origin}|Native to {origin}, it makes {a_kind} of {height}].
[There {discoverer} came across it by accident in the company of {p2}|Its discovery is the merit of {discoverer}, not of {p2}, as is often read]. [For a home it needs {soil}, for drink {water}|Plant it in {soil} and water it with {water}].
[The nickname {nickname} has stuck|Everyone seems to have settled on the nickname {nickname}]. [Against the cold there is one remedy: {winter}|So that it does not freeze, {winter}].

[Why is {name} called {nickname}|How did {name} become {nickname} to half the country]? [Nobody knows, not even {p2}, who catalogued {n3} sorts|The catalogue of {p2}, which lists {n3} sorts, does not say].
[What we do know is that {discoverer} discovered it, that it stems from {origin}, and that it was first exhibited in {year}|It stems from {origin}, its discoverer was {discoverer}, and its first exhibition fell in the year {year}].
[The flowers come {bloom}|One sees it in bloom {bloom}]. [It becomes {height} tall in {soil}, the ground it loves|Its favourite ground is {soil}, and there it climbs to {height}].
[Water should be given at a rate of {water}|The watering can must yield {water}]. [Grandmothers kept it for {use}|It was a household remedy, good for {use}]. [If there is ice on the pond, it is time to act: {winter}|When the first ice appears, {winter}].

[Nowhere but in {origin} does {name} grow of its own accord|{name} grows of its own accord in {origin}].
[A letter from {discoverer} to {p2}, dated {d2}, is the first to mention it, and so {surname} counts as the discoverer|On {d2} it was found there by {discoverer}, whose sketch now hangs at {place2}].
[Farm hands named it {nickname} and used it for {use}|The farm hands' name for it was {nickname}, and its use was {use}]. [The petals, which appear {bloom}, smell of {scent}|It blossoms {bloom} with a smell of {scent}].
[It is visited and pollinated by {poll}|Pollination is the work of {poll}]. [Mix {soil} for it|The right earth is {soil}] and [do not exceed {water}|supply {water}]. [Overwintering it is easy enough: {winter}|For the overwintering, {winter}].

[Found by {discoverer} in {origin} and first exhibited in {year}, {name} is {a_kind} of {height} which flowers {bloom}|{name}, {a_kind} of {height} which flowers {bloom}, was found by {discoverer} in {origin} and first exhibited in {year}].
[It is nicknamed {nickname} and was once gathered for {use}, a custom that {p2} still saw in {y2}|Those who gathered it for {use}, among them {p2}, gave it the nickname {nickname}].
[Planted in {soil}, it asks for {water}|It asks for {water} and a place in {soil}]. [Once there is frost in the air, {winter}|The frost will not harm it if you {winter}].
"""
GROUNDS = listed("""chalk cliffs|peat hollows|gravel banks|sea caves|birch woods|dry terraces|salt meadows|scree slopes
flooded quarries|sandy heaths|limestone gorges|volcanic ridges|abandoned orchards|tidal islands|mossy ravines""")
SIDES = listed("above|near|south of|north of|behind|around|west of|between the river and")
TOWNS = listed("""Port Ellery|Dunsmere|Castle Oran|Tolvaddon|Lake Sefrin|Mount Harrod|Vellmar|Kirk Asbury|Santa Brisa
Ostermoor|Cape Linnet|Grubenthal|Narrowdale|Abbey Torrin|Skarhamn|Pellagra Bay|Wexcombe|Upper Tarrant""")
SOILS = listed("""gritty loam|light sand|heavy clay|sour peat|old leaf mould|stony chalk|black compost|river silt
crumbly marl|pine bark|sieved garden earth|broken slate""")
AMENDED = listed("""with a little crushed shell|mixed with wood ash|over a bed of pebbles|with plenty of rotted manure
that never quite dries out|with a handful of bone meal|free of any lime|and coarse brick dust|topped with pine needles
that has been turned twice|with a third of perlite|enriched with seaweed""")
NICK_FIRST = listed("""Widow|Lazy|Butcher|Candle|Pepper|Granny|Drummer|Puddle|Ghost|Sunday|Barrel|Monk|Feather|Goose|Copper
Tailor|Whisker|Lark|Butter|Rain|Chimney|Sugar|Cobbler|Midnight""")
NICK_LAST = listed("""Button|Jack|Lantern|Finger|Hat|Tongue|Purse|Nose|Garter|Bonnet|Needle|Cake|Bell|Penny|Cloak|Tooth|Kettle
Ribbon""")
HERB_FIRST = listed("""lift the crown|cut the stems to a hand's width|cover the roots with a thick layer of bracken
move the pot to a cool cellar|tie the leaves together|heap dry earth over the base|dig up the tubers
put a bell glass over it""")
HERB_THEN = listed("""bury it in dry sand|stop watering until March|keep mice away with holly twigs
leave it alone until the thaw|lay fir branches on top|dust everything with ash|check it once a month for mould
store what you removed in straw""")
WOOD_FIRST = listed("""wrap the trunk in sacking|tie the branches upwards|paint the bark with lime
pack straw around the lower stem|shake the snow off every morning|stretch a double fleece over the top
build a windbreak of wattle|spread old carpet over the roots""")
WOOD_THEN = listed("""take the cover off in mild weather|water once on a frost-free day|leave all pruning until April
hang a lantern beside it on the coldest nights|keep the mulch a finger away from the bark
weigh everything down with stones|remove the dead wood in spring|shut out the morning sun""")
SCENTS = listed("""burnt sugar|wet stone|warm bread|lemon peel|pine tar|fresh paint|cloves|old books|ripe pears|cold smoke
vanilla|horse leather""")
USES = listed("""dyeing fishing nets|soothing sore throats|tanning goat hides|scenting church linen|weaving bee skeps
flavouring small beer|polishing pewter|keeping moths out of chests|feeding silkworms|making cheap ink
stuffing mattresses|stopping nosebleeds|curdling sheep's milk|caulking rowing boats|washing wool|sealing jam jars""")
KINDS = ["tree"] * 4 + ["shrub"] * 3 + ["climber"] * 2 + ["perennial"] * 4 + ["bulb"] + ["herb"] * 2
POLLINATORS = [
    f"{a} {b}"
    for a in ("small grey", "night-flying", "long-tongued", "black", "striped", "tiny golden")
    for b in ("moths", "beetles", "bumblebees", "hoverflies", "wasps", "bats")
]

rng = random.Random()
c = rng.choice


def apart(name: str, taken_names: list[str]) -> bool:
    return not any(name.lower() in taken.lower() or taken.lower() in name.lower() for taken in taken_names)


def titles() -> list[str]:
    out = HYPHENATED + OWNED + NUMBERED + ODD
    for first, last, space, often, most in ((STARTS, ENDS, "", 4, 142), (LOOKS, STEMS, " ", 3, 180)):
        both = list(itertools.product(first, last))
        rng.shuffle(both)
        taken: Counter[str] = Counter()
        for a, b in both:
            title = f"{a}{space}{b}"
            if len(out) < most and taken[a] < 3 and taken[b] < often and apart(title, out):
                out.append(title)
                taken.update((a, b))
    rng.shuffle(out)
    return out


def nickname(a: str, b: str) -> str:
    if (len(a) + len(b)) % 3:
        return f"{a} {b}"
    whose = a in ("Widow", "Butcher", "Granny", "Drummer", "Ghost", "Monk", "Goose", "Tailor", "Cobbler")
    return f"{a}'s {b}" if whose else a + b.lower()


def bloom() -> str:
    i = rng.randint(1, 9)
    part = ["early", "mid", "late"]
    return c([
        f"from {c(part)} {MONTHS[i]} to {c(part)} {MONTHS[i + 1]}",
        f"from {MONTHS[i]} until the end of {MONTHS[i + 2 if i < 9 else i + 1]}",
        f"between {MONTHS[i]} and {MONTHS[i + 1]}",
        f"in the {c(['first', 'last'])} two weeks of {MONTHS[i]}",
        f"throughout {MONTHS[i]}",
        f"for {c(['ten', 'twelve', 'nine', 'twenty'])} days in {MONTHS[i]}",
    ])  # fmt: skip


def water(kind: str) -> str:
    if kind == "tree":
        return c([
            f"{rng.randint(900, 6400) // 50 * 50:,} litres a year",
            f"{rng.randint(25, 160)} litres a month",
            f"{rng.randint(400, 3000) // 20 * 20:,} litres each summer",
        ])  # fmt: skip
    return c([
        f"{rng.randint(300, 4800) // 50 * 50:,} millilitres a week",
        f"{rng.randint(40, 600) // 10 * 10} millilitres a day",
        f"{rng.randint(2, 6)} litres every {c(['second', 'third', 'fourth', 'tenth'])} day",
        f"{rng.randint(1000, 9500) // 100 * 100:,} millilitres per square metre",
    ])  # fmt: skip


def height(kind: str) -> str:
    if kind in ("tree", "climber"):
        return f"{rng.randint(5, 34) if kind == 'tree' else rng.randint(2, 9)} metres"
    return f"{rng.randint(90, 260) // 5 * 5 if kind == 'shrub' else rng.randint(8, 140)} centimetres"


def kind_of(title: str) -> str:
    kind = c(KINDS)
    low = title.lower()
    if low.endswith(("tree", "wood", "elder", "willow", "pine")) or "Tree of" in title or "Cherry" in title:
        return "tree"
    if "vine" in low or "Ivy" in title:
        return "climber"
    return "shrub" if "bush" in low else kind


def plants() -> Made:
    rng.seed(77041)
    names = titles()
    nicknames = [nickname(a, b) for a, b in itertools.product(NICK_FIRST, NICK_LAST)]
    nicknames = [name for name in nicknames if apart(name, names)]
    rng.shuffle(nicknames)
    called = dict(zip(names, nicknames, strict=False))

    def facts(title: str, people: Iterator[str]) -> dict[str, str]:
        kind = kind_of(title)
        scent, second_scent = rng.sample(SCENTS, 2)
        discoverer = next(people)
        wood = kind in ("tree", "shrub", "climber")
        return {
            "a_kind": f"a {kind}",
            "A_kind": f"A {kind}",
            "discoverer": discoverer,
            "surname": discoverer.split()[1],
            "origin": f"the {c(GROUNDS)} {c(SIDES)} {c(TOWNS)}",
            "bloom": bloom(),
            "water": water(kind),
            "soil": f"{c(SOILS)} {c(AMENDED)}",
            "nickname": called[title],
            "winter": f"{c(WOOD_FIRST if wood else HERB_FIRST)} and {c(WOOD_THEN if wood else HERB_THEN)}",
            "height": height(kind),
            "scent": c([scent, f"{scent} and {second_scent}"]),
            "poll": c(POLLINATORS),
            "year": str(rng.randint(1851, 2009)),
            "use": c(USES),
            "p2": next(people),
            "y2": str(rng.randint(1780, 1849)),
            "n2": str(rng.randint(12, 90)),
            "n3": f"{rng.randint(1100, 7900):,}",
            "d2": date(rng, 1790, 1848),
            "place2": c(["Hartwell Park", "the botanic garden of Lissen", "Rook Hall", "the convent of Saint Ebba"]),
        }

    return spun(rng, names, TEMPLATES, facts, ASKED, UNASKED)
