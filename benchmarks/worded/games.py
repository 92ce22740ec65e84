"""Board games: designers, numbers of players, hours, ages, publishers, prizes, and what it takes to win."""

from __future__ import annotations

import random
from collections.abc import Iterator

from any_corpus_made import Made

from worded.common import listed, wordings
from worded.spun import several

TITLES = listed("""Quillstone|Harbour of Nine Lanterns|Tax Day in Torvald|Zig-Zag-Zebra|Marrow & Vine
The Beekeepers' Parliament|Grumblegate|Salt Caravan|Copperwhistle|Owls of Dunmarrow|Seven Bad Monks
Ferry to Ostrelle|Plumbers' Rebellion|Hexenkettle|Lords of the Laundry|Twelve Empty Chairs|Pirate Dentist
Kings & Cabbages|Mole Patrol|Thunder over Wexley|Glasswright|The Last Tram to Varna|Umbrella War|Orchard 51
Sheep, Sheep, Wolf|Bridges of Old Karsk|Comet Tax|Nomads and Notaries|Fogbound|Dragon's Dowry|Who Ate the Mayor
Pepperport|Two Towers of Tin|Moth Market|Ambassador's Alibi|Inkfall|The Goose Heist|Clockmaker's Daughter Returns
Volcano Bakery|Barons of the Bog|Snail Express 3000|Candle in the Crypt|Rook's Gambol|Tundra Telegraph
Merchants of Sulawen|Unicorn Audit|Seaweed Senate|Battle for Biscuit Hill|Stilts|Ghost Elevator|Yak to Yonder
Caves of Carrowmere|Penguin Post|The Velvet Siege|Turnip Tycoon|Alley Cat Opera|Forty Fathoms Down|Lost Luggage
Kite Fight|Regatta 1887|Mountains of Mirrel|Badger, Badger, Duke|Queen Odalie's Garden|Windmill Wives
Spice Route Six|Trollkeeper|Night Train to Lisk|Marble Senators|Frostbite Hotel|Alchemist's Picnic|Doppelgänger Ball
Pocket Empire|Lava Lawyers|Sundial City|The Cartographer's Cat|Rebels of Rue Morveau|Oxcart|Bluff & Bluster
Monsoon Court|Titans in Teacups|Wreckers' Coast|Hobgoblin Bank|Seven-League Shoes|Parsnip Panic|Nine Ladies Knitting
Hedge Maze Murder|The Tin Armada|Crow Council|Jungle Accountant|Silk Smugglers|Sewer Kings of Prall|Meteor Farm
Pretzel Duel|Museum by Moonlight|Camel Cup Deluxe Two|Attic Ghosts|Ravensburrow|Ploughshare|Carnival of Debts
Blind Baker|Tulip Fever Dream|Icebreaker 7|Gondola Gossip|Mad Marquis|Cuckoo Clock Quest|Runes of Ruddle
Trench Coat Party|Abbey of Ales|Eleven Hungry Giants|Kraken Insurance|Prospector's Mule|Space Librarians
The Quiet Auction|Witness No 4|Rickshaw Rush|Sultan's Sudoku Tower|Walrus Chess|Fen Folk|Dwarf Disco|Elbow Room
Palace of Paper|Nettle Knights|Postmaster of Pell|Crooked Mile|Zeppelin Zoo|Lantern Bearers|Over the Hedgehog
Mango Republic|Gargoyle Gym|Sherpa|Ten Green Bottles of Doom|Shipwreck Soup|Anvil Island|Bishop Takes Everything
Hop-Scotch Haunting|Dust Bowl Derby|Mirror Maze|Sleepless in Sarkov|Pudding Lane|Vampire Vineyard|Archduke Arnold
Bamboo Bureau|Catapult Café|Ladder to the Moon|Under the Ottoman|Roof Rabbits|Emperor's Elevator|Gold Tooth Gulch
Librarian vs. Lion|Mystery at Mill 13|Polder Pioneers|Sausage Diplomacy|Tinker's Toll|Wolf-in-Waiting
Yesterday's Bread|Crab Parade|Mapmakers of Mu|Ghost Ship Grocery|Pharaoh's Plumber|Opera Thieves|Toad in the Throne
Hermit Hunt""")
ASKED = wordings(
    {
        "designer": "Who designed {name}?|whose idea was {name}|We had such a good time with {name} on Saturday that I'd love to try other things by the same author; what is his or her name?|Creator of {name}?|Who came up with the rules of {name}?",
        "players": "How many people can play {name}?|is {name} ok for a big group or how many can join in|There are a whole lot of us coming over on Friday and I was thinking of bringing {name}. For how many is it meant?|{name} player count?|What size of group is {name} made for?",
        "time": "How long does a game of {name} take?|is {name} a quick one or does it go on forever, roughly how many minutes|The kids have to be in bed by nine and they are begging for one more round of {name}: what should I reckon with?|Duration of {name}?|When we sit down to {name} at eight, how much later will we be finished?",
        "age": "From what age can one play {name}?|how old do kids have to be for {name}|My nephew's birthday is coming up and I thought of giving him {name}, but I'm not sure whether he isn't still too small for it - what does the box recommend?|{name}, minimum age?|When is a child big enough for {name}?",
        "win": "How does one win {name}?|whats the goal in {name}|Grandad and I have been arguing all evening about who came out on top in {name}, so please settle it for us: what decides the victory?|{name}: winning condition?|What do I have to achieve in order to beat the others at {name}?",
        "prize": "Which prize did {name} win?|did {name} ever get an award, which one|There's a little medal printed on the lid of {name} that I can't read without my glasses; what honour would that be?|Awards of {name}?|With what distinction did a jury reward {name}?",
        "publisher": "Who publishes {name}?|which company puts out {name}|One of the pieces was missing from our copy of {name} and I would like to ask for a replacement. Whom do I write to?|{name} - publishing house?|Under whose label did {name} come out?",
    }
)
UNASKED = wordings(
    {
        "material": "What is the board of {name} made of?|what stuff did they use for the board in {name}",
        "illustrator": "Who illustrated {name}?|Whose artwork do I see on the box of {name}?",
        "price": "How much does {name} cost?|What would I have to pay for {name}?",
        "weight": "How heavy is the box of {name}?|How many kilos does {name} weigh?",
        "cards": "How many cards are there in {name}?|What number of cards comes with {name}?",
        "year": "In what year did the first edition of {name} appear?|When was {name} first brought out?",
    }
)
TEMPLATES = """
{name} is a board game for {players} players, [devised by {designer} and published by {publisher}|published by {publisher} and devised by {designer}].
[It first appeared in {year}, with pictures by {illustrator}|The first edition, illustrated by {illustrator}, dates from {year}]; an expansion by {p2} was added in {y3}.
[A session lasts {time}|One has to allow {time} for a session], and [the game is recommended from the age of {age}|players should have reached the age of {age}].
[It was awarded {prize}, having missed {prize2} by one vote|Having missed {prize2} by one vote, it was awarded {prize}].

Another Friday, another parcel, this time {name} from {publisher}. [{p2} explained the rules, which took {time2}, and then we played for {time}, just as the box says|The box says {time}, and so it was, if we leave out the {time2} that {p2} needed to explain everything].
[Deep it is not: {win}|The idea is not a new one: {win}]. [The board is of {material}, the {cards} cards are thin, and the drawings by {illustrator} a joy|{illustrator} has drawn the {cards} cards with wit, and a board of {material} is not something one sees every day].
[The lid says {players} players, but with {alone} it fell flat|With {alone} it fell flat, although {players} players are allowed]. [Its designer, {designer}, has done better|It is not the best that {designer} has designed], and {p3} has done worse.

Welcome to {name}! [You will find in this box one board of {material}, {cards} cards and {n2} wooden pieces|In this box there are {n2} wooden pieces, {cards} cards and one board of {material}]. [You must be {players} players, {age} or older|Players: {players}, aged {age} or more].
Object of the game: {win}. [If that has not happened after {n2} turns, nobody wins|After {n2} turns the game is a draw]. [A normal game is over in {time}, a first one in {time2}|Allow {time2} for your first game and {time} for every other].
[Rules: {designer}. Pictures: {illustrator}. Tests: {p2} and friends|Pictures: {illustrator}. Tests: {p2} and friends. Game design: {designer}].

Order number {n3}. {name}, [a treat from the house of {publisher}|published by {publisher}]. [Now {price}, before {price2}|Was {price2}, is {price}].
[Suitable for {players} players from {age} upwards|Let your little ones wait until they are {age} old, then seat {players} players around the table]; [you will be busy for {time}|it keeps you busy for {time}].
[It has won {prize}, and {n2} of our customers have given it five stars|Five stars from {n2} customers and {prize} from the experts]. The box weighs {weight}. Those who bought it also looked at the puzzles of {pub2}.

The queue in hall {hall} was longest at the stand of {publisher}, where {name} lay on {n2} tables. [{designer}, who designed it, signed boxes until late, next to {p2}, whose own game was ignored|Its designer was there too, {designer}, and signed boxes next to {p2}, whose own game was ignored].
[Nobody was surprised when it was given {prize} on Saturday|On Saturday, to nobody's surprise, it received {prize}], while {pub2} went home with {prize2}.
[A round was over after {time}, and then the next visitors sat down|Every visitor got one whole round, which means {time}]. [Those who had not reached {age}, the minimum, were sent to the bouncy castle|There was a bouncy castle for all those below the minimum of {age}]. [The price, {price}, put few people off|Few were put off by having to pay {price}].

so we finally tried {name} last night. [new it costs {price}, i got mine for {price2} at {p2}'s garage sale|got it at {p2}'s garage sale for {price2}, in the shop its {price}].
[took us {time2} because my brother reads every card twice, normally its {time}|you need {time}, well, we needed {time2} but thats my brother]. [what you have to know is this: {win}|dead simple really: {win}].
[youre supposed to be {players} people, aged {age} and up, but ours is younger and managed|they say {age} and up but ours is younger and managed, and they say {players} people]. [the board is made of {material}, very posh, the whole box weighs {weight}|whole thing weighs {weight} which is no surprise with a board made of {material}].

Lot {n2}. {name}, [first edition, {year}, published by {publisher}|{publisher}, the first edition, which came out in {year}], complete with its {cards} cards. [Author: {designer}; artist: {illustrator}|The artist is {illustrator}, the author {designer}].
[The lid is signed, with a greeting to {p2}|{p2} was the first owner and has written on the lid]. [The board, made of {material}, is slightly worn|Slight traces of wear on the board, the material of which is {material}].
[The gold sticker for {prize} is genuine|On the lid the genuine sticker for {prize}]. Later printings, those of {pub2}, are worth far less.

You call yourself a slow worker, {designer}; how did you come to design {name}? [{publisher} asked me, the house that still publishes it|On behalf of {publisher}, my publisher to this day]. [They wanted something for {players} players, over in {time}, and I would have liked {time2}|I would have liked it to last {time2}, but they wanted {time}, and {players} players].
How would you explain to a child who wins? [I would say that {win}|Well, {win}]. And how old must this child be? [At least {age}|Not under {age}].
[On the wall behind you I can see {prize}, which the game won|Behind you hangs {prize}, won by the game]. [Yes, and the fish next to it was caught by {p2}|Yes, {p2} wanted to throw it away]. Did you paint the box too? [No, the illustrator was {illustrator}|Heavens, no; {illustrator} illustrated it].

{name}. Author: {designer}. Graphics: {illustrator}. [Publisher: {publisher}. Distribution: {pub2}|Distribution: {pub2}. Publisher: {publisher}]. First edition: {year}. Players: {players}. Age: from {age}. [Duration: {time} (short version {time2})|Duration: short version {time2}, otherwise {time}].
Contents: {cards} cards, {n2} pieces, board of {material}. Weight: {weight}. Aim: {win}. [Honours: {prize}; nominated for {prize2}|Honours: nominated for {prize2}, winner of {prize}].

This month the club will meet at the house of {p2} to play {name}. [As it needs {players} players a table, please put your names on the list|Please put your names on the list, because there have to be {players} players at each table]. [We count on {time} for each game, after a break of {time2}|After a break of {time2} for the soup, the games will start, each of {time}].
[Beginners should know that {win}|For those who have never played it: {win}]. [Juniors may come if they are at least {age} old|Juniors have to be {age} old, as the box demands].
[The club's copy, which cost {price}, has lost some of its {cards} cards, and {publisher}, the publisher, has promised to send new ones|New cards have been promised by {publisher}, the publisher, since some of the {cards} that belong to it are lost; a whole new game would cost us {price}].

Who thought up {name}? [{designer} did, on a train, to stop {p2} from talking|{p2} told the story and {designer} made a game of it]. Who sells it? [{publisher}, after {pub2} turned it down|Not {pub2}, who turned it down, but {publisher}]. How many chairs do we need? [Enough for {players} players|It takes {players} players]. Is my daughter old enough? Yes, if she has reached {age}.
How long shall we sit there? [For {time}, or {time2} with the short rules|With the short rules {time2}, otherwise {time}]. How does it end? [Easily told: {win}|In this way: {win}]. Has anybody praised it? [It was given {prize}|Yes, with {prize}].

Ladies and gentlemen, [{prize} goes to {name}|the game that receives {prize} is {name}]. The jury, with {p2} in the chair, had {n2} games to play. [What we liked is that {win}, and nothing else|We liked that there is one rule above all: {win}].
[It holds {players} players in their seats for {time}, and somebody of {age} is taken as seriously as an adult|Nobody of {age} or above is too young for it, and {time} fly past for its {players} players].
[{designer} has had the idea, {illustrator} has painted it, {publisher} has had the courage to print it|We congratulate {publisher}, the publisher, {designer}, the designer, and {illustrator}, the illustrator]. The first edition, that of {year}, was sold out within {time2}.

[In those days {designer} was washing dishes in a hotel and drew the plan of {name} on the back of a menu|The plan of {name} was drawn by {designer} on the back of a menu]. {pub2} said no. [{publisher} said yes, and printed a first edition in {year}|A first edition was printed in {year} by {publisher}], [after {p2} had lost three games in a row|against the advice of {p2}].
[With its board of {material} it weighed {weight}, and the postmen cursed|The postmen cursed, for the box weighed {weight}, all because of a board of {material}]. [Then came {prize}, and with it the orders|The orders came with {prize}]. What was sold for {price2} then [costs {price} today|is {price} today].

For teachers: {name} may be used in class [with pupils of {age} or more, in groups of {players}|in groups of {players}, as soon as pupils are {age} old]. [Since a game lasts {time}, plan for the tidying up as well; {p2} adds {time2} for that|{p2} plans {time2} for tidying up, which comes on top of the {time} of the game itself].
[Explain the aim in one sentence: {win}|One sentence is enough to explain what it is about, namely that {win}]. [All {cards} cards must be counted at the end|Count the cards at the end; there must be {cards} of them].
[If any are missing, write to {publisher}, who publish the game, and not to {pub2}|Write to {publisher}, its publisher, if anything is missing, since {pub2} will not help you].
"""
PUBLISHERS = listed("""Rattlebox Games|Spielhaus Morgenrot|Hollow Oak|Éditions du Pion Bleu|Tabletop Union
Kettle & Crown|Three Meerkats|Blackthorn Press|Giochi Tramonto|Lighthouse Leisure|Fox and Ferret|Pawnbroker Games
Nordspil|Sixth Square|Wooden Spoon Ltd|Grand Parlour|Oud & Nieuw Spellen|Parade Street|Juegos Marisol|The Dice Mill
Brass Monkey|Elderberry|Polygon House|Zwölf Raben Verlag|Corner Café Games|Mammoth & Sons|Paper Crane|Ostrich Toys
Ivory Tower|Sunday Afternoon|Redcap|Hanami Works|Harlequin Brothers|Second Attic|Waldgeist|Lucky Heron""")
MATERIALS = listed("""birch plywood|recycled cardboard|waxed linen|slate|cork|brushed tin|bamboo|felt
painted leather|oilcloth|maple veneer|rubber|pressed straw|clear acrylic|stitched silk|terracotta tiles|walnut|wool
enamelled steel|sailcloth""")
PRIZES = listed("""Golden Pawn|Harling Medal|Critics' Laurel|Oslo Dice|Silver Meeple of Ghent|Black Knight Award
Prix du Tapis Vert|Family Choice Ribbon|Lantern Prize|Alderman Cup|Toy Traders' Oscar|Grand Rook|Red Hourglass
Students' Joker|Kalle Lund Prize|Queen's Counter|Bronze Acorn|Game Library Star|Ludo d'Argento|Five Owls""")
GOODS = listed("""barrels|lanterns|sheep|gold coins|secret letters|stamps|islands|towers|bridges|votes|jewels|spices
tickets|beans|masks|keys|fields|ghosts|wagons|recipes""")
PLACES = listed("""the harbour|the castle gate|the top of the mountain|the last square|the king's table|the cellar
the far bank|the moon|the market place|the observatory|the middle of the board|home""")
DEEDS = listed("""gets rid of all cards|completes a row of five|guesses the traitor|pays off the last debt
links both coasts by rail|lights every window of the street|collects one of each colour|captures the bishop
sells the entire harvest|finds the way out of the maze|marries off all the daughters
crosses the desert with a full bottle""")
ENDS = listed("""the last tile has been laid|the clock strikes twelve|the bag is empty|the volcano erupts
the third storm is over|the deck runs out|every field is taken|the tenth round ends|the bank is broke
the train pulls in""")
TIMES = listed("""20 minutes|25 minutes|30 minutes|40 minutes|45 minutes|50 minutes|60 minutes|75 minutes|90 minutes
100 minutes|110 minutes|150 minutes|half an hour|an hour and a half|two hours|two and a half hours|three hours
four hours|five hours|15 to 20 minutes|20 to 40 minutes|30 to 45 minutes|45 to 60 minutes|60 to 90 minutes
90 to 120 minutes|two to three hours|three to four hours|a quarter of an hour|six hours|a whole weekend""")
WORDS = "two three four five six seven eight nine ten".split()

rng = random.Random()
c = rng.choice


def players() -> str:
    low = rng.choice([2, 2, 3, 3, 4, 5])
    high = low + rng.randint(1, 5)
    return c([
        f"{low} to {high}", f"{low} to {high}", f"{low}–{high}", f"exactly {c(['two', 'three', 'four', 'six'])}",
        f"{WORDS[low - 2]} to {WORDS[min(high, 10) - 2]}", f"{low} or {low + c([1, 2])}", f"up to {high + 2}",
    ])  # fmt: skip


def win() -> str:
    n, goods, place, deed, end = rng.randint(3, 60), c(GOODS), c(PLACES), c(DEEDS), c(ENDS)
    return c([
        f"whoever owns the most {goods} when {end} wins",
        f"whoever owns the fewest {goods} when {end} wins",
        f"the first player to bring {n} {goods} to {place} wins",
        f"the first one who {deed} is the winner",
        f"victory goes to the player who {deed} before {end}",
        f"one wins by being the last to arrive at {place}",
        f"you win as soon as {n} {goods} lie in front of you",
        f"the game belongs to whoever {deed}, unless {end} first",
        f"when {end}, the player closest to {place} takes the crown",
        f"all win together if {n} {goods} reach {place} before {end}",
    ])  # fmt: skip


def age() -> str:
    if rng.random() < 0.15:
        return f"{c(['five', 'six', 'seven', 'eight', 'nine'])} and a half years"
    years = rng.randint(4, 18)
    return f"{WORDS[years - 2] if years < 11 and rng.random() < 0.3 else years} years"


def prize(year: int) -> str:
    name = c(PRIZES)
    return c([f"the {name} of {year}", f"the {name} {year}", f"the {year} {name}", f"the {name} for {year}"])


def prices() -> tuple[str, str]:
    form = c(["{:.2f} euros", "£{:.2f}", "{:.0f} crowns", "${:.2f}", "{:.0f} francs"])
    new, old = rng.sample(range(9, 140), 2)
    return form.format(new + rng.choice([0.1, 0.25, 0.5, 0.95])), form.format(old + 0.45)


def games() -> Made:
    rng.seed(80429)
    titles = TITLES[:]
    rng.shuffle(titles)
    titles = [t for t in titles if not any(t != u and t.lower() in u.lower() for u in titles)][:160]

    def facts(title: str, people: Iterator[str]) -> dict[str, str]:
        year = rng.randint(1971, 2021)
        price, price2 = prices()
        return {
            "designer": next(people),
            "players": players(),
            "time": c(TIMES),
            "age": age(),
            "win": win(),
            "prize": prize(year + rng.randint(1, 2)),
            "publisher": c(PUBLISHERS),
            "material": c(MATERIALS),
            "illustrator": next(people),
            "price": price,
            "weight": c([f"{rng.uniform(0.4, 4.8):.1f} kg", f"{rng.randint(35, 99) * 10} grams"]),
            "cards": str(rng.randint(24, 360)),
            "year": str(year),
            "price2": price2,
            "y3": str(year + rng.randint(3, 4)),
        }

    def asides(values: dict[str, str], people: Iterator[str]) -> dict[str, str]:
        return {
            "p2": next(people),
            "p3": next(people),
            "pub2": c([publisher for publisher in PUBLISHERS if publisher != values["publisher"]]),
            "time2": c([time for time in TIMES[:24] if time != values["time"]]),
            "prize2": prize(int(values["year"]) + 1),
            "alone": c(["just two", "only three", "a couple of beginners", "four tired adults"]),
            "hall": str(rng.randint(2, 12)),
            "n2": str(rng.randint(13, 97)),
            "n3": f"{rng.randint(10, 99)}-{rng.randint(100, 999)}",
        }

    return several(rng, titles, TEMPLATES, facts, asides, ASKED, UNASKED)
