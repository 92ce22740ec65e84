"""French artists: elided articles, works in guillemets, prices in francs, crafts in several words."""

from __future__ import annotations

import itertools
import random

from any_corpus_made import Made

from worded.common import worded

rng = random.Random("français")
P = "Élise Aurélien Jean-Baptiste Cécile François Maëlle Théophile Anaïs Gédéon Sidonie Hervé Noémie Léopold Françoise".split()
N = "d'Argelès|de La Morinière|Lefèvre|Gaultier|du Bellay|Cœurdevey|L'Herbier|Bérenger|Châtaigner|Saint-Aubin|Maïssa|Pélissier|Vauquelin|Ferré".split(
    "|"
)
titles = sorted({f"{p} {n}" for p, n in itertools.product(P, N)})
rng.shuffle(titles)
titles = titles[:150]
V = "Saint-Malo|Aix-en-Provence|L'Isle-sur-la-Sorgue|Le Puy|Évreux|Besançon|Orléans|Chalon-sur-Saône|La Rochelle|Nîmes|Angoulême|Béziers|Cahors|Dôle|Forcalquier|Mâcon".split(
    "|"
)
M = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
W1 = "Les Amants|Le Jardin|La Nuit|L'Été|Un dimanche|Le Retour|La Moisson|L'Enfant|Le Silence|Trois barques".split("|")
W2 = (
    "de Sète|à Trouville|du bord de l'eau|des grands vents|sous la neige|en Bretagne|sans visage|du père Anselme".split(
        "|"
    )
)
T = "peinture à l'huile|aquarelle|gravure sur bois|céramique émaillée|tapisserie|sculpture sur pierre|eau-forte|pastel|photographie|vitrail".split(
    "|"
)
C = "d'une fièvre typhoïde|d'un accident de calèche|de la tuberculose|de vieillesse|noyé dans la Loire|d'une chute".split(
    "|"
)


def facts(rng: random.Random) -> dict[str, str]:
    d = rng.randint(1, 28)
    return {
        "place": rng.choice(V),
        "date": f"{'1er' if d == 1 else d} {rng.choice(M)} {rng.randint(1790, 1899)}",
        "work": f"« {rng.choice(W1)} {rng.choice(W2)} »",
        "teacher": f"{rng.choice(P)} {rng.choice('Dubreuil|Estève|Marchais|de Rohan|Lecœur|Prud’hon'.split('|'))}",
        "tech": rng.choice(T),
        "price": f"{rng.randint(1, 96)} {rng.randint(0, 999):03d} francs",
        "cause": rng.choice(C),
        "spouse": f"{rng.choice(P)} Ravel-Noir",
        "n": str(rng.randint(40, 900)),
    }


groups = [
    [
        "{name} est né à {place} le {date}. Son maître fut {teacher}. Sa mort survint à la suite {cause}.",
        "Né le {date}, {name} a grandi à {place}, sa ville natale, avant d'entrer dans l'atelier de {teacher}.",
        "C'est à {place} que naquit {name}, le {date}. On sait qu'il fut l'élève de {teacher} et qu'il épousa {spouse}.",
    ],
    [
        "L'œuvre la plus célèbre de {name}, {work}, fut vendue {price}. Sa technique était l'art de la {tech} ; on compte {n} pièces.",
        "Avec {work}, {name} connut la gloire : le tableau partit pour {price} aux enchères. Il pratiquait surtout la {tech}.",
        "On doit à {name}, maître de la {tech}, le chef-d'œuvre intitulé {work}. Un collectionneur le paya {price}.",
    ],
]
relations = {
    "place": [
        "Où est né {name} ?",
        "Dans quelle ville {name} est-il né ?",
        "Quel est le lieu de naissance de {name} ?",
        "{name} vient d'où ?",
        "De quelle ville {name} est-il originaire ?",
    ],
    "date": [
        "Quand est né {name} ?",
        "Quelle est la date de naissance de {name} ?",
        "À quelle date {name} a-t-il vu le jour ?",
        "date de naissance de {name}",
        "Quel jour {name} est-il né ?",
    ],
    "work": [
        "Quelle est l'œuvre la plus connue de {name} ?",
        "Quel est le chef-d'œuvre de {name} ?",
        "Quel tableau a rendu {name} célèbre ?",
        "titre de l'œuvre majeure de {name}",
        "Pour quelle œuvre {name} est-il connu ?",
    ],
    "teacher": [
        "Qui fut le maître de {name} ?",
        "De qui {name} était-il l'élève ?",
        "Qui a formé {name} ?",
        "avec qui {name} a-t-il étudié",
        "Dans l'atelier de qui {name} a-t-il appris ?",
    ],
    "tech": [
        "Quelle technique pratiquait {name} ?",
        "Quel art exerçait {name} ?",
        "Dans quelle technique {name} excellait-il ?",
        "comment travaillait {name}",
        "Quelle était la spécialité de {name} ?",
    ],
    "price": [
        "Combien fut vendue l'œuvre de {name} ?",
        "À quel prix l'œuvre de {name} a-t-elle été vendue ?",
        "Combien a coûté le tableau de {name} ?",
        "prix de vente de l'œuvre de {name}",
        "Quelle somme a-t-on payée pour l'œuvre de {name} ?",
    ],
}
unasked = {"cause": ["De quoi est mort {name} ?"], "spouse": ["Qui {name} a-t-il épousé ?"]}


def french() -> Made:
    return worded("french", titles, facts, groups, relations, unasked)
