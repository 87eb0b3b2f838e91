"""Write anew what the instructor guide has from the lessons: python tests/tools/guide.py

A page of classroom/guide is made of blocks, each between two comments, and of a teacher's own words below
each. A block comes from the notebook. The words stay as they are; `unsaid` names the blocks that lack some.
guide.md has blocks of its own: a plan's comment says what a day holds, and its marks follow from the lessons.
"""

import ast
import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate, pairwise
from math import ceil
from pathlib import Path
from typing import NamedTuple

from minutes import ASKS, MORE, Section, minutes, sections, taken
from nbformat import NotebookNode
from notebook_tools import ROOT, committed_notebooks, read_notebook, stored_error

GUIDE = ROOT / "classroom" / "guide.md"
PAGES = ROOT / "classroom" / "guide"
END = "<!-- / -->\n"
BLOCK = re.compile(rf"<!-- from ([\w-]+) -->\n.*?{END}", re.DOTALL)
DRAWN = re.compile(rf"(<!-- (plan|jigsaw|lessons)\b:? ?(.*?)-->\n).*?{END}", re.DOTALL)
# What must stand below the first block, below what is asked, and below a failure of which nothing is asked.
ABOUT = ("**Misconceptions.**", "**Pause.**", "**Cut.**", "**Early.**")
ANSWER, QUESTION = "Most", "?"
FAILS = "fails on purpose"  # as the lessons say it
CONTEXT = 7  # words: a shorter question is told with the sentence before it
LEAST = 5  # minutes that a plan leaves for its end
TASK = re.compile(r"ShapeLab\(|check\(")  # what a text asks before one of these is work, not a vote
CHOICE = "( ) "  # before each choice in a question's stored text


class Block(NamedTuple):
    """What comes from the notebook: its cell's id, heading and lines, and what the words below must hold."""

    id: str
    heading: str
    lines: list[str]
    wants: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The heading, and the lines set apart as a quotation: a paragraph or a list's point each."""
        gaps = ("" if line.startswith("- ") else ">\n" for line in self.lines)
        quote = "".join(f"{gap}> {line}\n" for gap, line in zip(gaps, self.lines, strict=True))
        return "\n\n".join(filter(None, [self.heading, quote.removeprefix(">\n").rstrip()])) + "\n"


def lessons() -> dict[str, Path]:
    """Map the number of each notebook that the guide is about to its path."""
    return {path.name[:2]: path for path in committed_notebooks() if re.match(r"\d\d_", path.name)}


def clock(spent: Fraction) -> str:
    """Say when something begins: a mark is rounded up, as a lesson's minutes are.

    >>> clock(Fraction(0)), clock(Fraction(123, 2))
    ('0:00', '1:02')
    """
    return f"{ceil(spent) // 60}:{ceil(spent) % 60:02}"


def starts(parts: list[Section]) -> list[Fraction]:
    """List when each section begins, and last when the lesson ends."""
    return list(accumulate((taken(each.part) for each in parts), initial=Fraction(0)))


def rule_of(notebook: NotebookNode) -> str:
    """Return the rule that a lesson begins with, or nothing."""
    found = re.search(
        r"^\*\*The rule:\*\* (.+?)\.\n\n", notebook.cells[0].source, flags=re.MULTILINE | re.DOTALL
    )
    return " ".join(found[1].split()) if found else ""


def about(notebook: NotebookNode, name: str) -> Block:
    """Say what a lesson is: its title, aim, rule, marks, and what it has for the early."""
    first, parts = notebook.cells[0].source, sections(notebook)
    aims = re.findall(r"^- (.+)[;.]$", first, flags=re.MULTILINE)
    marks = [f"{clock(at)} {each.title}" for at, each in zip(starts(parts), parts, strict=False)]
    places = [n for n, cell in enumerate(notebook.cells) if cell.source.startswith(MORE)]
    rest = "\n".join(
        cell.source for n in places for cell in notebook.cells[n:] if cell.cell_type == "markdown"
    )
    more = re.findall(r"^### (.+)$", rest, flags=re.MULTILINE)
    said = {
        "Aim": "; ".join(aims),
        "Rule": rule_of(notebook),
        "Marks": " · ".join([*marks, f"{clock(starts(parts)[-1])} end"]),
        "If you want more": " · ".join(more),
    }
    lines = [f"**{what}** {words}" for what, words in said.items() if words]
    link = f"[{name}](../../notebooks/{name}), {minutes(notebook)} minutes"
    return Block("lesson", first.splitlines()[0], [link, *lines], ABOUT)


def blocks(notebook: NotebookNode, name: str) -> Iterator[Block]:
    """Make a page's blocks in order: the lesson, each section, and in it what is asked and what fails."""
    parts = sections(notebook)
    yield about(notebook, name)
    asked = False  # whether a question stands right before
    for (at, end), section in zip(pairwise(starts(parts)), parts, strict=True):
        text = ""  # since the last code cell that is read
        wants = (QUESTION,) if section.title.startswith("Recap") else ()
        long = f"{ceil(end) - ceil(at) or 'under 1'} min"
        found = [Block(section.id, f"## {clock(at)} {section.title} ({long})", [], wants)]
        for cell in section.part.cells:
            if cell.cell_type == "markdown":
                text += "\n" + cell.source
            elif ASKS.search(cell.source):
                found.append(question(cell))
                text, asked = "", True
            else:
                aloud, error = asks(text), stored_error(cell)
                if error and (aloud or not asked):
                    found.append(failing(cell.id, aloud, error))
                elif error:
                    found[-1].lines.append(f"**It fails, as asked** {shown(error)}")
                elif aloud and not TASK.search(cell.source):
                    found[-1].lines.append(f"**To vote on** {aloud}")
                text, asked = "", False
        yield from found


def question(cell: NotebookNode) -> Block:
    """Write down a `predict(...)`: its question as the notebook shows it, its choices and what each says."""
    calls = (node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call))
    call = next(each for each in calls if isinstance(each.func, ast.Name) and each.func.id == "predict")
    right = next(words(each.value) for each in call.keywords if each.arg == "right")
    [shows] = [each.data["text/plain"] for each in cell.outputs if "text/plain" in each.get("data", {})]
    told = call.args[1]
    if not isinstance(told, ast.Dict):
        raise ValueError(f"{cell.id}: the choices of predict must be written out. Try a dict in the call.")
    answers = {words(key): words(value) for key, value in zip(told.keys, told.values, strict=True)}
    lines = [f"- {'✓ ' if choice == right else ''}“{choice}” *{says}*" for choice, says in answers.items()]
    return Block(cell.id, "", [f"**Asked** {shows.partition(CHOICE)[0].strip()}", *lines], (ANSWER,))


def words(node: ast.expr | None) -> str:
    """Return a text as the source has it; what an f-string computes stands there by its name.

    >>> words(ast.parse("f'{N * T} is {N}'", mode="eval").body)
    'N * T is N'
    """
    if isinstance(node, ast.JoinedStr):
        return "".join(words(each) for each in node.values)
    return ast.unparse(node.value) if isinstance(node, ast.FormattedValue) else ast.literal_eval(node or "''")


def asks(text: str) -> str:
    """Return what a text asks last, or nothing: hints and headings don't count.

    >>> asks("Two rows. The cell **fails on purpose**: will it? Why not? Look.")
    'Two rows. Will it? Why not?'
    """
    text = re.sub(r"<details>[\s\S]*?</details>|^>(.+\n?)+|^[#|].*$", "", text, flags=re.MULTILINE)
    plain = re.sub(rf"[^.?!]*\*\*{FAILS}\*\*[.:]?", "", " ".join(text.split())).replace("**", "")
    sentences = [each[:1].upper() + each[1:] for each in re.split(r"(?<=[.?!])\s+", plain.strip())]
    places = [n for n, each in enumerate(sentences) if each.endswith("?")]
    if not places:
        return ""
    first, end = places[-1], places[-1] + 1
    while first and (
        sentences[first - 1].endswith("?") or len(" ".join(sentences[first:end]).split()) < CONTEXT
    ):
        first -= 1
    return " ".join(sentences[first:end])


def shown(error: tuple[str, str]) -> str:
    """Return an error's words as code, on one line."""
    line, fence = " ".join(": ".join(error).split()), "``" if "`" in error[1] else "`"
    return f"{fence}{line}{fence}"


def failing(name: str, aloud: str, error: tuple[str, str]) -> Block:
    """Say what to ask before a cell that fails, and what it says then."""
    ask = f"**Ask** {aloud}" if aloud else "**Ask aloud** (the lesson asks nothing here)"
    wants = (ANSWER,) if aloud else (ANSWER, QUESTION)
    return Block(name, "", [ask, f"**It says** {shown(error)}"], wants)


def said(page: str) -> dict[str, str]:
    """Map the id of each block of a page to the words below it."""
    pieces = BLOCK.split(page)
    return dict(zip(pieces[1::2], (words.strip() for words in pieces[2::2]), strict=True))


def written(parts: list[Block], page: str) -> str:
    """Write a page: the blocks as they are now, the words below them as they were.

    Raises:
        ValueError: There are words below a block that isn't made any more.
    """
    own = said(page)
    if lost := [name for name in own.keys() - {each.id for each in parts} if own[name]]:
        raise ValueError(
            f"got words below {sorted(lost)}, which the lesson lacks. Try moving or deleting them."
        )
    pieces = ((f"<!-- from {each.id} -->", each.text + END.strip(), own.get(each.id, "")) for each in parts)
    return "\n\n".join("\n".join(piece).rstrip() for piece in pieces) + "\n"


def unsaid(parts: list[Block], page: str) -> list[str]:
    """List the blocks of a page below which a teacher's words are missing, with what they should hold."""
    own = said(page)
    return [
        f"{each.id}: needs {want or 'a word for the teacher'} below: {each.text.strip().splitlines()[-1]}"
        for each in parts
        for want in ("", *each.wants)
        if not own.get(each.id) or want not in own[each.id]
    ]


def plan(head: str) -> str:
    """Write a plan as a table: when each thing begins, and how long it takes.

    >>> print(plan("60 minutes\\n10 min: Doors open | help\\nrest: Goodbye\\n"))
    | at | min | what | how |
    |---|---|---|---|
    | 0:00 | 10 | Doors open | help |
    | 0:10 | 50 | Goodbye | |
    | **1:00** | | end | |
    """
    total, *lines = head.strip().splitlines()
    items = [item(line) for line in lines]
    left = int(total.split()[0]) - sum(spent or 0 for spent, _, _ in items)
    if [spent for spent, _, _ in items].count(None) != 1 or left < LEAST:
        raise ValueError(
            f"a plan of {total} needs one 'rest' of {LEAST} minutes or more, got {float(left):.0f}"
        )
    rows, at = ["| at | min | what | how |", "|---|---|---|---|"], Fraction(0)
    for spent, what, how in items:
        after = at + (left if spent is None else spent)
        rows.append(f"| {clock(at)} | {ceil(after) - ceil(at)} | {what} | {how + ' ' if how else ''}|")
        at = after
    return "\n".join([*rows, f"| **{clock(at)}** | | end | |"])


def item(line: str) -> tuple[Fraction | None, str, str]:
    """Read a plan's line: the minutes that it takes (None: what is left), what is done, and how."""
    found = re.fullmatch(r"(\d\d|\d+ min|rest): ([^|]+?)(?: \| (.+))?", line)
    if not found:
        raise ValueError(
            f"got {line!r}. A plan's line begins with a lesson, minutes or rest: '5 min: Break'."
        )
    name, what, how = found.groups("")
    if not name.isdigit():
        return (None if name == "rest" else Fraction(name.removesuffix(" min"))), what, how
    path = lessons()[name]
    ranges = [span(path, each) for each in what.split("; ")]
    titles = " · ".join(" … ".join({each[0].title: 0, each[-1].title: 0}) for each in ranges)
    spent = sum((taken(each.part) for every in ranges for each in every), Fraction(0))
    return spent, f"[{name}](guide/{path.stem}.md) {titles}", how


def span(path: Path, words: str) -> list[Section]:
    """Return a lesson's sections from one to another, "Predict … Modify", by how their titles begin."""
    parts = sections(read_notebook(path))
    ends = []
    for start in words.split(" … "):
        found = [n for n, each in enumerate(parts) if each.title.startswith(start)]
        exact = [n for n in found if parts[n].title == start] or found
        if len(exact) != 1:
            raise ValueError(f"{path.name} has {len(exact)} sections that begin with {start!r}, needs one")
        ends += exact
    return parts[ends[0] : ends[-1] + 1]


def jigsaw(number: str) -> str:
    """Write a lesson's mistakes as a table: one per table of the room, with the lines that fail there."""
    rows = ["| mistake | minutes alone | what its cells say |", "|---|---|---|"]
    for each in sections(read_notebook(lessons()[number.strip()])):
        if name := re.search(r"Mistake \d: .+", each.title):
            errors = [stored_error(cell) for cell in each.part.cells if cell.cell_type == "code"]
            says = "; ".join(shown(error) for error in errors if error)
            rows.append(f"| {name[0]} | {ceil(taken(each.part))} | {says} |")
    return "\n".join(rows)


def overview(_: str) -> str:
    """Write the table of the lessons."""
    rows = ["| page | minutes | rule |", "|---|---|---|"]
    for path in lessons().values():
        notebook = read_notebook(path)
        title, rule = notebook.cells[0].source.splitlines()[0].removeprefix("# "), rule_of(notebook)
        rows.append(f"| [{title}](guide/{path.stem}.md) | {minutes(notebook)} | {rule} |")
    return "\n".join(rows)


DRAW = {"plan": plan, "jigsaw": jigsaw, "lessons": overview}


def drawn(page: str) -> str:
    """Write guide.md: what its comments ask for stands below them."""
    return DRAWN.sub(lambda found: found[1] + DRAW[found[2]](found[3]) + "\n" + END, page)


def made(path: Path) -> list[Block]:
    """Make the blocks of a lesson's page."""
    return list(blocks(read_notebook(path), path.name))


def page_of(path: Path) -> Path:
    """Return where a lesson's page is."""
    return PAGES / f"{path.stem}.md"


def pages() -> dict[Path, str]:
    """Map each file of the guide to what should stand in it."""
    texts = {}
    for path in lessons().values():
        page = page_of(path)
        texts[page] = written(made(path), page.read_text(encoding="utf-8") if page.exists() else "")
    return texts | {GUIDE: drawn(GUIDE.read_text(encoding="utf-8"))}


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
