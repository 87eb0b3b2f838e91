"""Print how many of our own cases are named, per family: python tests/score_cases.py [-v] [-e] [CASES.jsonl]

With a file of reports it scores that instead. `-v` prints each diagnosis too; SEED=1 draws other values.
`-e` asks each for its example, `to_code`, and runs it in a fresh process: the same error, the same cause?
"""

import collections
import pathlib
import sys

from examples import code_of, expected, seen_afresh
from judge import Verdict, cases, judge, reports

WORDS = ("right", "wrong", "silent on it", "crashed")


def table(verdicts: list[Verdict]) -> list[str]:
    """One line per family, and one for all."""
    families: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for verdict in verdicts:
        for row in (verdict.case.name.split("-")[0], "all"):
            fixes = len(verdict.diagnosis.fixes) if verdict.diagnosis else 0
            families[row][verdict.word] += 1
            families[row]["fix works"] += fixes - len(verdict.failing)
            families[row]["fix fails"] += len(verdict.failing)
            families[row]["with a fix"] += bool(fixes)
    columns = (*WORDS, "with a fix", "fix works", "fix fails")
    head = f"{'family':28}" + "".join(f"{column:>14}" for column in columns)
    last = families.pop("all")
    rows = [*sorted(families.items()), ("all", last)]
    return [head] + [f"{name:28}" + "".join(f"{row[c]:14}" for c in columns) for name, row in rows]


def of_examples(verdicts: list[Verdict]) -> list[str]:
    """A line for each cause without an example or with a wrong one, and one for all."""
    codes = [(verdict, code_of(verdict)) for verdict in verdicts if verdict.diagnosis]
    made = [(verdict, code) for verdict, code in codes if code]
    none = [f"NO EXAMPLE   {verdict.case.name}" for verdict, code in codes if not code]
    came = zip(made, seen_afresh([code for _, code in made]), strict=True)
    wrong = [
        f"EXAMPLE      {verdict.case.name}: {tuple(seen)}, not {tuple(expected(verdict))}\n{code}"
        for (verdict, code), seen in came
        if seen != expected(verdict)
    ]
    count = f"examples: {len(made) - len(wrong)} the same, {len(wrong)} other, {len(none)} none"
    return [*none, *wrong, count]


def main() -> int:
    files = [pathlib.Path(name) for name in sys.argv[1:] if not name.startswith("-")]
    verdicts = [judge(case) for case in (reports(files[0]) if files else cases())]
    for verdict in verdicts:
        if verdict.word != "right":
            print(f"{verdict.word.upper():12} {verdict.case.name}: {verdict.detail}")
        for fix in verdict.failing:
            print(f"FIX FAILS    {verdict.case.name} ({verdict.diagnosis.cause}): {fix}")
        if "-v" in sys.argv and verdict.diagnosis:
            print(f"--- {verdict.case.name}\n{verdict.diagnosis}\n")
    print("\n".join([*(of_examples(verdicts) if "-e" in sys.argv else []), *table(verdicts)]))
    mistakes = [verdict for verdict in verdicts if verdict.case.accept not in (("ok",), ("nothing",))]
    named = sum(verdict.word == "right" for verdict in mistakes)
    print(f"cause named: {named} of {len(mistakes)} ({100 * named / len(mistakes):.1f} %)")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
