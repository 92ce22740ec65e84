"""Invented corpora in English with many wordings of each question.

Each relation is trained in one wording and asked in four others, from mildly to quite different, as users might type
them; two relations are never asked for in training. The wordings were written without a look at what the package knows
about words. Dishes and packages served to develop how questions are understood; ships and articles only to try it.
"""

from worded.articles import articles
from worded.dishes import dishes
from worded.packages import packages
from worded.ships import ships

WORDED = {"dishes": dishes, "packages": packages, "ships": ships, "articles": articles}
