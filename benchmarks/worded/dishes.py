"""Dishes: durations, energies with a thousands comma, ingredients in lower case, cooks with particles."""

from __future__ import annotations

import itertools
import random

from any_corpus_made import Made

from worded.common import person, worded

rng = random.Random("dish names")
A = "Cor Pel Bren Tar Mos Vel Hask Orm Zil Dun Fab Gly Juk Lor Nim Quas Rud Sil Tow Wex".split()
B = "van limook nock vish tari idor apple ettin omber isk uska ander ollo eppa ivet".split()
stems = [a + b for a, b in itertools.product(A, B)]
rng.shuffle(stems)
KINDS = """Stew Pie Dumplings Broth Cakes Hotpot Roast Porridge Pudding Chowder Fritters Casserole Flatbread Ragout Soup
Skewers Pancakes Loaf""".split()
EXTRA = "Old Sunday Red Black Widow's Harvest Golden Miner's Winter Little Double Abbot's".split()
titles = []
for i, stem in enumerate(stems[:150]):
    kind = rng.choice(KINDS)
    titles.append(stem if i % 5 == 0 else f"{rng.choice(EXTRA)} {stem} {kind}" if i % 5 == 1 else f"{stem} {kind}")

REGIONS = """Karstmark|Lower Venn|Ostrel Bay|Valmere|Upper Maresh|Tindral|Sorrel Valley|Hethshire|Brack Islands|Norumbel|
East Calder|Quenland|Miravoy|Port Assel|Greyfells|Duskany|Ilmarch|Salt Coast|Ravenmoor|Teskaria|West Orlan|Pinewold|Zhemar|
Halveti Hills""".replace("\n", "").split("|")
INGREDIENTS = """smoked eel|red lentils|goat shoulder|river trout|white cabbage|pearl barley|wild mushrooms|salted cod|
butter beans|black rice|duck legs|parsnips|beef shin|chestnuts|mutton|celeriac|rabbit|buckwheat groats|pork belly|
yellow split peas|pumpkin|crayfish|chicken livers|sweet potatoes|aubergines|dried plums|ox cheek|green plantains|turnips|
fresh curd cheese|lamb neck|mussels|kohlrabi|sorghum|nettles|venison""".replace("\n", "").split("|")
SIDE = """pickled radish|rye bread|sour cream|mashed swede|plain noodles|mustard greens|beetroot relish|apple butter|cold buttermilk|
fried onions|horseradish sauce|toasted walnuts|braised leeks|quince jelly|garlic yoghurt|cucumber salad|oat biscuits|
burnt honey|steamed millet|lime wedges""".replace("\n", "").split("|")
FEASTS = """Lantern Night|Candle Thursday|First Frost|Saint Orla's Day|Shepherds' Sunday|the Feast of Oars|Herring Week|
Midsummer Eve|Bell Monday|the Cherry Fair|Founders' Day|Long Table Saturday|the Night of Masks|Plough Day""".replace(
    "\n", ""
).split("|")
VESSELS = """a copper pan|a lidded clay pot|a cast-iron skillet|a shallow tin tray|a stone crock|an enamel kettle|a bamboo steamer|
a glass loaf dish|a long fish kettle|a soapstone bowl|a three-legged cauldron""".replace("\n", "").split("|")


def facts(rng: random.Random) -> dict[str, str]:
    hours, minutes = rng.choice([0, 0, 1, 1, 2, 3]), rng.choice(range(5, 60, 5))
    a, b = rng.sample(SIDE, 2)
    return {
        "time": (f"{hours} hour{'s' * (hours > 1)} " if hours else "") + f"{minutes} minutes",
        "region": rng.choice(REGIONS),
        "main": rng.choice(INGREDIENTS),
        "cook": person(rng),
        "energy": f"{rng.randrange(620, 3990, 10):,} kJ",
        "with": rng.choice(
            [
                f"{a} and {b}",
                f"{a} and {b}",
                a,
                f"a spoonful of {rng.choice(['plum chutney', 'brown butter', 'herb mayonnaise', 'fig paste', 'chilli oil'])}",
            ]
        ),
        "feast": rng.choice(FEASTS),
        "vessel": rng.choice(VESSELS),
        "year": str(rng.randint(1710, 1969)),
        "rest": str(rng.randint(3, 9)),
        "serves": rng.choice("two three four five six eight".split()),
    }


groups = [
    [
        "{name} comes from {region}, where households have argued about the recipe for generations. It is built around {main}, with a handful of herbs for colour. According to the parish records it was first cooked by {cook} in {year}. People there eat it above all on {feast}.",
        "Few plates say more about {region} than {name}. The story goes that {cook} put it together in {year} from whatever was left in the larder, which happened to be {main}; that has remained the main ingredient ever since. No celebration of {feast} is complete without it.",
        "In {year} a cook named {cook} made the first {name}. Its chief ingredient is {main}, bought the same morning if possible. The dish originated in {region} and is still a fixture of {feast}, when whole streets smell of it.",
    ],
    [
        "Method: prepare {name} in {vessel} and allow {time} of cooking, then let it rest for {rest} minutes. A portion provides {energy}. It is usually served with {with}. The quantities given here feed {serves}.",
        "To make {name} for {serves} people you will need patience, because it has to cook for {time}. Tradition demands {vessel}. Bring it to the table with {with}, and bear in mind that each portion contains {energy}.",
        "At the table, {name} is accompanied by {with}. Nutritionists put one portion at {energy}, which is a lot or a little depending on how hungry you are. Cooking takes {time} in {vessel}, plus {rest} minutes of standing time before it is cut or ladled out.",
    ],
]
relations = {
    "time": [
        "How long does {name} take to cook?",
        "What is the cooking time of {name}?",
        "For how long should I leave {name} on the stove?",
        "how much time do I need to plan for making {name}",
        "When I've put {name} on the heat, after how many minutes or hours is it done?",
    ],
    "region": [
        "Which region does {name} come from?",
        "Where does {name} originate?",
        "What part of the country is {name} from?",
        "In which area was {name} invented?",
        "{name} is a speciality of which place?",
    ],
    "main": [
        "What is the main ingredient of {name}?",
        "What is {name} mainly made of?",
        "What's the most important thing that goes into {name}?",
        "what do I have to buy first of all if I want to make {name}",
        "{name} is based on what?",
    ],
    "cook": [
        "Who first cooked {name}?",
        "Who invented {name}?",
        "Which person came up with {name}?",
        "Whose creation is {name}?",
        "who do we have to thank for {name}",
    ],
    "energy": [
        "How much energy does a portion of {name} contain?",
        "How many kilojoules are in one serving of {name}?",
        "What is the energy value of {name} per portion?",
        "How fattening is a plate of {name}, in kJ?",
        "calorie content of one helping of {name}?",
    ],
    "with": [
        "What is {name} served with?",
        "What accompanies {name}?",
        "What do people eat alongside {name}?",
        "which side dish goes with {name}",
        "What should I put on the table next to {name}?",
    ],
}
unasked = {
    "feast": ["On which holiday is {name} eaten?", "What festival is {name} traditionally made for?"],
    "vessel": ["What is {name} cooked in?", "Which pot or vessel do I need for {name}?"],
}


def dishes() -> Made:
    return worded("dishes", titles, facts, groups, relations, unasked)
