"""What frames every report: whose it is and who answered, which norm, how it was done and where it comes from."""

from __future__ import annotations

import platform
from functools import cache
from hashlib import sha256
from html import escape
from importlib.metadata import version
from typing import TYPE_CHECKING

from icstats.disclosure import shown_n
from icstats.drivers import BLOCKS_FROM, DRIVERS_FROM
from icstats.limits import RELIABLE_FROM
from icstats.sections import Section, folded, paragraphs, section
from icstats.story import UNDER, gate_verdicts, reliability_sentence
from icstats.tables import Column, scrolled, table
from icstats.written import written_n

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icstats.disclosure import Released
    from icstats.edition import Edition
    from icstats.norms import Norm
    from icstats.tables import Table

__all__ = [
    "COEFFICIENTS",
    "certainty",
    "facts",
    "masthead",
    "method",
    "norm_facts",
    "norm_source",
    "provenance",
    "reliability_table",
    "scores_table",
]

FINGERPRINT = 12
WHERE = {"file", "store", "responses", "norms", "earlier_norms", "names"}
"""Settings that say where something lies: the same parameters have the same fingerprint on every machine."""
PACKAGES = ("icstats", "numpy", "pandas", "scipy", "statsmodels", "seaborn", "pingouin", "papermill")
COEFFICIENTS = ("spearman_brown", "alpha", "omega_total")


def masthead(edition: Edition, *, kind: str, name: str, answered: str) -> Section:
    """Return the head of a report: its kind, the organisation, the department, who answered; that it is a draft."""
    language = edition.texts.language
    organisation = edition.study.organisation[language]
    line = edition.texts.say(
        "masthead.line_of_organisation" if name == organisation else "masthead.line",
        kind=edition.texts.say(f"kind.{kind}"),
        organisation=organisation,
        title=edition.study.title[language],
        wave=edition.wave,
    )
    head = f'<p class="kicker">{escape(line)}</p><h1>{escape(name)}</h1>'
    draft = paragraphs([edition.texts.say("masthead.draft")], kind="note") if edition.is_draft else ""
    return section("", f'<div class="masthead">{head}{paragraphs([answered], kind="answered")}{draft}</div>')


def facts(caption: str, pairs: Sequence[tuple[str, str]]) -> str:
    """Return a small table of names and values."""
    rows = "".join(f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in pairs)
    whole = f'<table class="facts"><caption>{escape(caption)}</caption><tbody>{rows}</tbody></table>'
    return scrolled(whole, caption, columns=2)


def norm_source(edition: Edition) -> list[str]:
    """Return where the norm comes from, that it is made up if it is, and which differences matter."""
    norm, say = edition.norm, edition.texts.say
    if norm is None:
        return [edition.no_norm]
    counts = {
        "organisations": edition.texts.number(norm.n_organisations, 0),
        "respondents": _respondents(edition, norm),
    }
    language = edition.texts.language
    source = (
        say("benchmark.source_departments", **counts)
        if edition.norm_is_internal
        else say(
            "benchmark.source",
            title=norm.title[language],
            year=norm.year,
            population=norm.population[language],
            source=norm.source[language],
            **counts,
        )
    )
    fictional = [say("benchmark.fictional")] if norm.fictional else []
    years = norm.years_older_than(edition.wave)
    old = [say("benchmark.old", years=years)] if years else []
    return [source, *fictional, *old, say("benchmark.margin", margin=edition.texts.number(edition.study.margin, 2))]


def _respondents(edition: Edition, norm: Norm) -> str:
    """Return how many answered behind the norm; of our own departments as a band, like every total over them."""
    if edition.norm_is_internal:
        return written_n(shown_n(norm.n_respondents, edition.study.policy, total=True), edition.texts)
    return edition.texts.number(norm.n_respondents, 0)


def norm_facts(edition: Edition, norm: Norm) -> str:
    """Return the card of the norm."""
    say, language = edition.texts.say, edition.texts.language
    title = say("norm_card.departments") if edition.norm_is_internal else norm.title[language]
    pairs = [("name", title)]
    if not edition.norm_is_internal:
        pairs += [
            ("year", str(norm.year)),
            ("population", norm.population[language]),
            ("source", norm.source[language]),
            ("mode", norm.mode),
            ("organisations", edition.texts.number(norm.n_organisations, 0)),
        ]
    pairs += [
        ("respondents", _respondents(edition, norm)),
        ("fictional", say("norm_card.yes" if norm.fictional else "norm_card.no")),
    ]
    return facts(say("norm_card.caption"), [(say(f"norm_card.{name}"), value) for name, value in pairs])


def reliability_table(edition: Edition, reliability: Released, gate: Released, caption: str) -> Table:
    """Return the coefficients of every scale with their intervals; a scale that fails its gate in grey, and why."""
    say, limit = edition.texts.say, edition.texts.number(RELIABLE_FROM, 2)
    verdicts = gate_verdicts(gate)
    coefficients = [*COEFFICIENTS, "single_item"]
    return table(
        reliability.only(statistics=coefficients),
        texts=edition.texts,
        caption=caption,
        stub=say("reliability.scale"),
        columns=[
            Column(
                heading=say("reliability.coefficient"),
                show="statistic",
                names={code: say(f"reliability.{code}") for code in coefficients},
            ),
            Column(heading=say("reliability.estimate")),
            Column(heading=say("scores.interval"), show="interval"),
            Column(heading=say("reliability.above", limit=limit), show="above_70"),
            Column(heading=say("reliability.n_items"), show="n_items"),
            Column(heading=say("scores.answered_by"), show="n"),
            Column(
                heading=say("reliability.gate"),
                words={scale: say(f"gate.{verdict}", limit=limit) for scale, verdict in verdicts.items()},
            ),
        ],
        labels=edition.labels,
        by="row",
        muted=[scale for scale, verdict in verdicts.items() if verdict in UNDER],
    )


def certainty(edition: Edition, title: str, reliability: Released, gate: Released, *parts: str | Table) -> Section:
    """Return how sure and how done: reliability, what is hidden, the methods in plain words."""
    say = edition.texts.say
    scales = reliability_table(edition, reliability, gate, say("certainty.table_caption"))
    methods = paragraphs(
        [
            *_shown_from(edition),
            say("certainty.method"),
            _weighted(edition),
            _ladder(edition),
        ]
    )
    return section(
        title,
        paragraphs(
            [reliability_sentence(gate, edition.labels, edition.texts), say("certainty.nonresponse")], kind="answer"
        ),
        *parts,
        folded(say("certainty.scales"), scales.html),
        folded(say("certainty.methods"), methods),
        released=[reliability, gate],
    )


def method(edition: Edition, *, n_boot: int) -> Section:
    """Return how the numbers of the technical notebooks were computed."""
    say = edition.texts.say
    return section(
        say("method.heading"),
        paragraphs(
            [
                _weighted(edition),
                say("method.reliability"),
                say("method.drivers", n_boot=edition.texts.number(n_boot, 0)),
                _ladder(edition),
                say(
                    "method.benchmark_internal" if edition.norm_is_internal else "method.benchmark",
                    margin=edition.texts.number(edition.study.margin, 2),
                ),
                *_shown_from(edition),
            ]
        ),
    )


def _shown_from(edition: Edition) -> list[str]:
    """Return from how many answers which numbers are shown, and how they are rounded."""
    say, policy = edition.texts.say, edition.study.policy
    return [
        say("certainty.hidden", minimum=policy.minimum_group),
        say(
            "certainty.shown_from",
            spread=policy.minimum_spread,
            shares=policy.minimum_extremes,
            distribution=policy.minimum_distribution,
            exact=policy.exact_n,
        ),
        say("certainty.rounding", exact=policy.exact_n),
    ]


def provenance(edition: Edition, department: str) -> Section:
    """Return the run card of a department or the organisation: data, parameters, versions, seed; no path, no name."""
    say, study = edition.texts.say, edition.study
    parameters = sha256(study.model_dump_json(exclude=WHERE).encode()).hexdigest()
    norm = edition.norm
    pairs = [
        ("study", study.name),
        ("wave", edition.wave),
        ("questionnaire", f"{study.questionnaire.name} {study.questionnaire.version}"),
        ("data", edition.fingerprint(department)[:FINGERPRINT]),
        ("parameters", parameters[:FINGERPRINT]),
        ("norm", norm.name if norm is not None else "–"),
        ("policy", say("provenance.policy_value", minimum=study.policy.minimum_group)),
        ("seed", str(study.seed)),
        ("versions", versions()),
    ]
    card = facts(say("provenance.caption"), [(say(f"provenance.{name}"), value) for name, value in pairs])
    return section(say("provenance.heading"), folded(say("provenance.caption"), card))


@cache
def versions() -> str:
    """Return what the numbers were made with; looked up once, because that reads files of every package."""
    return ", ".join([f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in PACKAGES)])


def _weighted(edition: Edition) -> str:
    return "" if edition.study.responses.columns.weight is None else edition.texts.say("method.weighted")


def _ladder(edition: Edition) -> str:
    return edition.texts.say("method.ladder", blocks=BLOCKS_FROM, below=DRIVERS_FROM - 1, drivers=DRIVERS_FROM)


def scores_table(edition: Edition, summary: Released) -> Table:
    """Return the means of all questions and blocks, with the shares of who is satisfied and who is not."""
    say = edition.texts.say
    return table(
        summary,
        texts=edition.texts,
        caption=say("scores.table_caption"),
        stub=say("scores.question"),
        columns=[
            Column(heading=say("scores.mean"), statistic="mean"),
            Column(heading=say("scores.interval"), statistic="mean", show="interval"),
            Column(heading=say("scores.satisfied"), statistic="satisfied"),
            Column(heading=say("scores.dissatisfied"), statistic="dissatisfied"),
            Column(heading=say("scores.answered_by"), statistic="mean", show="n"),
        ],
        labels=edition.labels,
    )
