"""Invented corpora with many wordings of each question: in English, German, French and Spanish.

Each relation is trained in one wording and asked in four others, from mildly to quite different, as users might type
them; two or more relations are never asked for in training. The wordings were written without a look at what the package
knows about words. Dishes and packages served to develop how questions are understood. The others were made to try it; what
they showed was mended afterwards. From cheeses on they were written by others than who made the reader; it was measured on
cheeses, satellites, medicines, games, perfumes, courses, vehicles, mountains and castles before anybody had looked at them.
Lots (4,000 titles) and villages (2,500, in Spanish) are larger than the others.
"""

from worded.articles import articles
from worded.bridges import bridges
from worded.castles import castles
from worded.cheeses import cheeses
from worded.courses import courses
from worded.dishes import dishes
from worded.french import french
from worded.functions import functions
from worded.games import games
from worded.german import german
from worded.lots import lots
from worded.medicines import medicines
from worded.mountains import mountains
from worded.packages import packages
from worded.perfumes import perfumes
from worded.plants import plants
from worded.policies import policies
from worded.satellites import satellites
from worded.ships import ships
from worded.theatres import theatres
from worded.vehicles import vehicles
from worded.villages import villages

WORDED = {
    "dishes": dishes, "packages": packages, "ships": ships, "articles": articles,
    "functions": functions, "german": german, "french": french, "bridges": bridges, "cheeses": cheeses,
    "satellites": satellites, "plants": plants, "policies": policies,
    "medicines": medicines, "games": games, "perfumes": perfumes, "courses": courses,
    "vehicles": vehicles, "mountains": mountains, "castles": castles, "theatres": theatres,
    "lots": lots, "villages": villages,
}  # fmt: skip
