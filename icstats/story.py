"""Sentences made from released numbers: the answer first, in the reader's language.

Only :class:`icstats.disclosure.Released` comes in, so no sentence can say what may not be shown; a sentence whose
number is hidden is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from icstats.limits import RELIABLE_FROM, VERDICTS
from icstats.written import written_n

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from icstats.disclosure import Released, ReleasedRow
    from icstats.texts import Texts

__all__ = [
    "CANNOT_TELL",
    "UNDER",
    "agreement_sentences",
    "answered_sentence",
    "below_sentence",
    "best_and_worst_sentence",
    "block_sentence",
    "comparison_sentence",
    "drivers_sentence",
    "either",
    "explained_sentence",
    "gate_verdicts",
    "highest_and_lowest_sentence",
    "inherited_leading_sentence",
    "item_rest_sentence",
    "leading_sentence",
    "left_out_sentence",
    "lowest_sentence",
    "mark_sentence",
    "model_sentence",
    "organisation_sentence",
    "overall_leading_sentence",
    "reliability_sentence",
    "unreliable_sentence",
    "verdict_counts",
    "verdict_sentences",
]

CANNOT_TELL = "cannot_tell"
MOST_NAMED = 3
"""More names at one end are no answer to which is highest or lowest."""

MOST_LISTED = 4
"""Names that a sentence about the norm holds at most."""

BELOW = ("slightly_below", "clearly_below")
DIFFERING = frozenset({"clearly_above", "slightly_above", *BELOW})

UNDER = ("under_limit", "surely_under")
JUDGED = frozenset({"reliable", *UNDER})
"""Verdicts of the reliability gate on a scale that has an interval."""


def answered_sentence(n: str, invited: int | None, texts: Texts, *, rated: bool = False) -> str:
    """Return who answered, from n as it may be shown: exact, or a band such as ``40–49``.

    With a band no rate is given: the rate and the number invited would give n exactly. ``invited`` is not within the
    band. ``rated`` counts ratings of several departments, of which one customer can give more.
    """
    if not n.isdecimal():
        low, high = written_n(n, texts).split("–")
        key = "rated_between" if rated else "answered_band" if invited is None else "answered_between"
        return texts.say(f"masthead.{key}", low=low, high=high, invited=texts.number(invited or 0, 0))
    if rated or invited is None:
        return texts.say("masthead.rated" if rated else "masthead.answered", n=written_n(n, texts))
    rate = texts.percent(min(int(n) / invited, 1.0))
    return texts.say("masthead.answered_of", n=written_n(n, texts), invited=texts.number(invited, 0), rate=rate)


def mark_sentence(
    summary: Released, comparison: Released | None, *, outcome: str, department: str, norm_name: str, texts: Texts
) -> str:
    """Return the mark and how it compares with the norm; empty when the mark is hidden."""
    mark = _shown(summary, outcome, "mean")
    if mark is None:
        return ""
    words = {
        "department": department,
        "mark": texts.number(mark.estimate, 1),
        "minimum": texts.number(mark.extras["minimum"], 0),
        "maximum": texts.number(mark.extras["maximum"], 0),
    }
    norm = _shown(comparison, outcome, "norm") if comparison else None
    verdict = _shown(comparison, outcome, "difference") if comparison else None
    if norm is None or verdict is None:
        return texts.say("summary.no_norm", **words)
    return texts.say(
        f"summary.{verdict.extras['verdict']}", **words, norm_name=norm_name, norm=texts.number(norm.estimate, 1)
    )


def organisation_sentence(summary: Released, *, outcome: str, texts: Texts) -> str:
    """Return the mark of all customers together; empty when it is hidden."""
    mark = _shown(summary, outcome, "mean")
    if mark is None:
        return ""
    return texts.say(
        "summary.overview",
        mark=texts.number(mark.estimate, 1),
        minimum=texts.number(mark.extras["minimum"], 0),
        maximum=texts.number(mark.extras["maximum"], 0),
    )


def overall_leading_sentence(importance: Released, blocks: Sequence[str], texts: Texts) -> str:
    """Return which block leads in the organisation as a whole."""
    if importance.verdict == CANNOT_TELL:
        return texts.say("summary.overview_cannot_tell", blocks=either(blocks, texts))
    if not importance.verdict:
        return ""
    return texts.say("summary.overview_leading", block=texts.say(f"block_in_sentence.{importance.verdict}"))


def block_sentence(importance: Released, blocks: Sequence[str], texts: Texts) -> str:
    """Return which block goes together most with satisfaction, with its share, or that the answers cannot tell."""
    if importance.verdict == CANNOT_TELL:
        return texts.say("why.cannot_tell", blocks=either(blocks, texts))
    leading = _shown(importance, importance.verdict, "shapley_share")
    if leading is None:
        return texts.say("why.none")
    return texts.say(
        "why.leading",
        block=texts.say(f"block_in_sentence.{importance.verdict}"),
        share=texts.percent(leading.estimate),
        low=texts.percent(leading.conf_low),
        high=texts.percent(leading.conf_high),
    )


def either(blocks: Sequence[str], texts: Texts) -> str:
    """Return blocks as alternatives: the products, the process or the customer orientation."""
    names = [texts.say(f"block_in_sentence.{block}") for block in blocks]
    return texts.say("summary.or", first=", ".join(names[:-1]), last=names[-1]) if len(names) > 1 else names[0]


def highest_and_lowest_sentence(summary: Released, blocks: Sequence[str], texts: Texts) -> str:
    """Return which blocks score highest and lowest, or that they score alike as far as may be shown."""
    names = {block: texts.say(f"block_in_sentence.{block}") for block in blocks}
    ends = _ends(_means(summary, blocks), names, texts)
    if not ends:
        return ""
    return texts.say("summary.highest_lowest" if "low" in ends else "summary.alike", **ends)


def best_and_worst_sentence(summary: Released, labels: Mapping[str, str], items: Sequence[str], texts: Texts) -> str:
    """Return which questions are judged best and worst, or that all are judged alike."""
    names = {item: _quoted(labels[item], texts) for item in items}
    ends = _ends(_means(summary, items), names, texts)
    if not ends:
        return ""
    return texts.say("scores.best" if "low" in ends else "scores.all_alike", **ends)


def lowest_sentence(summary: Released, labels: Mapping[str, str], items: Sequence[str], texts: Texts) -> str:
    """Return which questions are judged worst, of which the weight is not known; empty where all are judged alike."""
    ends = _ends(_means(summary, items), {item: _quoted(labels[item], texts) for item in items}, texts)
    return texts.say("priority.lowest", lowest=ends["lowest"], low=ends["low"]) if "low" in ends else ""


def _ends(means: Mapping[str, float], names: Mapping[str, str], texts: Texts) -> dict[str, str]:
    """Return the highest and the lowest with their means, equals together.

    Only one end when all are equal; nothing when too many share an end.
    """
    if len(means) < 2:  # noqa: PLR2004  it takes two to differ
        return {}
    high, low = max(means.values()), min(means.values())
    ends = {
        "highest": texts.listing([names[code] for code in means if means[code] == high]),
        "high": texts.number(high, 1),
    }
    if low < high:
        lowest = texts.listing([names[code] for code in means if means[code] == low])
        ends |= {"lowest": lowest, "low": texts.number(low, 1)}
    return ends


def leading_sentence(
    importance: Released,
    blocks: Sequence[str],
    texts: Texts,
    *,
    comparison: Released | None = None,
    department: str = "",
    norm_name: str = "",
) -> str:
    """Return in a few words which block leads for this department, and how it scores there if that differs."""
    if importance.verdict == CANNOT_TELL:
        return texts.say("summary.cannot_tell", blocks=either(blocks, texts))
    if not importance.verdict:
        return ""
    verdict = _verdict(comparison, importance.verdict)
    return texts.say(
        f"summary.leading_{verdict}" if verdict in DIFFERING else "summary.leading",
        block=texts.say(f"block_in_sentence.{importance.verdict}"),
        department=department,
        norm_name=norm_name,
    )


def inherited_leading_sentence(importance: Released, blocks: Sequence[str], texts: Texts) -> str:
    """Return in a few words which block leads in the organisation, for a department too small for its own."""
    if importance.verdict == CANNOT_TELL:
        return texts.say("summary.organisation_cannot_tell", blocks=either(blocks, texts))
    if not importance.verdict:
        return ""
    return texts.say("summary.organisation_leading", block=texts.say(f"block_in_sentence.{importance.verdict}"))


def below_sentence(comparison: Released | None, blocks: Sequence[str], texts: Texts, *, norm_name: str) -> str:
    """Return which of these blocks score below the norm; empty where none does."""
    named = {
        kind: [texts.say(f"block_in_sentence.{block}") for block in blocks if _verdict(comparison, block) == kind]
        for kind in BELOW
    }
    return " ".join(verdict_sentences(named, texts, norm_name=norm_name))


def explained_sentence(importance: Released, blocks: Sequence[str], texts: Texts) -> str:
    """Return how much of the differences in satisfaction these blocks explain."""
    row = _shown(importance, "model", "r_squared")
    if row is None:
        return ""
    names = texts.listing([texts.say(f"block_in_sentence.{block}") for block in blocks])
    key = "why.explained" if len(blocks) > 1 else "why.explained_one"
    return texts.say(key, blocks=names, r_squared=texts.percent(row.estimate))


def model_sentence(model: Released, texts: Texts) -> str:
    """Return how much of the differences the linear model explains."""
    row = _shown(model, "model", "r_squared")
    return "" if row is None else texts.say("regression.answer", r_squared=texts.percent(row.estimate))


def drivers_sentence(importance: Released, labels: Mapping[str, str], items: Sequence[str], texts: Texts) -> str:
    """Return the questions with the two largest shares as they are shown; of equal shares all, or none if many."""
    rows = {item: _shown(importance, item, "lmg_share") for item in items}
    shares = {item: row.estimate for item, row in rows.items() if row is not None}
    if len(shares) < 2:  # noqa: PLR2004  it takes two to compare
        return "".join(texts.say("drivers.answer_one", first=_quoted(labels[item], texts)) for item in shares)
    first, second, *_ = (*sorted(set(shares.values()), reverse=True), float("nan"))
    firsts, seconds = (
        [_quoted(labels[item], texts) for item in shares if shares[item] == one] for one in (first, second)
    )
    told = {"first": texts.listing(firsts), "second": texts.listing(seconds), "share_first": texts.percent(first)}
    if len(firsts) > MOST_NAMED:
        return texts.say("drivers.answer_many")
    if len(firsts) > 1:
        return texts.say("drivers.answer_tied", **told)
    if len(seconds) > MOST_NAMED:
        return texts.say("drivers.answer_most", **told)
    key = "drivers.answer" if len(seconds) == 1 else "drivers.answer_then"
    return texts.say(key, **told, share_second=texts.percent(second))


def comparison_sentence(comparison: Released, labels: Mapping[str, str], texts: Texts, *, norm_name: str) -> str:
    """Return what lies above and below the norm, by name, the largest difference first."""
    shown = [_shown(comparison, variable, "difference") for variable in comparison.variables]
    rows = sorted((row for row in shown if row is not None), key=lambda row: -abs(row.estimate))
    named = {
        kind: [_quoted(labels[row.variable], texts) for row in rows if row.extras["verdict"] == kind]
        for kind in VERDICTS
    }
    return " ".join(verdict_sentences(named, texts, norm_name=norm_name))


def verdict_sentences(
    named: Mapping[str, Sequence[str]], texts: Texts, *, norm_name: str, kind: str = "questions"
) -> list[str]:
    """Return a sentence per verdict with the names it is about; of many, those that do not differ are counted.

    ``kind`` is what is counted: questions or departments.
    """
    total = sum(map(len, named.values()))
    return [
        texts.say(f"benchmark.{verdict}", norm_name=norm_name, names=_told(names, verdict, total, kind, texts))
        for verdict, names in named.items()
        if names
    ]


def _told(names: Sequence[str], verdict: str, total: int, kind: str, texts: Texts) -> str:
    if verdict not in DIFFERING and total > MOST_LISTED:
        return texts.say(f"benchmark.of_{kind}", n=len(names), total=total)
    shown = list(names if len(names) <= MOST_LISTED else names[: MOST_LISTED - 1])
    others = [texts.say("grammar.more", n=len(names) - len(shown))] if len(names) > len(shown) else []
    return texts.listing([*shown, *others])


def _verdict(comparison: Released | None, variable: str) -> str:
    row = _shown(comparison, variable, "difference")
    return "" if row is None else str(row.extras["verdict"])


def reliability_sentence(gate: Released, labels: Mapping[str, str], texts: Texts) -> str:
    """Return which scales are reliable enough, judged by the lower limit of their interval, and which have none."""
    verdicts = gate_verdicts(gate)
    judged = [scale for scale, verdict in verdicts.items() if verdict in JUDGED]
    if not judged:
        return texts.say("certainty.unknown")
    limit = texts.number(RELIABLE_FROM, 2)
    weak, worse = ([_quoted(labels[scale], texts) for scale in judged if verdicts[scale] == one] for one in UNDER)
    without = [_quoted(labels[scale], texts) for scale in gate.variables if scale not in judged]
    not_given = texts.say("certainty.not_given", scales=texts.listing(without)) if without else ""
    if weak or worse:
        some = texts.say("certainty.some", scales=texts.listing(weak), limit=limit) if weak else ""
        surely = texts.say("certainty.surely_under", scales=texts.listing(worse), limit=limit) if worse else ""
        return " ".join(filter(None, (surely, some, not_given)))
    good = texts.say("certainty.others_good" if without else "certainty.good", limit=limit)
    return f"{not_given} {good}".lstrip()


def left_out_sentence(gate: Released, scales: Sequence[str], labels: Mapping[str, str], texts: Texts) -> str:
    """Return which of these scales failed the gate as far as it may be told, so that drivers do not rest on them."""
    verdicts = gate_verdicts(gate)
    told = [_quoted(labels[scale], texts) for scale in scales if verdicts.get(scale) in UNDER]
    if not told:
        return ""
    return texts.say("why.left_out", scales=texts.listing(told), limit=texts.number(RELIABLE_FROM, 2))


def unreliable_sentence(texts: Texts) -> str:
    """Return that the gate leaves too few scales for drivers."""
    return texts.say("why.unreliable", limit=texts.number(RELIABLE_FROM, 2))


def gate_verdicts(gate: Released) -> dict[str, str]:
    """Return the verdict on each scale; one whose interval may not be shown is unknown, a hidden one is left out."""
    rows = {scale: _shown(gate, scale, "reliability") for scale in gate.variables}
    return {scale: _gate_verdict(row) for scale, row in rows.items() if row is not None}


def _gate_verdict(row: ReleasedRow) -> str:
    verdict = str(row.extras["verdict"])
    if not verdict or (verdict in JUDGED and np.isnan(row.conf_low)):
        return "unknown"  # withheld at the door
    return "surely_under" if verdict == "under_limit" and row.conf_high < RELIABLE_FROM else verdict


def agreement_sentences(agreement: Released, labels: Mapping[str, str], texts: Texts) -> list[str]:
    """Return on what departments can be told apart by their means, and how many ratings the first of it takes."""
    means = {variable: _shown(agreement, variable, "icc2") for variable in agreement.variables}
    lower = {
        variable: row.conf_low for variable, row in means.items() if row is not None and row.conf_low == row.conf_low
    }
    if not lower:
        return [texts.say("agreement.unknown")]
    limit = texts.number(RELIABLE_FROM, 2)
    weak = [_quoted(labels[variable], texts) for variable, low in lower.items() if low < RELIABLE_FROM]
    first = next(iter(lower))
    needed = _shown(agreement, first, "raters_70")
    raters = ""
    if needed is not None and needed.estimate == needed.estimate:
        raters = _raters_sentence(needed, labels[first], texts)
    some = texts.say("agreement.some", scales=texts.listing(weak), limit=limit)
    return [some if weak else texts.say("agreement.good", limit=limit), raters]


def _raters_sentence(needed: ReleasedRow, label: str, texts: Texts) -> str:
    ends = {"raters": needed.estimate, "low": needed.conf_low, "high": needed.conf_high}
    counts = {end: texts.number(value, 0) for end, value in ends.items() if not np.isnan(value)}
    between = "raters" if "low" not in counts else "raters_between" if "high" in counts else "raters_from"
    key = "rater" if counts["raters"] == "1" else between
    return texts.say(f"agreement.{key}", label=label, limit=texts.number(RELIABLE_FROM, 2), **counts)


def item_rest_sentence(statistics: Released, labels: Mapping[str, str], texts: Texts) -> str:
    """Return which questions go against the rest of their scale."""
    rows = [_shown(statistics, item, "item_rest") for item in statistics.variables]
    against = [labels[row.variable] for row in rows if row is not None and row.estimate < 0]
    if against:
        return texts.say("item_statistics.negative", items=texts.listing([_quoted(one, texts) for one in against]))
    return texts.say("item_statistics.answer") if any(row is not None for row in rows) else ""


def verdict_counts(verdicts: Sequence[str], texts: Texts) -> str:
    """Return how many verdicts there are of each kind: 3 a little above, 2 about the same."""
    return texts.listing(
        [texts.say(f"verdict_count.{kind}", n=verdicts.count(kind)) for kind in VERDICTS if kind in verdicts]
    )


def _quoted(label: str, texts: Texts) -> str:
    return texts.say("grammar.quoted", words=label)


def _means(summary: Released, variables: Sequence[str]) -> dict[str, float]:
    rows = {variable: _shown(summary, variable, "mean") for variable in variables}
    return {variable: row.estimate for variable, row in rows.items() if row is not None}


def _shown(released: Released | None, variable: str, statistic: str) -> ReleasedRow | None:
    row = released.row(variable, statistic) if released is not None else None
    return None if row is None or row.mark == "hidden" else row
