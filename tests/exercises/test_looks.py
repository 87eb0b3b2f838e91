"""The five looks: the lesson's cells hold their code, and they alarm at mistakes, not at programs."""

import pytest
from notebook_tools import ROOT, code_cells, read_notebook

from helpers.practice.cases import Case, cases
from helpers.practice.looks import LOOKS, ROUNDS, found, look_at_all, objects, unexpected

LESSON = ROOT / "notebooks" / "07_your_own_error.ipynb"
NAMES = {"labels", "num_labels", "loader", "tokenizer", "model", "logits_of", "criterion", "evaluate"}
ENOUGH = 20


def test_the_lessons_cells_are_the_looks_code_in_its_order() -> None:
    sources = [cell.source for cell in code_cells(read_notebook(LESSON))]
    assert [source for source in sources if source in LOOKS.values()] == list(LOOKS.values())


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.number:02}")
def test_the_look_that_finds_a_mistake_is_content_with_the_mended_program(case: Case) -> None:
    names, look = objects(case, case.solution), found(case).look
    assert names.keys() >= NAMES
    rounds = [each for each in ROUNDS if look == "step" or each[0] != "step"]  # only the last one trains
    assert look not in {name for name, code in rounds if unexpected(code, names)}


def test_enough_are_found_and_each_look_finds_some() -> None:
    looked = look_at_all()
    finders = {row.look for row in looked.rows} - {""}
    assert finders == set(LOOKS)
    count = sum(bool(row.look) for row in looked.rows)
    assert count >= ENOUGH
    assert looked.words in str(looked)
    assert str(looked).count("✓ found") == looked._repr_html_().count("✓ found") == count
