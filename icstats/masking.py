"""Identifying words taken out of what somebody wrote, in Dutch and English. It never finds all: people decide."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MASK", "masked"]

MASK = "[…]"

MAIL = re.compile(r"[\w.+-]+\s?(?:@|\(at\)|\[at\])\s?[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
ADDRESS = re.compile(r"\b(?:https?://|www\.)\S+|(?<!\w)@\w{2,}", re.IGNORECASE)
PHONE = re.compile(r"(?<![\w.,])\(?(?:\+|00)?\d(?:[\s().-]{0,3}\d){7,14}(?!\w)")
EXTENSION = re.compile(
    r"\b(?:toestel|tst|telefoon|tel|mobiel|phone|ext|extension|kamer|room)\b\.?\s*(?:nummer|nr|number|no)?\.?\s*:?\s*"
    r"(?=[\w.-]*\d)[\w.-]+",
    re.IGNORECASE,
)
NUMBER = re.compile(
    r"\b(?:personeels|medewerkers?|werknemers?|pers|employee|staff|personnel|badge|ticket|melding)[\s.-]*"
    r"(?:nummer|nr|number|no|id)?\b[\s.:#-]*(?=\w*\d)\w+|\b[A-Za-z]{0,3}\d{5,}\b",
    re.IGNORECASE,
)
PREFIX = r"(?:(?:[Vv]an|[Dd]e|der|den|het|[Tt]en|[Tt]er|te|[Vv]on|[Ll]a|[Ee]l|[Aa]l|[Bb]in|in|'t|’t)\s+)*"
WORD = r"[A-ZÀ-Þ][\w’'-]+"
TITLED = re.compile(
    r"\b(?:[Mm]evr(?:ouw)?|[Mm]w|[Mm]ej|[Dd]e\s+heer|[Mm]eneer|[Dd]hr|[Hh]r|[Mm]rs?|[Mm]s|[Mm]iss|[Ss]ir|[Dd]rs?"
    r"|[Pp]rof(?:essor)?|[Ii]ng|[Ii]r|[Mm]adam)\b\.?\s+(?:(?:[A-Z]\.\s*)+)?(?:"
    + PREFIX
    + WORD
    + r")(?:[\s-]"
    + PREFIX
    + WORD
    + ")?"
)
INITIALS = re.compile(r"\b(?:[A-Z]\.\s?)+" + PREFIX + WORD)
SURNAME = re.compile(r"(?P<first>\b" + WORD + r"\s+)(?:van|de|der|den|ten|ter|von)\s+" + PREFIX + WORD)
INTRODUCED = re.compile(
    r"(?P<by>\b(?i:collega|medewerker|medewerkster|leidinggevende|teamleider|manager|baas|chef|colleague|boss|supervisor"
    r"|team\s+leader|groeten|groet|gr|regards|thanks\s+to|dank\s+aan|dankzij|vraag\s+(?:naar|het)|ask(?:\s+for)?)"
    r"[,:]?\s+)" + PREFIX + WORD + r"(?:\s+" + PREFIX + WORD + ")?"
)
COMMON = (
    "Aad|Ahmed|Albert|Alex|Alexander|Ali|Alice|Amber|Amy|Andrea|Andrew|Anita|Anja|Anke|Ann|Anna|Anne|Annelies|"
    "Annemarie|Anouk|Anthony|Arjan|Astrid|Barbara|Bart|Ben|Bert|Bianca|Bob|Brenda|Brian|Bram|Carla|Carlijn|"
    "Caroline|Cees|Charles|Charlotte|Chris|Christian|Christina|Claire|Claudia|Corine|Daan|Daniel|Danny|David|"
    "Debbie|Dennis|Diana|Dirk|Edwin|Elise|Elizabeth|Ellen|Els|Emily|Emma|Eric|Erik|Erwin|Esther|Eva|Evelien|"
    "Fatima|Femke|Floor|Floris|Frank|Frans|Fred|George|Gerard|Gert|Gijs|Hannah|Hans|Harry|Helen|Henk|Herman|"
    "Hassan|Ilse|Ineke|Ingrid|Irene|Iris|Ivo|Jaap|Jack|Jacqueline|James|Jan|Jane|Jasper|Jason|Jeroen|Jessica|"
    "Jim|Joan|Johan|John|Joke|Joost|Joris|Joseph|Joyce|Judith|Julia|Jurgen|Karel|Karen|Karin|Kees|Kevin|Kim|"
    "Klaas|Koen|Laura|Lars|Leo|Lia|Linda|Lisa|Lisette|Lotte|Lucas|Lucy|Maaike|Maarten|Manon|Marc|Marcel|"
    "Margaret|Maria|Marian|Marieke|Marijke|Mario|Marjan|Marlies|Martijn|Martin|Mary|Matthew|Max|Maurice|Mehmet|"
    "Melissa|Menno|Merel|Michael|Michel|Michelle|Mieke|Mike|Miranda|Mohamed|Mohammed|Monique|Naomi|Natalie|"
    "Nancy|Niels|Nicole|Nina|Noor|Olga|Oscar|Patricia|Patrick|Paul|Paula|Peter|Petra|Philip|Pieter|Piet|Rachel|"
    "Ramon|Raymond|Rebecca|Remco|Renate|Rene|René|Richard|Rick|Rik|Robert|Robin|Roel|Roger|Ron|Ronald|Rosa|"
    "Ruben|Rutger|Ruud|Samantha|Sandra|Sander|Sanne|Sarah|Sara|Saskia|Simon|Simone|Sjaak|Sjoerd|Sofie|Sonja|"
    "Sophie|Stefan|Stephen|Steven|Stijn|Susan|Suzanne|Sven|Sylvia|Tamara|Teun|Theo|Thijs|Thomas|Tim|Tineke|Tom|"
    "Ton|Truus|Vera|Victor|Vincent|Wendy|Willem|William|Wilma|Wim|Wouter|Yvonne|Yusuf"
)
"""First names that are hardly ever another word in Dutch or English (Mark, Will, Bas, Roos are not among them)."""
NAMED = re.compile(r"\b(?:" + COMMON + r")\b(?:[’']s?)?(?:\s+" + PREFIX + WORD + ")?")
SHORTEST_NAME = 2


def masked(text: str, *, names: Iterable[str] = ()) -> str:
    """Return a text without addresses, numbers and names of people, on one line.

    Parameters
    ----------
    text
        What somebody wrote.
    names
        The organisation's own list: full names, first names or surnames; found whatever their case.

    Returns
    -------
    str
        Each find is :data:`MASK`. Found by form: mail and web addresses, telephone and room numbers, numbers of staff
        and tickets, names after a title, after initials, or after words such as "collega" and "regards", and common
        first names with the surname after them. Marks that turn the direction of writing are dropped. Nicknames,
        functions ("the girl at the desk") and misspelled names are not found.
    """
    plain = " ".join("".join(sign for sign in text if _is_seen(sign)).split())
    for pattern in (MAIL, ADDRESS, EXTENSION, NUMBER, PHONE):
        plain = pattern.sub(MASK, plain)
    own = sorted({name.strip() for name in names if len(name.strip()) >= SHORTEST_NAME}, key=len, reverse=True)
    if own:
        listed = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, own)) + r")(?!\w)", re.IGNORECASE)
        plain = listed.sub(MASK, plain)
    plain = TITLED.sub(MASK, plain)
    plain = INITIALS.sub(MASK, plain)
    plain = SURNAME.sub(MASK, plain)
    plain = INTRODUCED.sub(lambda found: found["by"] + MASK, plain)
    plain = NAMED.sub(MASK, plain)
    return re.sub(r"(?:\[…\]\s?){2,}", MASK + " ", plain).strip()


def _is_seen(sign: str) -> bool:
    """Return whether a sign is one that a reader sees, or a space: the others turn or hide what stands beside them."""
    return sign.isspace() or unicodedata.category(sign) not in {"Cc", "Cf", "Cn", "Co", "Cs"}
