"""What a batch costs, against the loop that users write: ``papermill`` then ``jupyter nbconvert``, per notebook.

Run with ``python benchmarks/batch_speed.py [departments]``: prints the table and writes it into ``results.md`` beside
this file. The last rows are of so many departments, 2,000 unless said otherwise, which takes half an hour.
The loop is timed on the notebooks of two departments and scaled. Wall time depends on who else uses the machine, so
the processor time of everything that a command starts is counted too; ratios within one run are what counts. Linux
only: processes that a command leaves behind are waited for, and counted.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from threading import Thread
from typing import TYPE_CHECKING

import psutil
from tables import SPEED, table, write_section

from icstats.decisions import differing_before, together_before
from icstats.questionnaire import read_questionnaire
from icstats.study import ORGANISATION, read_study

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from icstats.questionnaire import ResponseScale

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
SAMPLE = ("hr", "legal-affairs")
NOTEBOOKS = ("department_report", "reliability", "drivers", "benchmark")
SMALL = {
    "department_report": ("report.masthead()", "report.scores()"),
    "overview": ("overview.masthead()",),
}
WORKERS = 2
MANY = int(sys.argv[1]) if sys.argv[1:] else 2000
RATERS = (4, 40)
"""Fewest and most customers who rate one of the many departments: some of them are too few to be shown."""
BECOME_REAPER = 36
"""PR_SET_CHILD_SUBREAPER: processes that lose their parent become ours."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Seconds on the clock, seconds of processors, megabytes of the largest process."""

    wall: float
    cpu: float
    peak: float = 0.0


def cost_of(command: list[str], *, watch: Callable[[psutil.Process], None] | None = None) -> Cost:
    """Run a command to its end, and wait for all that it leaves behind."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, env=environment, **quiet) as one:  # noqa: S603  our own commands
        if watch is not None:
            Thread(target=watch, args=(psutil.Process(one.pid),), daemon=True).start()
        peak = 0.0
        process = psutil.Process(one.pid)
        while one.poll() is None:
            with suppress(psutil.Error):
                peak = max(peak, process.memory_info().rss / 2**20)
            time.sleep(0.05)
        wall = time.monotonic() - started
        if one.returncode:
            raise SystemExit(f"{command} ended with {one.returncode}: {one.stderr.read()[-2000:]!r}")
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall=wall, cpu=cpu, peak=peak)


def loop(study: Path, folder: Path) -> Cost:
    """Return what one notebook costs in the loop, on average."""
    costs = []
    for department in SAMPLE:
        for notebook in NOTEBOOKS:
            target = folder / f"{department}-{notebook}.ipynb"
            template = f"notebooks/{notebook}.ipynb"
            asked = ["-p", "study", str(study.relative_to(ROOT)), "-p", "department", department]
            costs.append(cost_of([str(BIN / "papermill"), template, str(target), *asked, "-k", "icstats"]))
            costs.append(cost_of([str(BIN / "jupyter"), "nbconvert", "--to", "html", str(target)]))
    n = len(SAMPLE) * len(NOTEBOOKS)
    return Cost(wall=sum(one.wall for one in costs) / n, cpu=sum(one.cpu for one in costs) / n)


def bare_cells(study: Path) -> float:
    """Return the processor seconds of the cells of one notebook in a warm process, on average.

    Of the same notebooks as the difference of two runs: those of all departments but the first of the sample.
    """
    departments = [one.slug for one in read_study(study).departments if one.slug != SAMPLE[0]]
    program = (
        "import sys, time, nbformat, icstats.warm\n"
        "spent = []\n"
        f"for department in {departments!r}:\n"
        f"    for name in {NOTEBOOKS!r}:\n"
        "        cells = nbformat.read(f'notebooks/{name}.ipynb', 4).cells\n"
        "        space = {}\n"
        "        started = time.process_time()\n"
        "        for cell in (cell for cell in cells if cell.cell_type == 'code'):\n"
        "            if 'parameters' in cell.metadata.get('tags', ()):\n"
        f"                space |= dict(study={str(study.relative_to(ROOT))!r}, department=department)\n"
        "                space |= dict(language='', wave='')\n"
        "                continue\n"
        "            *body, last = cell.source.strip().split('\\n')\n"
        "            exec('\\n'.join(body), space)\n"
        "            if last.startswith('report.'):\n"
        "                eval(last, space)._repr_mimebundle_()\n"
        "            else:\n"
        "                exec(last, space)\n"
        "        spent.append(time.process_time() - started)\n"
        "print(sum(spent) / len(spent))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603
    return float(done.stdout)


def own_memory(into: list[float]) -> Callable[[psutil.Process], None]:
    """Return a watcher that notes what each process at work has for itself alone, in megabytes."""

    def watch(process: psutil.Process) -> None:
        with suppress(psutil.Error):
            while process.is_running():
                for one in process.children(recursive=True):
                    with suppress(psutil.Error):
                        if one.parent() != process:
                            into.append(one.memory_full_info().uss / 2**20)
                time.sleep(0.3)

    return watch


def example_study(folder: Path) -> Path:
    """Write the example study with prepared answers of its own, so that it starts cold."""
    study = ROOT / "params" / ".speed.yaml"
    text = (ROOT / "params" / "example.yaml").read_text(encoding="utf-8")
    study.write_text(f"{text}store: {folder / 'store'}\n", encoding="utf-8")
    return study


def answer(scale: ResponseScale, liking: float, random: Random) -> int:
    """Return an answer of somebody who likes a department so much."""
    width = scale.maximum - scale.minimum
    wanted = round((scale.minimum + scale.maximum) / 2 + width / 5 * (liking + random.gauss(0, 1)))
    return min(max(wanted, scale.minimum), scale.maximum)


def many_departments(folder: Path) -> Path:
    """Write a study of many departments with small notebooks."""
    for name in ("params", "data", "notebooks"):
        (folder / name).mkdir(parents=True)
    source = (ROOT / "params" / "example.yaml").read_text(encoding="utf-8").partition("  - {slug: it")[0]
    slugs = [f"d-{number}" for number in range(MANY)]
    lines = "".join(f"  - {{slug: {slug}, name: {{en: {slug}, nl: {slug}}}}}\n" for slug in slugs)
    source = source.replace("departments:\n", "notebooks: [department_report]\ndepartments:\n")
    source = source.replace("../data/example/responses.csv", "../data/many.csv").replace(
        "  attributes: [unit, tenure, location]\n", ""
    )
    source = source.replace("    role: role ", "    # ").replace("../data/norms", str(ROOT / "data" / "norms"))
    for aside in ("agreements: ", "selection: ", "themes: "):
        source = source.replace(aside, "# ")
    source = source.replace("questionnaires/", f"{ROOT}/params/questionnaires/").replace(
        "policy: policy", f"policy: {ROOT}/params/policy"
    )
    study = folder / "params" / "many.yaml"
    study.write_text(source + lines, encoding="utf-8")
    bank = read_questionnaire(ROOT / "params" / "questionnaires" / "internal_customer.yaml")
    scales = {one.code: bank.response_scale(one.code) for one in bank.items if one.responses and one.block != "mirror"}
    items = list(scales)
    random = Random(1)  # noqa: S311  answers, not secrets
    rows = []
    for slug in slugs:
        liking = random.uniform(-1, 1)
        for person in range(random.randint(*RATERS)):
            answers = [str(answer(scale, liking + random.gauss(0, 1), random)) for scale in scales.values()]
            rows.append(f"{slug}-{person},{slug},2026,{','.join(answers)}")
    header = ",".join(["respondent", "department", "wave", *items])
    (folder / "data" / "many.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    for name, shown in SMALL.items():
        text = small(ROOT / "notebooks" / f"{name}.ipynb", shown)
        (folder / "notebooks" / f"{name}.ipynb").write_text(text, encoding="utf-8")
    return study


def small(template: Path, shown: Sequence[str]) -> str:
    """Return a notebook with only those sections, and what opens the report."""
    notebook = json.loads(template.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    notebook["cells"] = [cell for cell in code if " = " in cell["source"][-1] or cell["source"][-1] in shown]
    return json.dumps(notebook)


def change_answers(study: Path) -> str:
    """Give customers of the department with most of them each other's answer to one question, and return its slug.

    One answer alone is refused: beside what was released, it would tell what that person answers now. The mean stays,
    so that no verdict on another department changes with it.
    """
    file = study.parents[1] / "data" / "many.csv"
    rows = [line.split(",") for line in file.read_text(encoding="utf-8").splitlines()]
    slug, _ = Counter(row[1] for row in rows[1:]).most_common(1)[0]
    own = [row for row in rows if row[1] == slug]
    for row, answer_of_next in zip(own, [row[3] for row in (*own[1:], own[0])], strict=True):
        row[3] = answer_of_next
    file.write_text("\n".join(map(",".join, rows)) + "\n", encoding="utf-8")
    return slug


def decided(study: Path) -> dict[str, tuple[list[str], object]]:
    """Return what was decided of each department among all: verdicts that stand, and its place beside the others."""
    read = read_study(study)
    stand, told = differing_before(read, wave=read.wave).cells, together_before(read, wave=read.wave).rows
    variables: dict[str, list[str]] = {}
    for place, variable in sorted(stand):
        variables.setdefault(place, []).append(variable)
    return {place: (variables.get(place, []), told.get(place)) for place in {*variables, *told}}


def made_again(outputs: Path, before: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """Return how many notebooks of each department are not what they were."""
    now = notebooks_in(outputs)
    changed = [Path(name) for name, content in now.items() if before.get(name) != content]
    places = [ORGANISATION if file.stem == "overview" else file.parent.name for file in changed]
    return {place: places.count(place) for place in dict.fromkeys(places)}


def notebooks_in(outputs: Path) -> dict[str, tuple[int, int]]:
    """Return every executed notebook, as the file system tells one that was written again."""
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in sorted(outputs.rglob("*.ipynb"))}


def both_over_time(into: dict[str, list[tuple[float, int]]]) -> Callable[[psutil.Process], None]:
    """Return a watcher that notes megabytes and open files of the process that waits and of the server it copies."""

    def watch(process: psutil.Process) -> None:
        with suppress(psutil.Error):
            while process.is_running():
                servers = [one for one in process.children() if "forkserver" in " ".join(one.cmdline())]
                for who, one in (("the process that waits", process), *(("the server", one) for one in servers)):
                    into.setdefault(who, []).append((one.memory_info().rss / 2**20, one.num_fds()))
                time.sleep(1)

    return watch


def level(seen: Sequence[tuple[float, int]]) -> str:
    """Return memory and open files halfway a run and in its last tenth: by half, all that is read is read."""
    tenth, half = max(len(seen) // 10, 1), len(seen) // 2
    (early, files), (late, files_late) = (
        [sorted(values)[len(values) // 2] for values in zip(*part, strict=True)]
        for part in (seen[half : half + tenth], seen[-tenth:])
    )
    return f"{early:.0f} MB and {files:.0f} open files halfway, {late:.0f} MB and {files_late:.0f} at the end"


def rows(folder: Path) -> Iterator[tuple[str, str, str, str]]:
    """Measure, and return what was measured, in words."""
    icstats = [sys.executable, "-m", "icstats", "run"]
    study = example_study(folder)
    try:
        one = loop(study, folder)
        yield "loop: papermill, then nbconvert, per notebook", f"{one.wall:.1f} s", f"{one.cpu:.1f} s", ""
        shutil.rmtree(folder / "store", ignore_errors=True)

        used: list[float] = []
        whole = cost_of(
            [*icstats, str(study), "--outputs", str(folder / "a"), "--workers", str(WORKERS)], watch=own_memory(used)
        )
        n = len(list((folder / "a").rglob("*.ipynb")))
        against = f"{n * one.wall / whole.wall:.1f} × the loop ({n * one.cpu / whole.cpu:.1f} × in processor time)"
        yield (
            f"example study, all {n} notebooks, {WORKERS} workers, from cold",
            f"{whole.wall:.1f} s",
            f"{whole.cpu:.1f} s",
            against,
        )

        again = cost_of([*icstats, str(study), "--outputs", str(folder / "a")])
        yield "example study, nothing changed", f"{again.wall:.2f} s", f"{again.cpu:.2f} s", f"{again.peak:.0f} MB"

        shutil.rmtree(folder / "store", ignore_errors=True)
        first = cost_of([*icstats, str(study), "--outputs", str(folder / "b"), "--department", SAMPLE[0]])
        against = f"{5 * one.wall / first.wall:.1f} × the loop ({5 * one.cpu / first.cpu:.1f} × in processor time)"
        yield (
            "one department and the overview (5 notebooks), from cold",
            f"{first.wall:.1f} s",
            f"{first.cpu:.1f} s",
            against,
        )

        steady = Cost(wall=(whole.wall - first.wall) / (n - 5), cpu=(whole.cpu - first.cpu) / (n - 5))
        against = f"{one.wall / steady.wall:.1f} × the loop ({one.cpu / steady.cpu:.1f} × in processor time)"
        yield "a notebook more (difference of the two above)", f"{steady.wall:.2f} s", f"{steady.cpu:.2f} s", against

        bare = bare_cells(study)
        yield (
            "its cells alone in a warm process",
            "",
            f"{bare:.2f} s",
            f"a notebook more costs {steady.cpu / bare:.2f} × this",
        )

        yield (
            "memory that a worker has for itself",
            "",
            "",
            f"{max(used, default=0):.0f} MB at most, the one that prepares the answers included",
        )
    finally:
        study.unlink()

    many = many_departments(folder / "many")
    outputs = folder / "many" / "outputs"
    command = [*icstats, str(many), "--outputs", str(outputs), "--workers", str(WORKERS)]
    seen: dict[str, list[tuple[float, int]]] = {}
    whole = cost_of(command, watch=both_over_time(seen))
    told = "; ".join(f"{who}: {level(values)}" for who, values in seen.items())
    yield f"{MANY} departments, a small notebook each", f"{whole.wall:.0f} s", f"{whole.cpu:.0f} s", told

    again = cost_of(command)
    yield f"{MANY} departments, nothing changed", f"{again.wall:.2f} s", f"{again.cpu:.2f} s", f"{again.peak:.0f} MB"

    before, stood, slug = notebooks_in(outputs), decided(many), change_answers(many)
    once_more = cost_of(command)
    found, stands = made_again(outputs, before), decided(many)
    follow = {place for place in found if stood.get(place) != stands.get(place)}
    if set(found) - {slug, ORGANISATION} - follow or slug not in found:
        raise SystemExit(f"answers about {slug} changed, and {sorted(found)[:5]} were made again")
    told = "notebooks made again: " + "; ".join(f"{place}: {n}" for place, n in found.items())
    yield (
        f"answers about one of {MANY} departments changed",
        f"{once_more.wall:.0f} s",
        f"{once_more.cpu:.0f} s",
        told,
    )


def main() -> None:
    """Measure, print and write."""
    ctypes.CDLL(None).prctl(BECOME_REAPER, 1, 0, 0, 0)
    load = os.getloadavg()[0]
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for row in rows(Path(folder)):
            found.append(dict(zip(("work", "on the clock", "processor time", "so"), row, strict=True)))
            print(" | ".join(row), flush=True)
    told = (
        f"Made by `benchmarks/batch_speed.py` in one run, on {os.cpu_count()} cores with a load of {load:.1f} to "
        f"{os.getloadavg()[0]:.1f} by others and itself. The loop was timed on {len(SAMPLE) * len(NOTEBOOKS)} "
        f"notebooks and scaled. The notebooks of the {MANY} departments hold two sections, so that they end today. "
        "Another department is made again where what was decided of it among all departments became another. No "
        "process was left: the next row begins when the last one is gone.\n\n"
    )
    write_section(SPEED, "What a batch costs", told + table(found))


if __name__ == "__main__":
    main()
