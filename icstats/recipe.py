"""Making norms: which surveys a norm is pooled from, and where it comes from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from pydantic import Field
from ruamel.yaml import YAML

from icstats import __version__
from icstats.documents import parse, read_document, shown_path
from icstats.errors import NormError, Problem
from icstats.norms import OLDEST, VALUE_COLUMNS, Norm, year_of
from icstats.pooling import FEWEST_ORGANISATIONS, organisation_scores, pool_organisations
from icstats.questionnaire import DRIVER_BLOCKS, Strict, Text
from icstats.responses import read_responses
from icstats.scales import driver_items, keyed, scale_scores, score_items
from icstats.study import read_study
from icstats.surveyfile import FilePath

if TYPE_CHECKING:
    from collections.abc import Mapping

    from icstats.pooling import Pooled
    from icstats.questionnaire import Questionnaire
    from icstats.study import Study

__all__ = ["BuiltNorm", "build_norm", "write_norm"]

DECIMALS = 2
OTHER_QUESTIONS, SAME_STUDY, OTHER_YEAR = 432, 433, 437
TWICE = "the same organisation stands in the recipe twice: by its name or by its data."


class NormRecipe(Strict):
    """The parsed recipe: what the norm is called, and the studies that it is pooled from.

    Attributes
    ----------
    studies
        Study files, relative to the recipe; each is one organisation.
    """

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)
    title: Text
    year: int = Field(ge=1950, le=2100)
    population: Text
    source: Text
    mode: str = Field(min_length=1)
    fictional: bool
    studies: tuple[FilePath, ...] = Field(min_length=1)


@dataclass(frozen=True, kw_only=True)
class BuiltNorm:
    """A norm, and where it comes from.

    Attributes
    ----------
    norm
        As :func:`icstats.norms.read_norms` would read it.
    pooled
        The same numbers in full precision, with intervals and the mean of people.
    left_out
        Code that the norm does not have -> why.
    provenance
        Version, rules, and of every organisation the fingerprint of its data, never its name or its scores.
    """

    norm: Norm
    pooled: Pooled
    left_out: dict[str, str]
    provenance: dict[str, object]


def build_norm(path: Path | str) -> BuiltNorm:
    """Pool the studies of a recipe into a norm.

    Parameters
    ----------
    path
        A YAML file with ``name, title, year, population, source, mode, fictional`` and ``studies``.

    Returns
    -------
    BuiltNorm
        Codes: the report mark, every item asked of all departments, scales and driver blocks, from all ratings by
        customers in each study's wave. Of every organisation only codes that at least the largest ``minimum_group`` of
        all studies' policies answered, and of scales and blocks only where so many answered each of their items: a
        mean of other questions is another mean.

    Raises
    ------
    NormError
        Wrong settings; studies with another questionnaire or version; the same study or data twice, or two waves of one
        organisation; a wave of another year than that of the norm and the five before it; fewer than five
        organisations; one with more than half of all ratings.
    """
    recipe_path = Path(path)
    document = read_document(recipe_path, error=NormError)
    recipe = parse(document, NormRecipe, context={"folder": recipe_path.resolve().parent})
    studies = [read_study(file) for file in recipe.studies]
    _require_alike(studies, recipe.year)
    questionnaire, organisations = studies[0].questionnaire, {}
    prints: list[str] = []
    for study in studies:
        responses = read_responses(study)
        ratings = responses.ratings(wave=study.wave)
        organisations[study.name] = organisation_scores(
            _answered(ratings, questionnaire), clusters=ratings["respondent"]
        )
        prints.append(responses.fingerprint)
    _require_other_data(studies, prints)
    minimum = max(study.policy.minimum_group for study in studies)
    comparable = {name: _comparable(own, questionnaire, minimum) for name, own in organisations.items()}
    pooled = pool_organisations(comparable, minimum_group=minimum)
    return BuiltNorm(
        norm=_norm(recipe, pooled, questionnaire),
        pooled=pooled,
        left_out=_left_out(pooled, comparable, questionnaire),
        provenance={
            "icstats": __version__,
            "minimum_group": minimum,
            "organisations": sorted(prints),
            "questionnaire": [questionnaire.name, questionnaire.version],
        },
    )


def write_norm(built: BuiltNorm, folder: Path) -> tuple[Path, ...]:
    """Write a norm that :func:`icstats.norms.read_norms` reads back: values, description, provenance.

    Parameters
    ----------
    built
        From :func:`build_norm`.
    folder
        Where it goes; made where it is not there.

    Returns
    -------
    tuple of Path
        ``<name>.csv``, ``<name>.yaml`` and ``<name>-provenance.json``.
    """
    norm = built.norm
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"minimum", "maximum", "n_organisations", "n_respondents"}
    values = norm.values.apply(
        lambda column: (
            column.astype(int).astype(str)
            if column.name in whole
            else column.map(lambda value: "" if pd.isna(value) else f"{value:.{DECIMALS}f}")
        )
    )
    description = {
        name: getattr(norm, name) for name in ("name", "fictional", "questionnaire", "version", "mode", "year")
    }
    texts = {name: getattr(norm, name).model_dump() for name in ("title", "population", "source")}
    counts = {"n_organisations": norm.n_organisations, "n_respondents": norm.n_respondents}
    told = {
        **built.provenance,
        "left_out": built.left_out,
        "mean_of_people": built.pooled.values["mean_of_people"].round(DECIMALS).to_dict(),
        "intervals": built.pooled.intervals.round(DECIMALS).to_dict("records"),
    }
    contents = {
        f"{norm.name}.csv": values.to_csv(lineterminator="\n"),
        f"{norm.name}.yaml": _yaml({**description, **texts, **counts}),
        f"{norm.name}-provenance.json": json.dumps(told, indent=1, ensure_ascii=False) + "\n",
    }
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return tuple(folder / name for name in contents)


def _answered(ratings: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """Return the outcome and the common items, every scale and block that a norm can hold, and the items of those."""
    items = keyed(ratings, questionnaire)
    codes = dict.fromkeys(
        [*_single(questionnaire), *(item for own in _made_of(questionnaire).values() for item in own)]
    )
    return pd.concat([items[[*codes]], scale_scores(items, questionnaire)[[*_made_of(questionnaire)]]], axis=1)


def _single(questionnaire: Questionnaire) -> list[str]:
    codes = [questionnaire.outcome, *(code for own in driver_items(questionnaire).values() for code in own)]
    return [code for code in codes if questionnaire.item(code).core]


def _made_of(questionnaire: Questionnaire) -> dict[str, tuple[str, ...]]:
    items = score_items(questionnaire)
    blocks = [*DRIVER_BLOCKS, *(scale.code for scale in questionnaire.scales if scale.block == "outcome")]
    return {code: items[code] for code in blocks if code in items}


def _comparable(scores: pd.DataFrame, questionnaire: Questionnaire, minimum: int) -> pd.DataFrame:
    """Return what enough people of one organisation answered, of a scale or block all of it."""
    enough = scores[scores["n_people"] >= minimum]
    whole = [code for code, items in _made_of(questionnaire).items() if set(items) <= set(enough.index)]
    return enough[enough.index.isin([*_single(questionnaire), *whole])]


def _left_out(pooled: Pooled, comparable: Mapping[str, pd.DataFrame], questionnaire: Questionnaire) -> dict[str, str]:
    """Return why a code of the questionnaire is not in the norm."""
    whats = dict.fromkeys(_single(questionnaire), "it") | dict.fromkeys(_made_of(questionnaire), "all of its items")
    counts = {code: sum(code in scores.index for scores in comparable.values()) for code in whats}
    return {
        code: f"{n} of {len(comparable)} organisations asked {whats[code]} and have enough answers; a norm needs "
        f"{FEWEST_ORGANISATIONS}"
        if n < FEWEST_ORGANISATIONS
        else "one organisation gives more than half of the answers"
        for code, n in counts.items()
        if code not in pooled.values.index
    }


def _norm(recipe: NormRecipe, pooled: Pooled, questionnaire: Questionnaire) -> Norm:
    scales = {
        code: questionnaire.response_scale(questionnaire.answered_items(code)[0].code) for code in pooled.values.index
    }
    values = pooled.values.assign(
        minimum=[float(scales[code].minimum) for code in scales],
        maximum=[float(scales[code].maximum) for code in scales],
    )
    return Norm(
        **recipe.model_dump(include={"name", "year", "mode", "fictional"}),
        title=recipe.title,
        population=recipe.population,
        source=recipe.source,
        questionnaire=questionnaire.name,
        version=questionnaire.version,
        n_organisations=int(values["n_organisations"].max()),
        n_respondents=int(values["n_respondents"].max()),
        values=values[list(VALUE_COLUMNS)].astype(float),
    )


def _require_alike(studies: list[Study], year: int) -> None:
    first = studies[0].questionnaire
    problems = []
    for place, study in enumerate(studies):
        own, before = study.questionnaire, studies[:place]
        if (own.name, own.version) != (first.name, first.version):
            message = (
                f'uses "{own.name}", version {own.version}; the first study uses "{first.name}", version '
                f"{first.version}."
            )
            hint = "other wording moves scores: pool only surveys with the same questionnaire"
            problems.append(_problem(OTHER_QUESTIONS, study, message, hint))
        if study.name in [other.name for other in before]:
            problems.append(_problem(SAME_STUDY, study, TWICE))
        elif any(study.organisation == other.organisation and study.wave != other.wave for other in before):
            message = f"another wave of {study.organisation.en} stands in the recipe already."
            hint = "every organisation counts once: take one wave of each"
            problems.append(_problem(SAME_STUDY, study, message, hint))
        found = year_of(study.wave)
        if found is not None and not year - OLDEST <= found <= year:
            message = f"its wave is {study.wave}; allowed in a norm of {year}: the years from {year - OLDEST} on."
            hint = "what customers expect moves on: pool surveys of about the same time"
            problems.append(_problem(OTHER_YEAR, study, message, hint))
    if problems:
        raise NormError(problems)


def _require_other_data(studies: list[Study], prints: list[str]) -> None:
    twice = [study for place, study in enumerate(studies) if prints[place] in prints[:place]]
    if twice:
        raise NormError([_problem(SAME_STUDY, study, TWICE) for study in twice])


def _problem(kind: int, study: Study, message: str, hint: str = "") -> Problem:
    return Problem(code=f"ICS-{kind}", file=shown_path(study.file), message=message, hint=hint)


def _yaml(content: dict[str, object]) -> str:
    stream, writer = StringIO(), YAML()
    writer.width = 1000
    writer.dump(content, stream)
    return stream.getvalue()
