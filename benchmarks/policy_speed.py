"""How long does it take to decide what may be shown of a large survey? Writes its section of ``results.md``.

The whole policy on two waves: counts, who joined or left, both decisions and what they allow together, in processor
time. Run: ``python benchmarks/policy_speed.py`` (some seconds).
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from tables import SPEED, write_section

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from attacks.organisation import BLOCKS  # noqa: E402  the made-up surveys live with the tests
from small_survey import item as question  # noqa: E402
from small_survey import questionnaire, text  # noqa: E402

from icstats.ledger import open_ledger  # noqa: E402
from icstats.questionnaire import Scale  # noqa: E402
from icstats.scales import score_items, valid_counts  # noqa: E402
from icstats.study import Policy  # noqa: E402
from icstats.turnover import moved  # noqa: E402

POLICY = Policy()


def large_survey(n_departments: int = 200, n_items: int = 30) -> tuple[float, int]:
    """Return the seconds of the whole policy on two waves of a large survey, and the number of ratings."""
    rng = np.random.default_rng(1)
    codes = [f"Q{number}" for number in range(n_items)]
    blocks = {block: codes[place :: len(BLOCKS)] for place, block in enumerate(BLOCKS)}
    block_of = {code: block for block, own in blocks.items() for code in own}
    asked = questionnaire(
        *(question(code, block_of[code], scale=block_of[code]) for code in codes),
        question("SA1", "outcome"),
        scales=tuple(Scale.model_validate({"code": b, "block": b, "label": text(b)}) for b in BLOCKS),
    )
    sizes = np.clip(rng.lognormal(3.6, 1, n_departments), 3, 900).astype(int)
    departments = [f"d{place}" for place in range(n_departments)]
    levels = rng.normal(3.7, 0.4, n_departments)
    waves = []
    for start in (0, 100_000):
        place = np.repeat(np.arange(n_departments), sizes)
        drawn = np.rint(levels[place][:, None] + rng.normal(0, 1, (len(place), n_items + 1)))
        wave = pd.DataFrame(np.clip(drawn, 1, 5), columns=[*codes, "SA1"])
        waves.append(
            wave.assign(
                department=np.array(departments)[place], role="customer", respondent=start + np.arange(len(place))
            )
        )
    begun = time.process_time()
    earlier, now = (valid_counts(wave, asked, departments=departments) for wave in waves)
    people = moved(waves[1], [waves[0]], asked).reindex(departments, fill_value=0)
    parts = score_items(asked)
    ledgers = [
        open_ledger(counts, policy=POLICY, parts=parts)
        for counts in (earlier, now.assign(moved=people.to_numpy().ravel()))
    ]
    ledgers[1].along_with(ledgers[0])
    return time.process_time() - begun, sum(map(len, waves))


def main() -> None:
    """Time it once, print it and write it."""
    seconds, n_ratings = large_survey()
    told = f"""Made by `benchmarks/policy_speed.py`. The whole policy on 200 departments x 30 items x 2 waves
({n_ratings:,} ratings: counts, who joined or left, both decisions, what they allow together): {seconds:.1f} s of
processor time."""
    write_section(SPEED, "How long it takes to decide what may be shown", told)


if __name__ == "__main__":
    main()
