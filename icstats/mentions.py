"""What customers write about: which themes their comments have, how often, and the mark of those who mention one.

It makes reading quicker and replaces none of it: a theme is found by words, and says nothing about the tone. Words come
from an editable dictionary; among comments that it does not cover, words that stand together make further themes.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from icstats.describe import summarise
from icstats.questionnaire import Language, ResponseScale
from icstats.results import Result, Settings
from icstats.sampling import person_codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import ArrayLike

    from icstats.themes import Dictionary

__all__ = [
    "CommentThemes",
    "comment_themes",
    "language_of",
    "lemma_of",
    "themes_of",
    "word_tools_are_there",
]

NEEDED = ("lingua", "simplemma", "sklearn")
"""What the extra ``icstats[text]`` installs."""

WORD = re.compile(r"[^\W\d_]+(?:[’'-][^\W\d_]+)*")
NEVER = "(?!)"
SHORTEST_FOUND = 4
"""Letters of a word that may name a theme which no dictionary has."""
MOST_FOUND = 3
"""Further themes per question and language, at most; each is named by as many words."""

YES_NO = ResponseScale(minimum=0, maximum=1, satisfied=1, dissatisfied=0)
ESTIMATES = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]
COLUMNS = ["variable", "statistic", *ESTIMATES, "n", "n_people", "unit", "minimum", "maximum", "also"]


@dataclass(frozen=True, kw_only=True, repr=False)
class CommentThemes(Result):
    """Themes of the answers to open questions; a variable is ``<question>.<theme>``.

    Rows: ``mentioned`` (share of those who answered the question, which is what ``n`` counts) and ``mean`` (mark of
    those who mention it). Extra columns: ``minimum`` and ``maximum`` of the mark, ``also`` (the mark's code). Of a mean
    ``people`` has the smallest of those who mention the theme, those who set it apart from a theme that more people
    mention, and all others who gave a mark. Readers see who wrote what: of a theme that is nearly a part of another
    one, two means would give the marks of the few who make the difference.

    Attributes
    ----------
    words
        Variable of a theme that no dictionary has -> the words that name it, each used by enough people.
    """

    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def word_tools_are_there() -> bool:
    """Return whether the extra ``icstats[text]`` is installed; without it no theme can be found."""
    return all(find_spec(name) is not None for name in NEEDED)


def comment_themes(
    texts: pd.DataFrame,
    marks: pd.Series[float],
    *,
    dictionary: Dictionary,
    scale: ResponseScale,
    minimum: int,
    clusters: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> CommentThemes:
    """Say what comments are about, how many customers mention it, and which mark these give.

    Parameters
    ----------
    texts
        Ratings x open questions, masked; empty or missing where nothing was written.
    marks
        The mark of each rating, NaN for missing; its name is the outcome's code.
    dictionary
        Themes and their words.
    scale
        Response scale of the mark.
    minimum
        People who must use a word before it names a theme that no dictionary has.
    clusters
        Respondent of each rating.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    CommentThemes
        Per question the themes of the dictionary in its order, then those found by non-negative factorisation (NMF) of
        the tf-idf of the words in comments that have none, at most three per language. A theme that nobody mentions has
        a share of 0, for its absence would tell. The same texts give the same themes, whatever their order.

    References
    ----------
    Lee, D. D. & Seung, H. S. (1999). Nature 401, 788-791 (NMF). In R: ``quanteda::tokens_lookup``, ``NMF::nmf``.
    """
    people = person_codes(clusters, n_rows=len(texts))
    mentioned: dict[str, pd.Series[float]] = {}
    words: dict[str, tuple[str, ...]] = {}
    for question in texts.columns:
        said = texts[question].fillna("").astype(str).str.strip()
        answered = said[said != ""].sort_values(kind="stable")
        told = {place: themes_of(text, dictionary) for place, text in answered.items()}
        for theme in dictionary.themes:
            own = pd.Series({place: float(theme.code in found) for place, found in told.items()}, dtype=float)
            mentioned[f"{question}.{theme.code}"] = own.reindex(texts.index)
        rest = answered[[not found for found in told.values()]]
        for code, (names, places) in _found(rest, dictionary, minimum).items():
            own = pd.Series(0.0, index=answered.index).mask(answered.index.isin(places), 1.0)
            mentioned[f"{question}.{code}"], words[f"{question}.{code}"] = own.reindex(texts.index), names
    frame = pd.DataFrame(mentioned, index=texts.index)
    frame = frame.loc[:, frame.notna().any()]
    rows = _rows(frame, marks, people, scale, conf_level)
    data = pd.DataFrame([row for row, _ in rows], columns=COLUMNS)
    return CommentThemes(
        data=data.astype(dict.fromkeys([*ESTIMATES, "minimum", "maximum"], float) | {"n": int, "n_people": int}),
        people=pd.DataFrame([behind for _, behind in rows], columns=["n", "n_people"]),
        settings=Settings(method="comment_themes", interval="t", conf_level=conf_level, missing="available"),
        words={code: names for code, names in words.items() if code in frame.columns},
    )


def themes_of(text: str, dictionary: Dictionary) -> tuple[str, ...]:
    """Return the codes of the themes that a comment has by its words, in the order of the dictionary."""
    language = language_of(text)
    forms = "".join(f" {word}\t{lemma_of(word, language)}" for word in _words(text)) + " "
    return tuple(
        theme.code for theme in dictionary.themes if _pattern(getattr(theme.words, language), language).search(forms)
    )


def language_of(text: str) -> Language:
    """Return the language that a comment is written in."""
    return "nl" if _detector().detect_language_of(text) == _dutch() else "en"


@cache
def _detector() -> Any:  # noqa: ANN401  lingua ships no types
    from lingua import Language as Spoken  # noqa: PLC0415  an extra: only comments need it
    from lingua import LanguageDetectorBuilder  # noqa: PLC0415

    return LanguageDetectorBuilder.from_languages(Spoken.ENGLISH, Spoken.DUTCH).build()


def _dutch() -> object:
    from lingua import Language as Spoken  # noqa: PLC0415

    return Spoken.DUTCH


def _words(text: str) -> list[str]:
    return [found.casefold() for found in WORD.findall(text.replace("’", "'"))]


@cache
def lemma_of(word: str, language: Language) -> str:
    """Return the form of a word that stands in a dictionary."""
    from simplemma import lemmatize  # noqa: PLC0415  an extra: only comments need it

    return str(lemmatize(word, lang=language)).casefold()


@cache
def _pattern(entries: tuple[str, ...], language: Language) -> re.Pattern[str]:
    """Return what finds any entry of a theme among the words of a comment, each as it stands and as its lemma."""
    entries_found = ("".join(_form(one, language) for one in entry.casefold().split()) for entry in entries)
    return re.compile(f"(?:{'|'.join(entries_found) or NEVER})(?= )")


def _form(word: str, language: Language) -> str:
    """Return what finds a word of the dictionary: the same form, the same lemma, or either as a pattern."""
    if "*" not in word:
        return rf" (?:{re.escape(word)}\t[^ ]*|[^\t]*\t{re.escape(lemma_of(word, language))}(?= ))"
    written = "[^ \\t]*".join(map(re.escape, word.split("*")))
    return rf" (?:{written}\t[^ ]*|[^\t]*\t{written}(?= ))"


def _found(rest: pd.Series[str], dictionary: Dictionary, minimum: int) -> dict[str, tuple[tuple[str, ...], list[Any]]]:
    """Return further themes: code -> the words that name it, and where it is mentioned."""
    found: dict[str, tuple[tuple[str, ...], list[Any]]] = {}
    spoken = rest.map(language_of) if len(rest) else rest
    languages: tuple[Language, ...] = ("en", "nl")
    for language in languages:
        own = rest[spoken == language]
        for number, theme in enumerate(_factors(own, dictionary, language, minimum), start=1):
            found[f"{language}{number}"] = theme
    return found


def _factors(
    texts: pd.Series[str], dictionary: Dictionary, language: Language, minimum: int
) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    """Yield the words and places of every factor that enough people use words of."""
    ignored = {lemma_of(word, language) for word in getattr(dictionary.ignore, language)}
    lemmas = [
        [lemma for word in _words(text) if len(lemma := lemma_of(word, language)) >= SHORTEST_FOUND] for text in texts
    ]
    counted = pd.Series([lemma for own in lemmas for lemma in set(own) - ignored], dtype=str).value_counts()
    vocabulary = sorted(counted.index[counted >= minimum])
    if len(vocabulary) < MOST_FOUND:
        return
    from sklearn.decomposition import NMF  # noqa: PLC0415  an extra: only comments need it
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415

    weights = TfidfVectorizer(analyzer=lambda own: own, vocabulary=vocabulary).fit_transform(lemmas)
    factors = min(MOST_FOUND, len(vocabulary) // MOST_FOUND)
    model = NMF(factors, init="nndsvd", max_iter=2000)
    with warnings.catch_warnings():
        # Comments that are all alike fit exactly; the solver then goes on to its last step, and that changes nothing.
        warnings.simplefilter("ignore")
        shares = model.fit_transform(weights)
    first = np.where(shares.max(axis=1) > 0, shares.argmax(axis=1), -1)
    for factor, loadings in enumerate(model.components_):
        names = tuple(vocabulary[place] for place in np.argsort(-loadings, kind="stable")[:MOST_FOUND])
        yield names, list(texts.index[first == factor])


def _rows(
    mentioned: pd.DataFrame, marks: pd.Series[float], people: ArrayLike, scale: ResponseScale, conf_level: float
) -> list[tuple[dict[str, Any], dict[str, int]]]:
    """Return every row with the number of answers and people behind it."""
    outcome, persons = str(marks.name), pd.Series(np.asarray(people), index=marks.index)
    scales = dict.fromkeys(mentioned.columns, YES_NO)
    shares = summarise(mentioned, response_scales=scales, clusters=people, conf_level=conf_level).data
    of_those = mentioned.apply(lambda one: marks.where(one == 1))
    means = summarise(
        of_those, response_scales=dict.fromkeys(of_those.columns, scale), clusters=people, conf_level=conf_level
    ).data
    of_code = {
        (row["variable"], row["statistic"]): {str(name): value for name, value in row.items()}
        for frame in (shares[shares["statistic"] == "satisfied"], means[means["statistic"] == "mean"])
        for row in frame.to_dict("records")
    }
    behind = _behind(mentioned, marks, persons)
    rows = []
    for code in mentioned.columns:
        share = of_code[code, "satisfied"] | {"statistic": "mentioned", "unit": "share", "also": outcome}
        share |= {"minimum": np.nan, "maximum": np.nan}
        mean = of_code.get((code, "mean"), {"variable": code, "n": 0, "n_people": 0})
        mean |= {"statistic": "mean", "unit": "points", "also": outcome}
        rows += [(share, {name: int(share[name]) for name in ("n", "n_people")}), (mean, behind[code])]
    return rows


def _behind(mentioned: pd.DataFrame, marks: pd.Series[float], persons: pd.Series[int]) -> dict[str, dict[str, int]]:
    """Return of every theme how few answers and people its mean, or that mean beside a larger group's, is about."""
    everybody = frozenset(marks.index[marks.notna()])
    person = dict(zip(persons.index, persons, strict=True))
    groups = {code: everybody & set(marks.index[mentioned[code] == 1]) for code in mentioned.columns}
    larger: list[frozenset[Any]] = []
    behind = {}
    for code in sorted(groups, key=lambda code: -len(groups[code])):
        own = groups[code]
        sides = [(own - other, other - own) for other in larger if own != other]
        behind[code] = {
            name: min(count(own), count(everybody - own), *(_apart(count(one), count(other)) for one, other in sides))
            for name, count in (("n", len), ("n_people", lambda rows: len({person[row] for row in rows})))
        }
        larger.append(own)
    return behind


def _apart(one: int, other: int) -> int:
    """Return how many people the difference of two groups' means is about, who are in one of them only.

    Where the one side is less than a third of the other, it hides hardly anything of it.
    """
    small, large = sorted((one, other))
    return small + large if 3 * small >= large else large
