"""Invented corpus of 4,000 rare-book auction lots, with question files. Seeded."""

import random
import re

from any_corpus_made import Made

R = random.Random(20240611)
N_TITLES, N_TRAIN, N_TEST, N_OTHER, N_UNASKED = 4000, 250, 400, 100, 100
FACTS = ["price", "date", "binding", "owner", "place", "special", "leaves"]
INNER = re.compile(r"\[([^\[\]]*)\]")


def ex(s):
    """Expand [a|b|c] alternations, innermost first."""
    while True:
        m = INNER.search(s)
        if not m:
            return s
        s = s[: m.start()] + R.choice(m.group(1).split("|")) + s[m.end() :]


# ------------------------------------------------------------------ names
GIVEN = """Adela Agnes Albrecht Aldous Alma Ambrose Amelie Anselm Antonia Aurel Balthazar Barnaby Beatrix Benedikt Berthe Bianca
Bogdan Camilla Casimir Cecily Clemens Clotilde Conrad Cordelia Cosmo Cyprian Dagmar Damaris Desmond Dorothea Edmund Eleonora Elias
Elspeth Emeric Ephraim Esme Eudora Eustace Fabian Felicity Ferdinand Fidelio Florian Frederika Gaspard Gideon Gisela Godfrey Greta
Guillaume Gunnar Hadrian Harriet Hedwig Henrik Hester Hilarius Honor Horatio Hubert Hugo Ida Ignatius Imogen Ines Isidore Ivo
Jacinta Jasper Jerome Joachim Johanna Josiah Judith Julian Kaspar Katarina Konstantin Lambert Laura Leander Leopold Lettice Lionel
Lorenz Lucasta Ludovic Lydia Magnus Malachi Marcellus Margarethe Marius Matthias Maud Mercy Minna Montague Nathaniel Nicolas Odile
Oleg Olympia Osbert Oswin Ottilie Paloma Pascal Peregrine Perpetua Philippa Pieter Prudence Quentin Rafael Raimund Renata Roderick
Rosalind Rufus Ruprecht Sabine Salome Samuel Sebald Septimus Sibyl Sigrid Silvan Sophronia Stanislaus Tabitha Tancred Thaddeus
Theodora Theophil Tobias Ulrich Ursula Valentin Verena Vincent Violet Walburga Wenzel Wilhelmina Winifred Xaver Yolande Zacharias
Zelma Ismail Farid Leila Yusuf Noor Haruki Emiko Anand Lakshmi Tomás Álvaro Inácio Zoë Bożena Jiří Søren Åsa Émile Renée""".split()
SUR_A = """Alder Arken Ash Bar Beck Birken Black Bram Brom Buck Cald Carn Castel Crad Dall Darn Drey Dun Eld Ellen Ever Fal Fen
Fern Gall Garth Glad Grim Hal Harl Hasel Hather Holm Horn Ing Kel Kirk Lang Lath Lind Lor Mal Marl Mer Mont Mor Nether Nor Oak
Ormes Pell Pen Quar Raven Red Rook Sand Sel Shel Stan Stern Thorn Tarn Under Vel Wal Warn Whit Winter Wolf Yar Zell""".split()
SUR_B = """bach beck berg borough brook bury by combe court dale den ding er feld field ford gate grave ham hurst ing kirk land ley
ling man mann mere mond mont more ner ridge rick sen shaw ski stein stone thal ton tree wald wall ward well wick win wood worth""".split()
SUR_C = """Abernathy Amsinck Aranda Baptiste Bellacqua Bergamin Bonnefoy Cavalcanti Chaudhuri Cienfuegos Corvino Dankworth Delacour
Demirci Durieux Engström Fairweather Ferrante Fitzgibbon Fontanel Fujimori Giustiniani Gyllenborg Haddad Halloran Hepplewhite
Ibarra Iwanowski Jermyn Kállay Kovačić Krogh Lacaille Laskaris Llewellyn Lusignan MacAndrew Maltravers Mascarenhas McIlwraith
Mirabelli Mukherjee Nadolny Nørgaard O'Dowd O'Shaughnessy Okonkwo Oyelaran Papadakis Pettibone Pirandola Quesnel Quiroga Rahimi
Rattray Rosenkrantz Saavedra Santacroce Sorabji Szentirmay Tavistock Thévenet Trelawny Tremblay Uvarov Vasconcelos Velloso
Villanova Wyndham Yellowlees Zamoyski Zorrilla Zumbusch""".split()
SURNAMES = sorted(set(a + b for a in SUR_A for b in R.sample(SUR_B, 8)) | set(SUR_C))
PART = [
    "van der",
    "van den",
    "van",
    "von",
    "von und zu",
    "de",
    "de la",
    "du",
    "della",
    "di",
    "da",
    "dos",
    "ter",
    "d'",
    "zu",
    "af",
]
HONOR = ["Dr", "Professor", "Captain", "Colonel", "Bishop", "Dean"]
GENDERED = [
    "Lady",
    "Baron",
    "Count",
    "Countess",
    "Madame",
    "Canon",
    "Abbé",
    "Frau",
    "Father",
    "Sister",
]  # before a bare surname
INIT = "ABCDEFGHIJKLMNOPRSTVWZ"


def surname():
    return R.choice(SUR_C) if R.random() < 0.3 else R.choice(SURNAMES)


def person(plain=False):
    g, s, x = R.choice(GIVEN), surname(), R.random()
    if plain or x < 0.40:
        return f"{g} {s}"
    if x < 0.55:
        p = R.choice(PART)
        return f"{g} {p}{s}" if p == "d'" else f"{g} {p} {s}"
    if x < 0.65:
        return f"{g} {R.choice(INIT)}. {s}"
    if x < 0.74:
        return f"{R.choice(INIT)}. {R.choice(INIT)}. {s}"
    if x < 0.79:
        return f"{R.choice(INIT)}. {s}"
    if x < 0.83:
        return f"{R.choice(INIT)}. {R.choice(PART[:8])} {s}"
    if x < 0.87:
        return f"{R.choice(HONOR)} {g} {s}"
    if x < 0.91:
        return f"{R.choice(GENDERED)} {R.choice(PART[:8]) + ' ' if R.random() < 0.3 else ''}{s}"
    if x < 0.94:
        return f"{g} {s}-{surname()}"
    if x < 0.98:
        return f"{g} {R.choice(GIVEN)} {s}"
    return f"{R.choice(HONOR)} {R.choice(INIT)}. {R.choice(PART[:8])} {s}"


# ------------------------------------------------------------------ towns
REAL = """Antwerp Augsburg Basel Bologna Cologne Deventer Dublin Edinburgh Florence Frankfurt Geneva Ghent Haarlem Kraków Leiden
Leipzig Leuven Lisbon Lübeck Lyon Madrid Mainz Mantua Modena Nuremberg Oxford Padua Paris Parma Prague Rouen Rostock Salamanca
Seville Siena Strasbourg Toledo Toulouse Tübingen Ulm Uppsala Utrecht Valencia Venice Verona Vienna Vilnius Wittenberg Worms York
Zaragoza Zürich""".split()
SALE = """London Amsterdam Berlin Brussels Copenhagen Munich Hamburg Milan Rome Stockholm Boston Philadelphia Chicago Toronto Melbourne
Monaco Bath Bristol Cardiff Glasgow Lausanne Bern Graz Budapest Warsaw Porto Barcelona Bordeaux Nantes Lille Turin Naples Oslo
Helsinki Athens Cheltenham Norwich Exeter Durham Salisbury""".split()


def make_towns():
    t = set()
    fam = [
        (
            "Ald Bram Cor Dun Els Fos Grant Hex Kel Lud Marl Nor Pick Rom Stour Tew Wex Ax Cul Thrap",
            "bury ham ford ster ley mouth wick combe minster bridge",
        ),
        (
            "Alten Bruns Eichen Frieden Grün Hohen Kalten Lauter Neuen Ober Rauden Schön Tannen Unter Wald Weissen",
            "brück burg feld hausen heim kirchen rode stadt tal wasser",
        ),
        ("Belle Chante Mire Fonte Haute Mor Roque Val Ville Clair", "fort mont court loup neuve vigny rive sèche"),
        ("Alb Camp Cast Font Mont Rocc Sant Torr Vall Civit", "arosa elvana etto iglia olesi orana ovecchio urano"),
        ("Bor Czar Drah Hol Krum Lub Mir Ost Rad Vys", "anov enice ików lava omir owiec ovice uhrad"),
        ("Ask Fjell Grön Hals Karl Lind Norr Sönder Ves Tors", "borg haven köping lund rup sund vik by"),
    ]
    for a, b in fam:
        for x in a.split():
            for y in b.split():
                if R.random() < 0.8:
                    t.add(x + y)
    base = sorted(t)
    for _ in range(110):
        t.add(
            R.choice(["Bad", "Sankt", "Saint", "Castel", "Nether", "Great", "Port", "New", "Santa", "Monte"])
            + " "
            + R.choice(base)
        )
    for _ in range(60):
        t.add(
            R.choice(base) + R.choice([" am See", "-sur-Orle", "-on-the-Wend", " im Tal", "-le-Vieux", "-under-Edge"])
        )
    return sorted(t)


INVENTED = make_towns()


def town(sale=False):
    if sale:
        return R.choice(SALE) if R.random() < 0.7 else R.choice(INVENTED)
    return R.choice(REAL) if R.random() < 0.22 else R.choice(INVENTED)


# ------------------------------------------------------------------ titles
ADJ = """Amber Ancient Bitter Blue Borrowed Brazen Broken Buried Burning Candid Clouded Copper Crooked Curious Distant Double Drowned
Dusty Empty Errant Faithful Fallen False Fearless Feathered Floating Forgotten Frozen Gentle Gilded Glass Golden Grey Hidden Hollow
Honest Hungry Idle Invisible Iron Ivory Last Learned Lesser Little Lost Lunar Merry Midnight Mute Narrow Nameless Northern Obedient
Pale Patient Perfect Perpetual Proud Quiet Reluctant Ruined Sacred Salt Scarlet Secret Seventh Silent Silver Sleeping Solemn Southern
Stolen Stubborn Sunken Tangled Unfinished Upright Vain Velvet Wandering Wasted Weary Western White Wicked Winter Wooden Young""".split()
NOUN = """Abbey Acrobat Alphabet Anchor Angler Apothecary Apple Archer Armour Astrolabe Atlas Aviary Basilisk Beehive Bell Bridge
Bridle Candle Canal Caravan Carpenter Castaway Castle Cathedral Cellar Chandler Chapel Chariot Chessboard Cipher Cloister Cobbler
Comet Compass Convent Cormorant Crown Cuckoo Dial Dolphin Dovecote Dragon Echo Eclipse Emperor Envoy Falconer Fable Ferry Fiddler
Flute Forge Fountain Fox Furnace Gallery Garden Gardener Gate Glacier Goldsmith Granary Grotto Harbour Harp Hawk Heron Hermit
Horologe Hospital Hourglass Hunter Island Jester Juniper Kingdom Labyrinth Ladder Lantern Lighthouse Lion Locksmith Looking-Glass
Magpie Mandrake Manor Mariner Market Mask Meadow Merchant Mermaid Mill Miller Mirror Monastery Moth Mountain Nightingale Nunnery
Oak Observatory Oracle Orchard Organ Ostrich Otter Owl Palace Parrot Peacock Pearl Pelican Pendulum Pilgrim Pilot Plough Pomegranate
Pond Prophet Quarry Queen Quince Raven Reservoir River Robber Rose Salamander Scholar Scribe Shepherd Shipwright Siege Sparrow
Sphere Spire Spring Staircase Star Stork Stranger Swallow Tailor Tapestry Telescope Tempest Theatre Thistle Throne Tinker Tower
Traveller Treasury Trumpet Tulip Turnpike Unicorn Valley Vineyard Violin Voyage Watchman Weaver Well Whale Widow Windmill Wolf Wren""".split()
PLUR = """Almanacs Antidotes Bees Birds Bridges Caverns Clocks Comets Corals Crowns Dialects Dreams Engines Equinoxes Fevers
Fireworks Fishes Fortresses Fossils Games Gardens Ghosts Glaciers Grafts Harbours Herbs Horses Hours Insects Islands Knots Lamps
Lanterns Liquors Locks Maps Masks Metals Mills Mirrors Monsoons Mosses Moths Mushrooms Oaths Orchards Perfumes Pigments Poisons
Portents Proverbs Pumps Riddles Rivers Sails Salts Serpents Shadows Shells Signals Silks Spices Springs Stars Storms Sundials
Tides Tongues Toys Tunnels Vapours Veins Volcanoes Voyages Wells Whirlpools Winds Wines Wools Wrecks""".split()
GENRE = """Almanac Anatomy Apology Calendar Catalogue Catechism Chronicle Companion Complaint Confession Defence Description Dialogue
Dictionary Discourse Elegy Enquiry Epistle Essay Fragment Grammar Guide Herbal History Itinerary Journal Lament Lecture Manual
Memoir Method Miscellany Narrative Pageant Primer Psalter Register Reply Sermon Survey Theory Treatise Vindication Vocabulary""".split()
GADJ = "Brief Short Plain New True Curious Candid Complete Compleat Learned General Second Universal Natural Faithful".split()
L1 = "Aero Anthro Astro Biblio Chrono Cosmo Crypto Dendro Entomo Geo Glosso Grapho Helio Hiero Horo Hydro Ichno Litho Logo Melo Metro Micro Musico Nauto Oneiro Ornitho Osteo Phono Photo Phyto Poly Pyro Sideo Stega Thalasso Theo Topo Xylo".split()
L2 = "graphia logia machia mantia metria nomia philia phobia scopia sophia technia theca tomia tropia".split()
LAT = "De Ventis|De Aquis|De Stellis|De Piscibus|De Apibus|De Lapidibus|De Horis|De Somniis|De Portis|De Herbis|De Navibus|De Umbris|Liber Ventorum|Liber Avium|Hortus|Speculum|Thesaurus|Theatrum|Atlas|Itinerarium|Compendium|Florilegium".split(
    "|"
)
LAT2 = "Borealibus|Occultis|Antiquis|Mirabilibus|Australis|Perpetuis|Novum|Minor|Maritimum|Peregrinum|Regium|Arcanis|Profundis|Aureum|Silvestris|Hibernum|Nocturnum".split(
    "|"
)


def article(w):
    return ("An " if w[0] in "AEIOU" else "A ") + w


def core(k):
    """An invented title of exactly k words."""
    c = R.choice
    n, n2, a, p, p2, g = c(NOUN), c(NOUN), c(ADJ), c(PLUR), c(PLUR), c(GENRE)
    tw = c([t for t in INVENTED if " " not in t and "-" not in t])
    forms = {
        1: [c(L1) + c(L2), c(L1) + c(L2), p, n],
        2: [
            f"{a} {p}",
            f"{a} {n}",
            f"{c(LAT)}" if R.random() < 0.3 else f"{n} {g}",
            f"The {n}",
            f"{tw} {g}",
            f"Of {p}",
            f"{n} {p}",
        ],
        3: [
            f"The {a} {n}",
            f"{p} and {p2}",
            f"On {a} {p}",
            f"{n} of {tw}",
            f"The {n}'s {g}",
            f"{c(LAT)} {c(LAT2)}",
            f"{n}, or {n2}",
            f"Beyond the {n}",
        ],
        4: [
            f"The {n} of {tw}",
            f"{article(g)} of {p}",
            f"The {n} and {n2}",
            f"{article(a)} {n}'s {g}",
            f"{g} of the {n}",
            f"{g} on {a} {p}",
            f"{p} of the {n}",
            f"The {a} {n} {g}",
        ],
        5: [
            f"{article(c(GADJ))} {g} of {p}",
            f"The {n} and the {n2}",
            f"The {a} {n} of {tw}",
            f"{g} of the {a} {n}",
            f"{p}, {p2} and {a} {c(PLUR)}",
            f"The {n} at the {n2}",
            f"{article(g)} on {a} {p}",
        ],
        6: [
            f"The {a} {n} of the {n2}",
            f"{article(c(GADJ))} {g} of {a} {p}",
            f"The {n} of {tw} and {c(INVENTED).split()[0]}",
            f"{article(g)} upon {p} and {p2}",
            f"How the {n} Lost Its {n2}",
            f"{article(n)} in the {g} of {tw}",
        ],
    }
    return c(forms[k])


def make_titles():
    """[(title, author or None)]: author is given when the title names one."""
    out, seen = [], set()
    while len(out) < N_TITLES:
        author = None
        if R.random() < 0.24:
            au = person(plain=True)
            if len(au.split()) != 2:
                continue
            if R.random() < 0.5:
                t = f"{au.split()[1]}: {core(R.choice([1, 2, 2, 3, 3, 4, 5]))}"
            else:
                t = f"{au}: {core(R.choice([1, 2, 2, 3, 3, 4]))}"
            author = au
        else:
            t = core(R.choices([1, 2, 3, 4, 5, 6], [8, 18, 24, 22, 16, 12])[0])
        if t.lower() in seen or not 1 <= len(t.split()) <= 6 or ". " in t:
            continue
        seen.add(t.lower())
        out.append((t, author))
    return out


# ------------------------------------------------------------------ bindings
COL = "green red blue black brown olive crimson purple citron tan russet ochre dark-green pale grey wine-red sky-blue chestnut cream mottled speckled violet".split()
BIND = [
    "[|contemporary |later |early |modern ]{c} [morocco|calf|goatskin|sheepskin|roan|vellum] with {d}",
    "[|contemporary |Victorian |provincial ][half|quarter] {c} [calf|morocco|sheep|russia] over [marbled|paste-paper|plain grey|sprinkled] boards",
    "[half|quarter] [vellum|calf|cloth|linen] with {d}",
    "[limp|stiff|flexible] vellum with {d}",
    "blind-[tooled|stamped] [pigskin|calf|deerskin] over [wooden|oak|beech|bevelled] boards",
    "{c} [velvet|silk|satin|brocade] [over pasteboard|over thin boards|embroidered with silver thread|with {d}]",
    "plain [paper wrappers|blue wrappers|printed boards|grey boards] [stitched with {c} thread|with {d}|backed in {c} linen]",
    "[publisher's|original] {c} [cloth|buckram|linen] with {d}",
    "{c} [sharkskin|snakeskin|sealskin|reindeer hide] with {d}",
    "[panelled|diced|polished|tree|marbled|sprinkled] [calf|sheep] with {d}",
]
DEC = [
    "[gilt|red|gauffered|marbled|sprinkled|untrimmed] edges",
    "[brass|silver|iron|horn|bronze] [clasps|corner-pieces|bosses]",
    "a [gilt|blind|painted|lettered] [border of {f}|spine|centrepiece|roll of {f}]",
    "yapp edges",
    "[alum-tawed|silk|leather|green linen] ties",
    "a [{c}|black] [label|lettering-piece]",
    "gilt {f} on the [spine|covers|upper cover]",
    "[gilt|red] edges and a [lettered spine|{c} label|broad border of {f}]",
    "[five|six|four|seven] raised bands",
    "[five|six|four] raised bands and [gilt|red|marbled] edges",
    "[{c}|marbled|gilt] endpapers",
    "a [gilt|painted] coat of arms",
    "doublures of {c} silk",
    "[inlaid|onlaid] {f} in {c} leather",
    "a [{c}|yellow] ribbon marker and [{c}|gilt] endpapers",
]
FLO = "acorns thistles fleurs-de-lis vines crescents tulips shells dolphins stars pomegranates bees lilies anchors oak-leaves lozenges swans".split()


def fill(s, **lists):
    def one(m):
        return R.choice(lists[m.group(1)])

    while "{" in s:
        s = re.sub(r"\{(\w+)\}", one, s)
    return s


def binding():
    return fill(ex(fill(R.choice(BIND), c=COL, d=DEC, f=FLO)), c=COL, f=FLO)


# ------------------------------------------------------------------ special features
SPEC = [
    "it lacks the [map|chart|view|plan|plate] of the {geo}",
    "the {ord} gathering is bound [upside down|in the wrong order|in twice|back to front]",
    "{who} has coloured the [woodcuts|initials|maps|diagrams|tailpieces] in [{col} crayon|{col} ink|{col} wash|gold paint]",
    "a pressed [fern|poppy|violet|ivy leaf|clover|swallowtail butterfly|dragonfly] survives [between the last two leaves|at the chapter on {top}|under the frontispiece]",
    "the [title page|half-title|rear endpaper|front flyleaf|errata leaf] bears [an ink sketch|a pencil drawing|a tiny portrait|a caricature] of [a|a dancing|a sleeping|a crowned] {ani}",
    "the margins are [filled|crowded|lined] with {matter} in {hand} hand",
    "it contains a [preface|dedication|chapter on {top}|ballad|postscript] that was [suppressed|withdrawn|cut out] in every other copy",
    "the [dedication|imprint|author's name|motto] has been [pasted over with a strip of music|scratched out with a knife|painted over in {col}|blotted with {col} ink]",
    "its [frontispiece|title page|folding table|privilege leaf] is printed in {col} instead of black",
    "the spine [hides|conceals|is lined with] a fragment of a {cent} [psalter|bestiary|antiphoner|land charter|cookery book]",
    "a [bullet|worm|nail|burn|musket-ball] hole runs through [every leaf after the preface|the whole of the index|the chapters on {top}|all but the last gathering]",
    "the fore-edge conceals a painting of {scene}",
    "it is the only known copy on [{col} paper|vellum|rice paper|straw paper|large paper]",
    "it was annotated in [cipher|shorthand|mirror writing|invisible ink|Hebrew letters] by {who}",
    "the index [misprints|omits|misspells] the name of the [queen|patron|printer|capital|river {geo2}] [throughout|four times|under every letter]",
    "the colophon gives the wrong [year|month|saint's day|printer|king|ocean]",
    "{who} drew [a tattoo design|a plan of {scene}|a game board|a family tree] on the [rear endpaper|back of the map|blank leaf at the end]",
    "it retains its [original|first] [ribbon|slipcase|dust wrapper|carrying pouch] of [{col} silk|{col} felt|otter fur|woven straw|waxed linen]",
    "[two|three|four|eleven] [plates|woodcuts|leaves] from a different work on {top} have been [bound in|pasted in|sewn in by mistake]",
    "its pages still smell of [smoke|cloves|tar|incense|vinegar] from [the fire at the printing house|a voyage round the Cape|the chest of a spice merchant|the plague hospital]",
    "the rear pocket holds a [star chart|folding panorama|pack of cards|paper sundial|lock of hair|list of {top}] [never recorded elsewhere|unknown to bibliographers|tied with {col} thread]",
    "a [cat|hen|ferret|marmoset|lapdog] has left its prints across the [chapter on {top}|dedication|list of subscribers|table of contents]",
    "the [final|second|opening|longest] chapter was never [cut open|printed on both sides|stitched|numbered]",
    "the [wax|lead|clay] seal of [a vanished abbey|the {geo2} customs house|a deposed prince|a guild of glovers] still hangs from the [clasp|lower cover|ribbon]",
    "every [initial|headline|chapter number|full stop] was [gilded|painted {col}|stamped|inked] by hand for [a royal wedding|a blind abbot|the {geo2} exhibition|a child's birthday]",
    "the engraver signed [every plate|the last plate|the map of the {geo}] with [a mirrored monogram|a drawing of a {ani}|a false name|a thumbprint]",
    "it carries {hand} deletions in [{col} chalk|{col} pencil|thick {col} ink]",
    "it survived [the flood of the cathedral library|a shipwreck off the {geo}|the siege of the citadel|a winter under a haystack] with [only a tide mark|no loss at all|a single torn leaf]",
    "[a love letter|a recipe for {top}|a debtor's note|a lottery ticket|a prayer against {top}] is [sewn into|hidden under|glued inside] the [lower board|upper board|rear pastedown|spine]",
    "the text breaks off in the middle of [a sentence about {top}|the chapter on {top}|a prayer|the description of the {geo}]",
    "the maps show the {geo} [joined to the mainland|twice|as a lake|on the wrong side of the equator]",
    "its [running titles|catchwords|page numbers|signatures] [count backwards|belong to a book on {top}|skip every seventh leaf|are set in Greek]",
    "[it was bound|it was sewn] with [harp strings|human hair|fishing line|silver wire] by {who}",
    "the portrait of the author was replaced by [that of a {ani}|a mirror|a silhouette in {col} paper|a portrait of {who}]",
]
GEO = [
    a + " " + b
    for a in "northern southern outer lost western frozen inner lesser burning eastern drowned spice".split()
    for b in "islands mountains straits harbours marshes provinces lakes forests deserts headlands".split()
]
TOP = "beekeeping fencing comets gout falconry bell-founding ballooning toothache whaling dragons glass-blowing hailstorms silkworms dowsing leprosy mushrooms fireworks canals earthquakes cheese monsoons ghosts mermaids clockwork weaving rabies tulips".split()
WHO = [
    "a ship's surgeon",
    "a bored schoolboy",
    "an unknown nun",
    "a prisoner of war",
    "a blind organist",
    "the printer's daughter",
    "a customs officer",
    "a lovesick cadet",
    "a travelling dentist",
    "a court dwarf",
    "a lighthouse keeper",
    "the parish clerk",
    "a Jesuit astronomer",
    "an opera singer",
    "a retired hangman",
    "a village midwife",
    "a homesick sailor",
    "a royal gardener",
    "a chess master",
    "an itinerant painter",
]
HAND = [
    "a nun's",
    "a physician's",
    "a child's",
    "a censor's",
    "a seaman's",
    "a gardener's",
    "a notary's",
    "an actor's",
    "a left-handed clerk's",
    "a Dutch",
    "an unidentified",
    "a cook's",
    "a spy's",
    "a monk's",
]
MATTER = [
    "recipes for {top}",
    "weather notes",
    "lines of music",
    "gambling debts",
    "chess problems",
    "remarks on {top}",
    "insults against the author",
    "sketches of a {ani}",
    "laundry lists",
    "prayers",
    "a diary of a voyage",
    "tide tables",
    "astronomical sums",
    "verses about {top}",
    "a treatise on {top}",
]
SCENE = [
    "a frozen harbour",
    "a burning mill",
    "a fox hunt",
    "the {geo}",
    "a balloon over a cathedral",
    "two herons",
    "a village wedding",
    "a sea battle",
    "a walled garden",
    "a coronation",
    "a travelling circus",
    "a ruined aqueduct",
    "a night market",
    "a whale on a beach",
]
ANI = "hare owl bear heron monkey lion hedgehog camel walrus stork weasel toad peacock otter griffin donkey".split()
CENT = "ninth-century tenth-century eleventh-century twelfth-century thirteenth-century fourteenth-century fifteenth-century".split()
ORD = "second third fourth fifth sixth seventh eighth ninth tenth twelfth last".split()


def special():
    k = dict(
        geo=GEO,
        geo2=[t for t in INVENTED if " " not in t],
        top=TOP,
        who=WHO,
        hand=HAND,
        matter=MATTER,
        scene=SCENE,
        ani=ANI,
        cent=CENT,
        ord=ORD,
        col=[c for c in COL if c not in ("mottled", "speckled", "pale")],
    )
    s = fill(ex(R.choice(SPEC)), **k)
    return re.sub(r"\ba (?=[aeio])", "an ", s)


# ------------------------------------------------------------------ templates
# {It} = changing sentence subject, {it} = the same inside a sentence. [a|b] = alternatives.
FT = {
    "price": [
        "[The hammer|The auctioneer's hammer] [fell|came down] at {price}[| after [brief|spirited|slow|hesitant] bidding].",
        "Bidding [stopped|closed|came to rest] at {price}.",
        "Against an estimate of {est}, {it} [made|fetched|realised] {price}.",
        "{It} was knocked down for {price}[| to a bidder on the telephone| to an agent in the back row| without much of a contest].",
        "{price} was the [figure|sum] at which the lot was finally [knocked down|hammered down].",
        "A [telephone|commission|rival|late] bidder [secured|took|carried off] {it} for {price}, [though|although] the catalogue had [suggested|named] {est}.",
        "The winning bid[|, excluding premium,] [was|stood at|amounted to] {price}.",
        "From an opening call of {open} the [bids|offers] climbed to {price}, where [they stopped|the hammer fell|nobody would go further].",
        "{It} changed hands for {price}, a figure that [surprised|pleased|puzzled|silenced] the room.",
        "Not until {price} did the last rival [shake her head|give way|lower his paddle].",
        "{under} dropped out [shortly before the end|at the last moment], and the gavel fell at {price}.",
        "The reserve had been [fixed|set] at {reserve}; the hammer price was {price}.",
        "Hammer price: {price}[| (estimate {est})].",
        "[Someone in the third row|A dealer by the door|A young woman with a catalogue] ended the contest with [a bid of|a nod at] {price}.",
        "In the end {price} [was enough to win it|bought it|proved decisive].",
        "Valued [beforehand|in advance] at {est} by {cataloguer}, {it} eventually [sold for|brought|went for] {price}.",
        "The consignor, who had been promised {est}, watched it go for {price}[| from the gallery].",
        "How high it would go nobody knew beforehand; the answer was {price}.",
    ],
    "date": [
        "{It} [was sold|came under the hammer|went under the hammer] on {date}[| in {saletown}| at {house} in {saletown}].",
        "The sale took place on {date}.",
        "On {date} {it} [found a buyer|changed hands|was auctioned] [in {saletown}|at {house}|before a full room].",
        "{date} was the day [it crossed the block|of the auction|on which it was sold].",
        "Catalogued on {catdate}, {it} was auctioned on {date}.",
        "The rooms of {house} offered it, [successfully|with success], on {date}.",
        "After viewing days that began on {viewdate}, the auction itself was held on {date}.",
        "Date of sale: {date}.",
        "Having failed to sell on {faildate}, {it} [at last|finally] found its buyer on {date}.",
        "{house} [dispersed|sold|auctioned] it as lot {lotno} on {date}.",
        "The auctioneer [reached|called] lot {lotno} on the [morning|afternoon|evening] of {date}.",
        "It was during the sale of {date} that [the lot went|the volume found its new keeper].",
        "Bidders gathered in {saletown} on {date} for the [sale of this lot|auction at which it was sold].",
        "Its day in the saleroom came on {date}[|, a wet day with few people in the room|, and it was the last lot but one].",
        "Although the catalogue is dated {catdate}, the lot was not called until {date}.",
        "The auction had been announced for {anndate} but was in fact held on {date}.",
        "It went to its buyer at the {saletown} auction of {date}.",
    ],
    "binding": [
        "{It} is bound in {binding}.",
        "The binding is {binding}[|, rubbed at the corners|, a little faded at the edges|, neatly repaired].",
        "A [skilled|provincial|patient|nameless] binder [clothed|dressed] it in {binding}.",
        "{It} comes in {binding}, [the joints still firm|with some old stains|somewhat worn|and well kept].",
        "Its covers are of {binding}.",
        "Bound by {binder} in {binding}, {it} [opens well|shows little wear|feels tight in the hand].",
        "Anyone who [takes|lifts] it from [its box|the shelf] meets with {binding}.",
        "For the binding, {binder} chose {binding}.",
        "The [original|first] wrappers were [discarded|given up] in favour of {binding}.",
        "Binding: {binding}.",
        "[Two centuries of handling|A damp cellar|Careless owners] have hardly touched the binding of {binding}.",
        "{It} still wears {binding}, [and wears it well|which is seldom seen on such books].",
        "Rebound around {rebyear}, it now has covers of {binding}.",
        "Protected by {binding}, the text has [stayed clean|hardly browned|kept its margins].",
        "{cataloguer} describes the [covers|binding] as {binding}.",
        "What one first notices is the binding, {binding}, [and then the smell of old paper|and only later the text].",
        "The workshop of {binder} supplied the binding in {binding}.",
    ],
    "owner": [
        "{It} once belonged to {owner}.",
        "{It} [comes|came] from the library of {owner}.",
        "{owner} owned it [for many years|for some forty years|until the war|for most of a lifetime].",
        "The bookplate of {owner} is [pasted|found] inside the [upper|front] cover.",
        "Among its [earlier|former] keepers was {owner}.",
        "Before {seller} [took it on|handled it], {it} stood on the shelves of {owner}.",
        "Provenance: {owner}[|, then by descent|, by repute].",
        "A note on the flyleaf [records|shows|proves] that {owner} was once its owner.",
        "The [heirs|executors|grandchildren] of {owner} consigned it [for sale|through {seller}].",
        "{owner}, [who collected little else|who bought it as a student|a lifelong collector], had it on a shelf [by the window|in the study|at home] long before the sale.",
        "The signature of {owner} on the [title page|flyleaf|half-title] identifies a [former|previous] owner.",
        "Formerly in the possession of {owner}, {it} was [described|examined] by {cataloguer}.",
        "It had been {owner}'s copy[| before it reached {seller} of {sellertown}].",
        "The ledger names {owner} as the former owner and {binder} as the binder.",
        "For [decades|half a century|years] {owner} kept it [under lock and key|in a drawer|wrapped in newspaper].",
        "Its former owner, {owner}, [rarely lent it|never showed it to anyone|marked it with a small stamp].",
        "{seller} had [acquired|bought] it privately from {owner}, its [last|previous] owner.",
        "Written by {author} and later owned by {owner}, {it} has [had a quiet life|travelled little].",
    ],
    "place": [
        "{It} was printed [at|in] {place}[| in {year}].",
        "The imprint [names|gives] {place}[|, with the date {year}| as the place of printing].",
        "The press that produced it stood in {place}.",
        "{printer} printed it at {place}[| in {year}].",
        "Though sold in {saletown}, {it} was printed in {place}.",
        "{place} is where the sheets [came off the press|were printed].",
        "From the presses of {place} came this [edition|impression][| in {year}].",
        "Place of printing: {place}.",
        "The author, {author}, had it printed in {place}[| at great expense| under a false name].",
        "The type was set and the sheets [were pulled|were worked off] in {place}.",
        "According to the colophon, {printer} finished the printing at {place}[| on {printdate}].",
        "A product of a [small|short-lived|famous|clandestine] press in {place}, {it} [is seldom met with|had few readers at first].",
        "{It} left the workshop of the printer {printer} in {place}[| in {year}].",
        "The text was printed in {place}, whereas the plates were engraved by {engraver} in {engtown}.",
        "Bibliographers long assigned it to {wrongtown}, but the type shows that it was printed in {place}.",
        "In {year} a [jobbing|stubborn|royal] printer in {place} [struck off|printed] the edition.",
        "It was to {place} that {author} sent the manuscript to be printed.",
    ],
    "special": [
        "What sets this copy apart is that {special}.",
        "This copy is [remarkable|unusual|singular] because {special}.",
        "[Collectors|Specialists|Librarians] [prize|seek|admire] it because {special}.",
        "Unlike other copies on record, this one is notable in that {special}.",
        "{cataloguer} [points out|remarks|was the first to notice] that {special}.",
        "One [peculiarity|oddity|feature] deserves mention: {special}.",
        "A curious feature of the copy is that {special}.",
        "{It} is easily [recognised|told from others], since {special}.",
        "Its chief interest lies in the fact that {special}.",
        "Most unusually, {special}.",
        "The catalogue stresses that {special}, something {cataloguer} had never [seen|met with] before.",
        "No other copy is quite like it: {special}.",
        "Because {special}, {it} [stands alone|is much discussed|drew many visitors to the viewing].",
        "Here, and here alone, {special}.",
        "That {special} makes the copy unique.",
        "{under} came to the viewing only because {special}.",
        "Among dealers the copy is known for one thing – {special}.",
        "Special feature: {special}.",
    ],
    "leaves": [
        "{It} [comprises|contains|has] {leaves} leaves[| and {plates} plates].",
        "The text runs to {leaves} leaves.",
        "There are {leaves} leaves [in all|altogether].",
        "Collation: {leaves} leaves[|, {plates} plates].",
        "{leaves} leaves [make up|form] the volume.",
        "With its {leaves} leaves and {plates} plates, {it} is complete.",
        "The count of leaves [comes|amounts] to {leaves}.",
        "Counted [twice|with care] by {cataloguer}, the leaves number {leaves}.",
        "Standing {height} mm high, {it} consists of {leaves} leaves.",
        "One counts {leaves} folios [between the covers|from first to last].",
        "The extent is {leaves} leaves, not counting {plates} [engraved|folding|etched] plates.",
        "A total of {leaves} leaves were sewn [on raised cords|on tapes|by hand].",
        "All {leaves} leaves are [present|preserved|still there].",
        "Where the older bibliography reports {wrongleaves} leaves, this copy in fact has {leaves}.",
        "The printer {printer} needed {leaves} leaves for the [text|whole work].",
        "Its leaves, {leaves} in number, are [crisp|lightly browned|remarkably fresh].",
        "Leaf count: {leaves}.",
        "Turn the last leaf and you will have turned {leaves} of them.",
    ],
}
CT = [
    "On {date} the hammer fell at {price}.",
    "{It} [made|fetched] {price} when it [was sold|came up] on {date}.",
    "Sold [in {saletown} |]on {date} for {price}, {it} [left the country soon after|went to a public library].",
    "{house} sold it on {date}, the bidding [stopping|ending] at {price}.",
    "Estimated at {est}, {it} was knocked down on {date} for {price}.",
    "The price on the hammer was {price}, the day of the sale {date}.",
    "Coming from the library of {owner}, {it} was hammered down at {price}.",
    "{owner}'s old copy [brought|made] {price} at the fall of the hammer.",
    "The books of {owner}, this one among them, were sold on {date}.",
    "{owner} did not live to see {date}, when it was sold, having once owned it with pride.",
    "{owner}, its former owner, had it bound in {binding}.",
    "Once the property of {owner}, {it} is still bound in {binding}.",
    "Its {leaves} leaves are bound in {binding}.",
    "The binder {binder} put the {leaves} leaves into {binding}.",
    "Printed in {place}, {it} runs to {leaves} leaves.",
    "The {leaves} leaves were printed at {place} by {printer}.",
    "Printed at {place}, {it} later entered the library of {owner}.",
    "From the press in {place} it found its way to {owner}, a former owner[|, and then to {seller} of {sellertown}].",
    "{It} fetched {price}, no doubt because {special}.",
    "Bidders knew that {special}, and so the hammer did not fall before {price}.",
    "The copy of its former owner {owner} is singular in that {special}.",
    "{owner}, who once owned it, [was proud|liked to say|knew well] that {special}.",
    "Of its {leaves} leaves every one is present, but what distinguishes the copy is that {special}.",
    "Besides its binding of {binding}, the copy is remarkable because {special}.",
    "Printed in {place} and bound in {binding}, {it} [pleases the eye|has kept its charm|is a handsome object].",
    "Among the books printed at {place}, this copy is unusual in that {special}.",
    "Printed in {place} in {year}, {it} was sold on {date}.",
    "Its {leaves} leaves cost the winning bidder {price}[| on the hammer].",
    "{owner} once owned this volume of {leaves} leaves.",
    "When it was sold on {date}, the auctioneer reminded the room that {special}.",
    "Bound in {binding}, {it} was carried to the rostrum and sold on {date}.",
    "The hammer fell at {price} for this copy in {binding}.",
    "A book of {leaves} leaves, it was auctioned on {date}[| in {saletown}].",
    "{It} was printed in {place}, and [its price under the hammer was|the bidding ended at] {price}.",
    # three facts
    "The copy of {owner}, its former owner, was sold on {date} for {price}.",
    "A volume of {leaves} leaves printed at {place} and bound in {binding}, it [is handsome|has lasted well].",
    "{owner} owned it, had it bound in {binding} and used to tell visitors that {special}.",
    "On {date} it was sold for {price}, the more so because {special}.",
    "Printed at {place} on {leaves} leaves, {it} was long in the hands of {owner}.",
    "In {binding}, and from the library of {owner}, it was knocked down at {price}.",
    "Of the {leaves} leaves, all printed in {place}, none is missing, yet the copy is famous because {special}.",
    "The sale of {date} brought {price} for the {leaves} leaves in {binding}.",
]
# distracting sentences; the tag names what may be asked in unasked.tsv
DT = [
    ("author", "The author [is|was] {author}[|, better known as a poet|, of whom little else is known]."),
    ("author", "{author} wrote it [in old age|while in exile|for a wager|in a single winter]."),
    ("author", "Written by {author}, the work was [soon forgotten|widely imitated|twice translated]."),
    ("author", "It is the [first|only|last] book that {author} [wrote|published]."),
    ("est", "The estimate [had been|was] {est}."),
    ("est", "{est} had been the published estimate."),
    ("est", "In the catalogue {it} was estimated at {est}."),
    ("saletown", "The sale was held in {saletown}."),
    ("saletown", "Bidders had travelled to {saletown} for the auction."),
    ("saletown", "{house} held the sale in {saletown}."),
    ("year", "The title page is dated {year}."),
    ("year", "It was in {year} that the edition was printed."),
    ("cataloguer", "{cataloguer} [wrote|drew up] the catalogue entry[| on {catdate}]."),
    ("cataloguer", "The description in the catalogue is the work of {cataloguer}."),
    ("seller", "The bookseller {seller} of {sellertown} [looked after|advertised|delivered] it for the consignor."),
    ("seller", "It was handled by {seller}, a bookseller in {sellertown}."),
    ("under", "The underbidder was {under}."),
    ("under", "{under} was the underbidder and left the room [at once|in silence]."),
    ("plates", "{engraver} engraved the {plates} plates."),
    ("plates", "It is illustrated with {plates} plates[|, some of them folding]."),
    ("lotno", "It was lot {lotno} in the catalogue."),
    ("lotno", "The lot number was {lotno}."),
    ("binder", "The binder was {binder}."),
    (None, "The dedication is addressed to {ded}."),
    (None, "Visitors could see it at an exhibition in {exhtown} in {exyear}."),
    (None, "Another copy, now in {wrongtown2}, brought {otherprice} in {oyear}."),
    (None, "The viewing opened on {viewdate}, and {under} was among the first to arrive."),
    (None, "The insurers had put it down at {insured}."),
    (None, "A facsimile by {facs} appeared in {exyear}."),
    (None, "The catalogue, dated {catdate}, is itself now collected."),
    (None, "The bidding opened at {open}."),
    (None, "A trimmed copy at {exhtown} has only {wrongleaves} leaves."),
    (None, "The wording of the note is cautious, as always with {house}."),
    (None, "There is slight browning, and the margins are ample."),
    (None, "The paper is thick and the ink still dark."),
    (None, "Some worming in the lower margin does not reach the text."),
]
SLOT = re.compile(r"\{(\w+)\}")


def facts_of(s):
    return [f for f in FACTS if "{" + f + "}" in s]


COMBOS = [(set(facts_of(t)), t) for t in CT]

MONTH = "January February March April May June July August September October November December".split()


def date(y, lo=1, hi=336):
    """A date in year y; its running day (28 to a month) lies in lo..hi."""
    n = R.randint(lo, hi) - 1
    d, m = n % 28 + 1, MONTH[n // 28]
    suf = "th" if 10 < d < 20 else {1: "st", 2: "nd", 3: "rd"}.get(d % 10, "th")
    return R.choices([f"{d} {m} {y}", f"{m} {d}, {y}", f"{d}{suf} {m} {y}"], [78, 12, 10])[0]


def rnd(x):
    step = 10 if x < 500 else 50 if x < 2000 else 100 if x < 10000 else 500 if x < 100000 else 1000
    return max(step, round(x / step) * step)


def values(title, author):
    v = {"title": title}
    names = []

    def np(plain=False):
        while True:
            p = person(plain)
            if all(p.split()[-1] != q.split()[-1] for q in names) and p.split()[-1] not in title:
                names.append(p)
                return p

    if author:
        names.append(author)
        v["author"] = author
    for k in ("owner", "author", "seller", "cataloguer", "under", "binder", "printer", "engraver", "ded", "facs"):
        if k not in v:
            v[k] = np()
    towns = set()
    for k, s in (
        ("place", 0),
        ("saletown", 1),
        ("sellertown", 1),
        ("engtown", 0),
        ("wrongtown", 0),
        ("wrongtown2", 1),
        ("exhtown", 1),
    ):
        while True:
            t = town(bool(s))
            if t not in title and not any(t in u or u in t for u in towns):
                break
        towns.add(t)
        v[k] = t
    h1, h2 = surname(), surname()
    v["house"] = R.choice(
        [f"{h1} & {h2}", f"Maison {h1}", f"Galerie {h1}", f"{h1} & Sons", f"{h1} Auctions", f"the firm of {h1}"]
    )
    sy = R.randint(1922, 2023)
    y = R.randint(1482, 1889)
    v["year"] = str(y)
    v["rebyear"] = str(R.randint(max(y + 15, 1700), 1915))
    v["exyear"] = str(R.randint(1890, sy - 1))
    v["oyear"] = str(R.randint(1900, sy))
    dates, day = set(), R.randint(90, 336)  # catalogue, first date announced, viewing and sale in that order
    for k, yy, lo, hi in (
        ("date", sy, day, day),
        ("catdate", sy, day - 85, day - 40),
        ("viewdate", sy, day - 9, day - 2),
        ("faildate", sy - R.randint(1, 9), 1, 336),
        ("anndate", sy, day - 39, day - 10),
        ("printdate", y, 1, 336),
    ):
        while True:
            d = date(yy, lo, hi)
            if d not in dates:
                break
        dates.add(d)
        v[k] = d
    if sy >= 2002:
        v["oyear"] = str(R.randint(2002, sy))
    cur = R.choice(
        ["€", "€", "€", "£", "£", "$", "CHF "]
        if sy >= 2002
        else ["£", "£", "£", "$", "$", "CHF ", "~francs", "~guilders", "~guineas", "~crowns"]
    )

    def money(n, n2=None):
        s = f"{n:,}" + (f"–{n2:,}" if n2 else "")
        return s + " " + cur[1:] if cur[0] == "~" else cur + s

    while True:
        p = rnd(10 ** R.uniform(2.2, 5.3))
        if R.random() < 0.25:
            p += R.choice([5, 25, 50, 75, 250])
        lo = rnd(p * R.uniform(0.35, 1.6))
        hi = rnd(lo * R.uniform(1.25, 1.7)) if R.random() < 0.6 else None
        op, rs = rnd(p * R.uniform(0.15, 0.4)), rnd(p * R.uniform(0.5, 0.9))
        oth, ins = rnd(p * R.uniform(0.3, 2.5)), rnd(p * R.uniform(1.2, 2.5))
        nums = [p, lo, op, rs, oth, ins] + ([hi] if hi else [])
        if len(set(nums)) == len(nums) and op < rs < p:
            break
    v.update(
        price=money(p), est=money(lo, hi), open=money(op), reserve=money(rs), otherprice=money(oth), insured=money(ins)
    )
    while True:
        n = [R.randint(24, 640), R.randint(3, 90), R.randint(7, 999), R.randint(20, 640), R.randint(110, 480)]
        if len(set(n)) == 5 and n[3] < n[0] and R.randint(0, 3):
            break
    for k, x in zip(("leaves", "plates", "lotno", "wrongleaves", "height"), n, strict=True):
        v[k] = str(x)
    v["binding"], v["special"] = binding(), special()
    return v


SUBJ = ["It"] * 42 + ["The book"] * 13 + ["This copy"] * 13 + ["The volume"] * 12 + ["The copy"] * 10 + ["{title}"] * 10
OBJ = ["it"] * 50 + ["the book"] * 15 + ["the volume"] * 15 + ["the copy"] * 15 + ["this copy"] * 5


def say(tpl, v):
    """Returns the sentence and the slots used."""
    s = ex(tpl)
    s = s.replace("{It}", R.choice(SUBJ)).replace("{it}", R.choice(OBJ))
    used = set(SLOT.findall(s))
    first = SLOT.match(s)
    assert not (first and first.group(1) in ("binding", "special")), s
    s = s.format(**v)
    return s[0].upper() + s[1:], used


def cover(k):
    """Templates telling each fact once, in k sentences."""
    while True:
        left, out = set(FACTS), []
        while left and 7 - len(left) - len(out) < 7 - k:
            room = 7 - k - (7 - len(left) - len(out))
            c = [t for fs, t in COMBOS if fs <= left and len(fs) - 1 <= room]
            if not c:
                break
            t = R.choice(c)
            out.append(t)
            left -= set(facts_of(t))
        out += [R.choice(FT[f]) for f in sorted(left)]
        if len(out) == k:
            return out


def documents(v):
    """A title's documents, as lists of sentences, and the tags told by distracting sentences."""
    n = R.choices([1, 2, 3], [34, 38, 28])[0]
    while True:
        k = R.choice({1: [3, 4, 4, 5], 2: [4, 5, 6, 7], 3: [5, 6, 7, 7]}[n])
        first = cover(k)
        again = []
        for f in R.sample(FACTS, R.choice({1: [0, 0, 0, 1], 2: [0, 1, 2, 3], 3: [1, 2, 3, 4, 5]}[n])):
            again.append(R.choice([t for t in FT[f] if t not in first]))
        docs = [[] for _ in range(n)]
        place = {}
        for t in first:
            i = R.randrange(n)
            docs[i].append((t, None))
            for f in facts_of(t):
                place[f] = i
        for t in again:
            i = R.choice([j for j in range(n) if n == 1 or j != place[facts_of(t)[0]]])
            docs[i].append((t, None))
        ok, seen = True, set()
        for d in docs:
            for tag, t in R.sample(DT, R.choice([0, 1, 1, 2, 2, 3] if n > 1 else [1, 2, 2, 3])):
                if len(d) < 6 and t not in seen:
                    d.append((t, tag))
                    seen.add(t)
            ok = ok and 2 <= len(d) <= 6
        if ok and len(seen) >= 1:
            break
    out, tags, slots = [], set(), set()
    for d in docs:
        R.shuffle(d)
        ss = []
        for t, tag in d:
            s, used = say(t, v)
            ss.append(s)
            slots |= used
            if tag:
                assert tag in used
                tags.add(tag)
        out.append(ss)
    return out, tags, slots


# ------------------------------------------------------------------ questions
Q = {
    "price": "What was the hammer price of {t}?",
    "date": "On what date was {t} sold?",
    "binding": "How is {t} bound?",
    "owner": "Who was the former owner of {t}?",
    "place": "Where was {t} printed?",
    "special": "What makes the copy of {t} special?",
    "leaves": "How many leaves does {t} have?",
}
# short, chatty, formal, indirect
QO = {
    "price": [
        "{t}: hammer price?",
        "Hey, so what did {t} end up going for?",
        "Please state the sum at which {t} was knocked down at auction.",
        "I would like to know how much {t} fetched when the hammer fell.",
    ],
    "date": [
        "{t}, sale date?",
        "Any idea which day {t} went under the hammer?",
        "Kindly indicate the date on which the auction of {t} took place.",
        "Could you tell me when {t} was auctioned?",
    ],
    "binding": [
        "Binding of {t}?",
        "So what's {t} wrapped up in – leather, cloth, what?",
        "Please describe the binding in which {t} is presented.",
        "I was wondering what kind of covers {t} has.",
    ],
    "owner": [
        "Previous owner of {t}?",
        "Whose copy of {t} did that use to be, by the way?",
        "From whose library does the copy of {t} originate?",
        "I am trying to find out to whom {t} once belonged.",
    ],
    "place": [
        "{t} – printed where?",
        "Which town did {t} roll off the press in?",
        "Please name the place of printing given for {t}.",
        "Do you happen to know in which town {t} was produced by its printer?",
    ],
    "special": [
        "Special feature of {t}?",
        "What's so odd about that copy of {t}, then?",
        "In what respect does the copy of {t} differ from all others?",
        "I'd be curious to learn why this particular copy of {t} is so remarkable.",
    ],
    "leaves": [
        "Leaf count of {t}?",
        "How thick is {t} – I mean, how many leaves has it got?",
        "Please specify the extent of {t} in leaves.",
        "I need to know the number of leaves in {t}.",
    ],
}
QU = {
    "author": "Who is the author of {t}?",
    "est": "What was the estimate for {t}?",
    "saletown": "In which town was the sale of {t} held?",
    "year": "In what year was {t} printed?",
    "cataloguer": "Who catalogued {t}?",
    "seller": "Which bookseller handled {t}?",
    "under": "Who was the underbidder for {t}?",
    "plates": "How many plates does {t} have?",
    "lotno": "What was the lot number of {t}?",
    "binder": "Who was the binder of {t}?",
}


def lots():
    """4,000 auction lots, one to three documents each; seven relations, asked about 250 of them in training."""
    R.seed(20240611)
    made, items = Made(), []
    for t, a in make_titles():
        v = values(t, a)
        docs, tags, _ = documents(v)
        items.append((t, v, tags))
        made.documents += [(t, " ".join(d)) for d in docs]
    pick = R.sample(range(N_TITLES), N_TRAIN + N_TEST)
    train, test = pick[:N_TRAIN], pick[N_TRAIN:]
    for rows, ids in ((made.train, train), (made.test, test)):
        rows += [(Q[f].format(t=items[i][0]), items[i][1][f]) for i in ids for f in FACTS]
        R.shuffle(rows)
    for fi, f in enumerate(FACTS):  # each wording about its own 100 of the 400 test titles
        for w in range(4):
            g = (w + fi) % 4
            some = test[g * N_OTHER : (g + 1) * N_OTHER]
            made.other += [(QO[f][w].format(t=items[i][0]), items[i][1][f]) for i in some]
    for i in [i for i in test if len(items[i][2]) >= 2][:N_UNASKED]:
        t, v, tags = items[i]
        made.unasked += [(QU[k].format(t=t), v[k]) for k in R.sample(sorted(tags), 2)]
    return made
