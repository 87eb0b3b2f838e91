"""The instructor guide says what the lessons say, and has a teacher's words for each thing that they ask."""

import re
from pathlib import Path

import guide
import pytest
from minutes import core, sections, taken
from nbformat import NotebookNode, v4
from notebook_tools import ROOT, code_cells, read_notebook, stored_error

from helpers.__main__ import main

LESSONS = [pytest.param(path, id=number) for number, path in guide.lessons().items()]
PAGES = [guide.GUIDE, *map(guide.page_of, guide.lessons().values())]
PAGE_WORDS = 1200  # two sheets, printed on both sides


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def test_the_guide_is_as_make_guide_writes_it() -> None:
    assert sorted(guide.PAGES.iterdir()) == PAGES[1:]
    assert [page.name for page, text in guide.pages().items() if text_of(page) != text] == [], (
        "run make guide"
    )


@pytest.mark.parametrize("path", LESSONS)
def test_a_page_has_words_for_all_that_its_lesson_asks(path: Path) -> None:
    page = text_of(guide.page_of(path))
    assert guide.unsaid(guide.made(path), page) == []
    errors = filter(None, map(stored_error, code_cells(core(read_notebook(path)))))
    assert [error for error in errors if guide.shown(error) not in page] == []
    assert len(page.split()) <= PAGE_WORDS


@pytest.mark.parametrize("path", LESSONS)
def test_the_sections_minutes_are_the_lessons(path: Path) -> None:
    notebook = read_notebook(path)
    assert sum(taken(each.part) for each in sections(notebook)) == taken(notebook)


@pytest.mark.parametrize("path", LESSONS)
def test_a_teacher_tells_no_number_and_no_title_that_the_lesson_lacks(path: Path) -> None:
    words = "\n".join(guide.said(text_of(guide.page_of(path))).values())
    plain = re.sub(r"00\d(-\w+)*|lesson \d+", "", words)  # claims, and other lessons
    numbers = set(re.findall(r"\d+\.\d+|\d\d+", plain))
    notebook = path.read_text(encoding="utf-8")
    assert [number for number in numbers if not re.search(rf"(?<![\d.]){re.escape(number)}", notebook)] == []
    titles = re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", words)
    assert [title for title in titles if title.casefold() not in notebook.casefold()] == []


def toy(*cells: NotebookNode) -> tuple[list[guide.Block], str]:
    """Put cells at the end of a small lesson for whose own parts the teacher has words."""
    title = v4.new_markdown_cell("# 1. A toy\n\n- see;\n- say.\n\n**The rule:** none.\n\n## Run", id="run")
    page = "\n".join(
        f"<!-- from {name} -->\n{guide.END}{words}\n"
        for name, words in {"lesson": " ".join(guide.ABOUT), "run": "Run it.", "kept": "Most say no."}.items()
    )
    kept = v4.new_code_cell(
        'predict("Well?", {"Yes": "It is", f"No, {1 + 1}": "It isn\'t"}, right="Yes")',
        outputs=[v4.new_output("execute_result", {"text/plain": "Well?\n( ) Yes\n( ) No, 2"})],
        id="kept",
    )
    return list(guide.blocks(v4.new_notebook(cells=[title, kept, *cells]), "toy.ipynb")), page


def failing(source: str) -> NotebookNode:
    error = v4.new_output("error", ename="ValueError", evalue="no", traceback=[])
    return v4.new_code_cell(source, outputs=[error], id="fails")


NEW = {
    "new: needs a word for the teacher below: ## 0:02 Extra (under 1 min)": [
        v4.new_markdown_cell("## Extra", id="new")
    ],
    "new: needs ? below: ## 0:02 Recap (under 1 min)": [v4.new_markdown_cell("## Recap", id="new")],
    "fails: needs Most below: > **It says** `ValueError: no`": [
        v4.new_markdown_cell("It **fails on purpose**. Will it, and how do you know?"),
        failing("1"),
    ],
    "fails: needs ? below: > **It says** `ValueError: no`": [v4.new_code_cell("2"), failing("1")],
}


@pytest.mark.parametrize("complaint", NEW)
def test_what_is_new_in_a_lesson_wants_a_teachers_words(complaint: str) -> None:
    assert guide.unsaid(*toy()) == []
    assert complaint in guide.unsaid(*toy(*NEW[complaint]))


def test_a_section_has_a_cell_of_its_own() -> None:
    with pytest.raises(ValueError, match="cell new begins two sections"):
        toy(v4.new_markdown_cell("## Extra\n\nWords.\n\n## Recap", id="new"))


def test_a_failing_cell_right_below_its_question_needs_none_of_its_own() -> None:
    parts, page = toy(failing("1"))
    assert guide.unsaid(parts, page) == []
    assert parts[-1].lines[-1] == "**It fails, as asked** `ValueError: no`"


def test_no_words_are_lost_when_their_cell_is_gone() -> None:
    parts, page = toy()
    with pytest.raises(ValueError, match=r"got words below \['kept'\]"):
        guide.written(parts[:-1], page)
    assert guide.said(guide.written(parts, page)) == guide.said(page)


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ("60 minutes\n01: Predict; Dance\nrest: Close", "0 sections that begin with 'Dance'"),
        ("60 minutes\n06: Mistake\nrest: Close", "2 sections that begin with 'Mistake'"),
        ("60 minutes\n57 min: Talk\nrest: Close", "got 3"),
        ("60 minutes\n60 min: Talk", "needs one 'rest'"),
        ("60 minutes\nTalk", "begins with a lesson, minutes or rest"),
    ],
)
def test_a_plan_that_cannot_be_kept_is_refused(head: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        guide.plan(head)


def test_a_plan_adds_up() -> None:
    plans = [found for found in guide.DRAWN.finditer(text_of(guide.GUIDE)) if found[2] == "plan"]
    for found in plans:
        minutes = [int(each) for each in re.findall(r"^\| \d:\d\d \| (\d+) \|", found[0], flags=re.MULTILINE)]
        assert sum(minutes) == int(found[3].split()[0])
    assert len(plans) == 5  # an hour, half a day twice, a day; and the jigsaw


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", text_of(page))
    assert links
    for place, part in links:
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), place
        heads = re.findall(r"^#+ (.+)$", text_of(target), flags=re.MULTILINE) if part else []
        assert not part or part in [re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads]


def test_what_the_guide_quotes_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    words = text_of(guide.GUIDE)
    assert main() == 0
    said = re.sub(r"python [\d.]+", "python 3.11.7", capsys.readouterr().out)
    assert said in re.sub(r"^ +", "", words, flags=re.MULTILINE)
    named = set(re.findall(r"(?:`|^ +)make ([a-z-]+)", words, flags=re.MULTILINE))
    makefile, readme = text_of(ROOT / "Makefile"), text_of(ROOT / "README.md")
    assert {name for name in named if not re.search(rf"^{name}:", makefile, flags=re.MULTILINE)} == set()
    assert "Shape Clinic needs 3.11 or newer" in makefile and "About 1.8 GB are installed" in readme
    assert "The kernel has ended" in text_of(ROOT / "helpers/lab/page.py")
    claims = set(re.findall(r"\b00\d-\w+(?:-\w)?", "".join(map(text_of, PAGES))))
    assert {name for name in claims if name not in text_of(ROOT / "tests/golden/claims.txt").split()} == set()
