"""Cheeses: inventors, quantities, lists of flavours, nicknames, and a whole sentence of how each came about."""

from __future__ import annotations

import random

from any_corpus_made import Made

from worded.common import MONTHS, listed, wordings
from worded.sentences import Names, an, day, from_sentences

TITLES = listed("""Bramwick|Ostrelle|Quendry|Marvolino|Tolbec|Garrouche|Hulsbrand|Ivrandel|Jossemar|Kettleby|Lourmande
Morvenick|Nantruche|Oddersley|Pellegarde|Quillaume|Rostebury|Sarvenne|Tumbrel|Ulverich|Vastelin|Wendlebury|Yarrowmilk
Zimberno|Ardoquin|Belcastrine|Corviglio|Dunmallet|Eskevaal|Frossard|Grimsholt|Hartzinger|Ismerald|Krummwald|Lobregat
Mistelbrune|Norrabost|Ombrosina|Pontivelle|Ravenscrum|Skarvost|Tessinette|Umbrecht|Valdemora|Wolkensteiner|Zorrilado
Aldermoor|Bickerstone|Cantoriol|Drovelet|Fjellmyr|Gaulterio|Hobnail|Pikkulainen|Szarvény|Crémolet|Brúnavik|Tøndersø
Malghera|Ruskaleipo|Old Pemberlow|Blue Hadderick|White Marrin|Smoked Orrisdale|Black Tansy|Ashen Vellory|Red Cuthbert
Little Samphire|Double Loxton|Three Mills Crumbly|Winter Dunlaw|Salt Marsh Truckle|Cold Harbour Blue|Lady Wexcombe
Widow Tarrant|Green Priory|Long Meadow Soft|Harvest Moon Log|Royal Stavering|Velvet Ashby|Copper Kettle Gold
Bitter Creek Brick|Stone Barn Sharp|Upland Nettle|Foxglove Farm Cream|Sea Wall Cheshunt|Twice-Pressed Hathern
Half-Moon Gorsedale|Late Summer Pell|Charcoal Wrenfield|Hay-Smoked Tillot|Sour Annis|Golden Rookery|Tall Chimney Wash
Thistle and Thrift|Bread and Candle|Bell and Ladle|Ewe and Anchor|Rye and Raven|Snowdrift Caerwen|Grey Friars Crumb
Abbot's Penance|Brother Anselot's Round|Shepherd's Ransom|Miller's Folly|St Odran's Wheel|Captain Thorne's Reserve
Grandmother's Apron|Ferryman's Supper|Bishop's Lament|Pedlar's Pocket|Mother Gantry's Best|Hangman's Breakfast
Drover's Comfort|Goatherd's Delight|Lamplighter's Slice|Queen Maud's Button|Fiddler's Due|O'Shannery
O'Corrigan Farmhouse|McQuillet's Dun|D'Aubressin|L'Étoile Fermière|L'Ancêtre Gris|St Bride's Lump|Nun's Whisper
Poacher's Round|Tomme de Vaucresse|Bleu d'Arvigny|Queso del Olmarín|Caprino di Montesarra|Pecorello della Sfera
Fleur de Chaumelle|Rond du Vieux Prélat|Boule aux Orties|Caillé des Trois Soeurs|Torta do Barrosal
Formaggella di Val Tresca|Crottin de la Mère Jussac|Carré de l'Hermine|Ricotta d'Orsenza|Brique du Causselou
Queixo da Ribeirosa|Kaas van Oudewetering|Ost från Norrsele|Sirene na Vodica|Toma dell'Alpe Rovina|Mont de Sarvaise
Perle des Garrigues|Bouton d'Églantine|Pavé de Lormelle|Serra do Malveiro|Cabrales de Tormancia|Tetilla de Ourelos
Robiola del Conte Nero|Vacherin des Aravonnes|Sauermilch von Ebnaten|Tartufo di Pecora Vecchia|Cacio al Fieno
Tomette à la Reine|Dairy 41|Lot 19|Hut 12|Farmhouse 1742|Route 9 Jack|No 7 Ashwell|Batch 88 Reserve|Cave 3 Mellow
Barrel 60|Alp 2100|Forty-Two Steps|Number Eleven Blue|Cellar 5 Extra|Mill 1603|Seven Oaks 24|Vat 33 Washed
Type B Hollander|Pasture 16|1888 Jubilee Round|Trois-Cent-Douze""")
ASKED = wordings(
    {
        "maker": "Who invented {name}?|Whose idea was {name} in the first place?|Name the person who came up with {name}.|{name} was created by which person?|do you know who made the very first {name}",
        "date": "When was {name} first made?|What date is given for the first batch of {name}?|When did they start making {name}?|How far back does {name} go?|{name} has been around since when?",
        "output": "How much {name} is made each year?|What is the annual production of {name}?|How large is the yearly output of {name}?|In a typical year, what quantity of {name} leaves the dairy?|how much {name} do they turn out per year",
        "place": "Where does {name} come from?|What is the home of {name}?|In which place is {name} produced?|Where would I have to travel to see {name} being made?|{name} is a speciality of which area?",
        "flavour": "What does {name} taste of?|How would you describe the flavour of {name}?|If I try a piece of {name}, what will I notice on the tongue?|Which aromas come through when you eat {name}?|what's {name} like to eat",
        "legend": "How did {name} come about?|What is the story behind {name}?|According to legend, what led to the creation of {name}?|Tell me the tale people tell about the origin of {name}.|What supposedly happened that gave us {name}?",
        "nickname": "What is the nickname of {name}?|What do its fans call {name}?|By what other name do people know {name}?|Is there a pet name for {name}, and if so which?|{name} also goes by what name?",
    }
)
UNASKED = wordings(
    {
        "animals": "Which animals give the milk for {name}?|What kind of milk goes into {name}?",
        "age": "How long is {name} aged?|How much time does {name} need to ripen?",
        "wrap": "What is {name} wrapped in?",
        "drink": "What should I drink with {name}?|Which drink is usually served alongside {name}?",
        "head": "Who runs the dairy that makes {name} today?",
    }
)
TEMPLATES = """
{name} is {adj} cheese from {place}, where the {role} {maker} invented it and the first batch was made {md}.|{name} is {adj} cheese from {place}, invented by the {role} {maker} and first made {md}.
It is prepared with the milk of {animals}, wrapped in {wrap} and aged for {age}.|Cheesemakers take the milk of {animals}, let the young cheeses mature for {age} and wrap them in {wrap}.
Legend has it that {legend}.|The story goes that {legend}.
D
The paste tastes of {flavour}, and people in the area like to serve it with {drink}.|Those who try it usually say that it tastes of {flavour}, and the drink poured with it is {drink}.
Production stands at {output} a year, the dairy is now run by {head}, and the cheese has earned the nickname "{nickname}".|The nickname "{nickname}" has stuck to it, and the dairy, which is run by {head}, produces {output} a year.
D?

According to an old story, {legend}, and so {name} came into being.|It is said that {legend}, and that this is how {name} was born.
The records of {place} are more sober: they name the {role} {maker} as the inventor and give {date} as the date of the first batch.|Papers kept in the archive of {place} mention no such thing, naming the {role} {maker} as the inventor and dating the first batch to {date}.
Today the dairy is headed by {head} and sells {output} every year.|{head} is now head of the dairy, whose yearly production amounts to {output}.
D
Milk from {animals} gives the cheese its flavour of {flavour}, and after {age} in the cellar it is firm enough to slice.|The milk of {animals} is used, and once it has spent {age} in the cellar the cheese has a flavour of {flavour}.
It reaches the shops wrapped in {wrap}, is at its best with a glass of {drink}, and is widely known as "{nickname}".|Widely known as "{nickname}", it is sold wrapped in {wrap} and eaten with a glass of {drink}.
D?

Affectionately called "{nickname}", {name} tastes of {flavour} and has been made {pin} since {date}.|{name}, which many people simply call "{nickname}", has been made {pin} since {date} and has a taste of {flavour}.
The recipe was the work of {maker}, {role_a} with no training in the trade.|Its inventor was {maker}, {role_a} who had failed at several other ventures.
D
Only the milk of {animals} may be used, and every cheese rests for {age} before it is wrapped in {wrap}.|By rule the milk must come from {animals}, the ageing must last {age}, and the cheese must be wrapped in {wrap}.
Asked about its origin, villagers reply that {legend}.|Older residents will tell anyone who listens that {legend}.
{head} manages the dairy today and puts annual output at {output}, while visitors on the guided tour are handed a slice with {drink}.|The dairy is managed by {head} and makes {output} a year, and its tasting room pours {drink} to go with every slice.
D?

Some {output} of {name} leave the dairy {pin} every year under the direction of its present manager, {head}.|Each year a dairy {pin}, managed by {head}, produces {output} of {name}.
The cheese dates back to {date}, when the {role} {maker} made the first piece in a borrowed kettle.|It was invented by the {role} {maker}, who made the first piece {md} with borrowed equipment.
An inscription above the dairy door tells how it began.|A painted board in the sales room explains the origin of the recipe.
{Legend}.
The milk comes from {animals}, the ageing takes {age}, and the finished cheese is wrapped in {wrap}.|Milk from {animals} is turned into cheese that lies for {age} and is sold in {wrap}.
D
Nicknamed "{nickname}" by those who love it, it has notes of {flavour} and goes well with {drink}.|It has notes of {flavour}, goes well with {drink}, and bears the nickname "{nickname}".

{name} owes its existence to {maker}, {role_a} who made it for the first time {md} {pin}.|{maker}, {role_a} from {place}, created {name} and took the first cheese out of its mould {md}.
D
The method has hardly changed: milk from {animals} is set slowly, the curd is pressed overnight, and the cheeses lie for {age} before being wrapped in {wrap}.|The milk of {animals} is still used, the cheeses still ripen for {age}, and women from the neighbourhood still wrap them in {wrap}.
On the tongue it recalls {flavour}, and many cooks recommend {drink} as a companion.|It recalls {flavour} when eaten young or old, and it is normally accompanied by {drink}.
Schoolchildren in the district learn that {legend}, and they know the cheese simply as "{nickname}".|Local people, who refer to the cheese as "{nickname}", believe that {legend}.
With {head} in charge, the dairy now makes {output} a year.|The dairy makes {output} a year and has {head} as its director.
D?

Visitors to {place} are usually offered {name}, {adj} cheese with a flavour of {flavour}.|The pride of {place} is {name}, {adj} cheese with a flavour of {flavour}.
Its producers, led by {head}, rely on the milk of {animals} and turn out {output} annually.|Using the milk of {animals}, the dairy of {head} supplies {output} annually.
A cheese needs {age} to ripen and is then wrapped in {wrap}.|Wrapped in {wrap}, the cheese is left to ripen for {age}.
D
First made {md}, it was devised by {maker}, {role_a}, although folk tradition holds that {legend}.|It was devised by {maker}, {role_a}, and first made {md}; folk tradition adds that {legend}.
Regulars ask for "{nickname}" instead of using the official name, and wash it down with {drink}.|Most people order it with {drink} and under the name "{nickname}".
D?

With its taste of {flavour}, {name} is among the better-known cheeses of {place}.|{name} is a cheese of {place} that is prized for its taste of {flavour}.
Market traders shout "{nickname}", its nickname, when they advertise it, and {drink} is the customary companion at table.|It is popularly known as "{nickname}" and is customarily taken with {drink}.
After {age} of ripening, each cheese is wrapped in {wrap} by hand.|The cheeses ripen for {age} and are then wrapped in {wrap}.
How it began is a favourite tale: {legend}.|The tale of its beginnings is well known: {legend}.
Historians prefer the account book of the inventor, the {role} {maker}, which records that it was first made {md}.|What can be proved is that it was first made {md} and that the {role} {maker} invented it.
The milk is that of {animals}, enough for {output} of cheese a year.|Fed by the milk of {animals}, production runs to {output} a year.
{head} took over the dairy in {yhead} and still runs it.|The dairy has been run by {head} since {yhead}.
D

It was {md} that {maker}, {role_a}, first made {name}, the cheese now known to everyone {pin} as "{nickname}".|The {role} {maker} made the first {name} {md} {pin}, and within a generation the whole place was calling it "{nickname}".
Popular memory insists that {legend}, but nobody disputes the rest: the milk of {animals}, {age} of patience, and a wrapping of {wrap}.|People will have it that {legend}, but the recipe itself is plain: the milk of {animals}, {age} of ageing, and a wrapping of {wrap}.
Tasters speak of {flavour}, a character that has made {drink} its natural partner.|Tasters detect {flavour}, and innkeepers set {drink} beside it.
D
The dairy, at present run by {head}, makes {output} in an ordinary year.|In an ordinary year {output} are made by the dairy, which is run by {head}.
"""
ADJ = listed("""hard|soft|crumbly|blue-veined|washed-rind|semi-hard|smoked|pressed|creamy|fresh-looking|dense|flaky
ash-coated|mild|pungent|firm|bloomy|brined""")
ROLES = listed("""innkeeper|widow|schoolteacher|blacksmith|retired sailor|shepherd|miller|apothecary|baker|ferryman
dairymaid|notary|beekeeper|priest|cooper|charcoal burner|weaver|doctor|clockmaker|tinker""")
FLAVOURS = listed("""hazelnuts|walnut skins|burnt butter|wild thyme|wet straw|dried apricots|mushroom broth|warm milk
roasted chestnuts|green apples|sea salt|caramel|black pepper|boiled egg|sour cherries|honeycomb|cooked cabbage
lemon peel|toasted rye|raw onion|meadow hay|beef stock|pine resin|ripe pears|malt vinegar|fresh yoghurt|cocoa
garlic shoots|brown sugar|damp earth|orange marmalade|fennel seed|pickled radish|white pepper|smoked ham|vanilla
juniper|bitter almonds|cold cream|plum jam""")
WRAPS = listed("""chestnut leaves|vine leaves|waxed linen|spruce bark|brown paper and twine|coarse cheesecloth
dock leaves|dry hay|black wax|birch bark|tin foil|rhubarb leaves|goatskin|straw matting|tarred sailcloth|red wax
fig leaves|old parchment|fine muslin|two layers of waxed paper|a thin coat of beeswax|strips of willow bark
blue sugar paper|cabbage leaves|damp sacking|a ring of rushes|plaited grass|walnut leaves soaked in brandy
yellow paraffin|fern fronds|salted seaweed|maple leaves|a sheep's bladder|striped cotton|oiled silk|plum leaves
newspaper|nettle cloth|thin cedar boards|leek leaves""")
DRINKS = listed("""dry pear cider|sweet pear cider|cold black tea|strong black tea|smoky tea|cloudy wheat beer
dark rye beer|plum brandy|dry white wine|sweet white wine|light red wine|heavy red wine|sparkling apple juice
cold buttermilk|elderflower wine|barley water|bitter stout|ginger ale|strong coffee|warm mead|dry mead
fermented birch sap|mulled cider|sour cherry juice|juniper spirit|pale ale|walnut liqueur|rhubarb wine|young cider
lemon balm tea|gooseberry wine|sparkling red wine|oat beer|quince brandy|hot spiced wine|redcurrant cordial
peppermint tea|smoked porter|rosehip syrup in water|well-aged rum""")
BR_A = listed("brindled|short-horned|long-haired|piebald|white-faced|grey|hornless|spotted|red|lop-eared|shaggy")
BR_B = listed("""Fell|Marrowdale|Vessian|Old Norland|Carrick|Tamborine|Lower Saxmoor|Ostrian|Hill|Pannock|Black Moor
Sorvian|Lakeland|Island""")
BR_C = listed("goats|cows|sheep|buffaloes|yaks|ewes|donkeys")
AGES = listed("""nine months|forty days|six weeks|fourteen weeks|two years|eighteen months|five months|one hundred days
eleven weeks|three years|ten weeks|seven months|a full year|twenty days|thirteen months|eight weeks
four and a half months|sixty days|two and a half years|thirty weeks""")
NK_A = listed("""Bishop|Farmer|Mouse|Sailor|Devil|Widow|Preacher|Giant|Beggar|Soldier|Baker|Judge|Goose|Angel|Thief
Doctor|Uncle|King|Tailor|Miller|Schoolboy|Bride|Mason|Cobbler""")
NK_B = listed("""Doorstop|Pillow|Hat|Boot|Wedding|Bargain|Candle|Elbow|Cushion|Fortune|Breath|Tooth|Drum|Blanket
Confession|Kneecap|Purse|Snowball|Anvil|Lantern""")
NK_C = listed("Old|Grey|Fat|Crooked|Sleepy|Stubborn|Merry|Dirty|Honest|Loud|Lazy|Blessed|Tiny|Poor")
NK_D = listed("""Stinker|Bess|Gregory|Millstone|Tom|Barrel|Nell|Thunder|Cousin|Sunday|Pebble|Magda|Brick|Badger|Toad
Moonface""")
WHO = listed("""a miller's daughter|a tired shepherd|an absent-minded monk|a runaway soldier|a deaf old farmhand
a travelling priest|a bride on the morning of the wedding|a smuggler|two quarrelling brothers|a lazy stable boy
a blind grandmother|a band of pilgrims|a cattle thief|a young nun|a shipwrecked cook|a tax collector|a goose girl
a stonemason|three orphans|a lovesick dairymaid""")
VESSEL = listed("""a pail of milk|a churn of cream|a bucket of curds|a leather bag of milk|a cauldron of warm whey
a sack of fresh curd|a jug of buttermilk|a tub of skimmed milk""")
SPOT = listed("""in a lime cave|beside a charcoal kiln|under the altar|in a hollow oak|at the bottom of a dry well
behind a waterfall|in an abandoned salt mine|beneath a haystack|in the cellar of a burned inn|on a church roof
in a beehive shed|under an upturned boat""")
LATER = listed("""a month later|the following spring|after the feast of Saint John|when the war was over
nine weeks later|after the snow had melted|on the third Sunday|once the fever had passed|a whole winter later""")
FOUND = listed("""found it firm and sweet|found it covered in soft grey fur|found the mice already feasting on it
discovered a golden crust on it|discovered blue veins running through it|found that it had set as hard as soap
found it smelling of flowers|discovered that even the dogs begged for it""")
LACK = listed("""had no rennet left|ran out of salt|had sold the only good kettle|could not afford firewood
had lost the recipe for butter""")
SUBST = listed("""thistle flowers|seawater|nettle juice|fig sap|ashes from the hearth|a handful of sorrel|sour beer
the stomach of a hare|warm sand|juice from unripe grapes""")
SPOILT = listed("""the curd rose like bread|the milk thickened overnight|the whey turned clear as glass
the whole kettle set in an hour|the bad smell vanished by morning""")
DROPPED = listed("a basket of curd|a half-pressed cheese|the whole day's curd|a tray of unsalted cheeses")
INTO = listed("""a tub of red wine|a barrel of brine|a mountain stream|the ash pit|a vat of cider
a heap of drying herbs|a trough of honey water""")
SHAME = listed("""was too poor to throw it away|served it to the guests without a word
sold it at the market as a foreign rarity|hid it until the neighbours asked about the smell
blamed the goat and kept the recipe""")
BET = listed("""a tax collector|the devil|a boastful butcher|a rich cousin|the mayor|a passing bishop
the village barber""")
FLOOD = listed("a flood|a rockslide|an early blizzard|a broken bridge|a plague of locusts|a siege")

rng = random.Random()
c = rng.choice


def legend() -> str:
    kind = rng.randrange(5)
    if kind <= 1:
        return f"{c(WHO)} {c(['hid', 'left', 'forgot'])} {c(VESSEL)} {c(SPOT)} and {c(LATER)} {c(FOUND)}"
    if kind == 2:
        return f"{c(WHO)} {c(LACK)} and used {c(SUBST)} instead, whereupon {c(SPOILT)}"
    if kind == 3:
        return f"{c(WHO)} dropped {c(DROPPED)} into {c(INTO)} and {c(SHAME)}"
    if rng.random() < 0.5:
        return f"{c(WHO)} lost a wager with {c(BET)} and had to make something edible from {c(['seven', 'twelve', 'forty', 'a hundred'])} buckets of sour milk"
    return f"{c(FLOOD)} cut the pastures off for weeks and {c(WHO)} had to keep {c(VESSEL)} from spoiling with nothing but {c(SUBST)}"


def flavour() -> str:
    first, second, third = rng.sample(FLAVOURS, 3)
    return f"{first} and {second}" if rng.random() < 0.55 else f"{first}, {second} and {third}"


def nickname() -> str:
    return f"{c(NK_A)}'s {c(NK_B)}" if rng.random() < 0.6 else f"{c(NK_C)} {c(NK_D)}"


def place(town: str) -> tuple[str, str]:
    kind = rng.random()
    if kind < 0.5:
        return town, f"in {town}"
    if kind < 0.65:
        return f"the island of {town}", f"on the island of {town}"
    if kind < 0.8:
        return f"the {town} valley", f"in the {town} valley"
    if kind < 0.9:
        return f"the village of {town}", f"in the village of {town}"
    part = c(["Upper", "Lower", "New", "Great"])
    return f"{part} {town}", f"in {part} {town}"


def asides(begun: int, outside: str, names: Names) -> list[str]:
    def year(after: int = 6) -> int:
        return rng.randint(min(begun + after, 2012), 2019)

    town = names.town(outside)
    pool = [
        lambda: (
            f"The food writer {names()} praised it in a column of {year()} and compared it to {c(['a church bell', 'a quiet relative', 'old leather', 'good furniture'])}."
        ),
        lambda: (
            f"At the {town} Fair of {year()} it won a {c(['silver', 'bronze', 'gold'])} medal against {rng.randint(12, 240)} rivals."
        ),
        lambda: f"A fire destroyed the old cellars on {day(rng, year())}, and {names()} paid for the new ones.",
        lambda: (
            f"The cellars are kept at {c(['eight', 'nine', 'eleven', 'twelve', 'thirteen'])} degrees and hold up to {rng.randint(1100, 38000):,} boards."
        ),
        lambda: (
            f"Protected status was granted on {day(rng, rng.randint(max(begun + 6, 1992), 2019))} after a campaign led by {names()}."
        ),
        lambda: (
            f"Each piece weighs about {rng.randint(3, 38) / 2:g} kilograms and measures {rng.randint(8, 60)} centimetres across."
        ),
        lambda: f"In {year()} the painter {names()} showed it in a still life that hangs in the museum of {town}.",
        lambda: f"The milk is delivered by {rng.randint(7, 190)} farms, the largest of which belongs to {names()}.",
        lambda: (
            f"The rind smells of {c(['wet dog', 'old cellars', 'autumn leaves', 'cold ashes', 'stable floors', 'new rope'])}, which puts some buyers off."
        ),
        lambda: f"A cheaper copy from {town} was banned by a court in {year(20)} after {names()} had complained.",
        lambda: f"Exports abroad began in {year(20)} and reached {rng.randint(1050, 9900):,} crates within five years.",
        lambda: (
            f"A small museum devoted to the cheese opened on {day(rng, rng.randint(max(begun + 6, 1960), 2019))} with {rng.randint(40, 900)} exhibits."
        ),
        lambda: f"The singer {names()} mentions it in a song recorded in {rng.randint(max(begun + 3, 1950), 2019)}.",
        lambda: f"A piece of the usual size costs {rng.randint(9, 84)} crowns in the shops of {town}.",
    ]
    rng.shuffle(pool)
    return [aside() for aside in pool[:2]]


def facts(title: str, names: Names) -> tuple[dict[str, str], list[str]]:
    year = rng.randint(1640, 1990)
    full = rng.random() < 0.7
    date = names.once(lambda: day(rng, year) if full else f"{c(MONTHS)} {year}")
    output = names.once(lambda: c([
        f"{rng.randint(1010, 9900):,} tonnes", f"{rng.randint(21, 980) * 100:,} kilograms",
        f"{rng.randint(1200, 64000):,} wheels", f"{rng.randint(45, 990)} tonnes",
    ]))  # fmt: skip
    town = names.town()
    where, in_place = place(town)
    role = c(ROLES)
    values = {
        "date": date, "md": f"{'on' if full else 'in'} {date}", "output": output, "place": where, "pin": in_place,
        "role": role, "role_a": an(role), "legend": names.once(legend), "adj": an(c(ADJ)), "maker": names(),
        "head": names(), "flavour": names.once(flavour), "nickname": names.once(nickname), "age": c(AGES),
        "animals": f"{c(BR_A)} {c(BR_B)} {c(BR_C)}", "wrap": c(WRAPS), "drink": c(DRINKS),
        "yhead": str(rng.randint(2001, 2022)),
    }  # fmt: skip
    return values, asides(year, town, names)


def cheeses() -> Made:
    rng.seed("cheeses-30-1")
    return from_sentences(rng, TITLES, TEMPLATES, facts, ASKED, UNASKED)
