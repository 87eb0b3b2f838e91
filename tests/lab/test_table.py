"""The one HTML table: whatever is put in is text, unless it says that it is HTML."""

from helpers.table import Html, row, table, tag

NASTY = '<img src="x" onerror=alert(1)>'


def test_whatever_is_no_html_is_escaped_wherever_it_stands() -> None:
    shown = table([(NASTY, NASTY)], (NASTY, ""), caption=NASTY, title=NASTY) + tag("p", NASTY, title=NASTY)
    assert "<img" not in shown
    assert shown.count("&lt;img src=&quot;x&quot;") == 7
    assert table([(Html("<b>1</b>"),)]).count("<b>1</b>") == 1


def test_cells_that_head_something_say_so_and_the_last_style_holds_on() -> None:
    shown = table([("a", "1", "2")], ("", "x", "y"), styles=("color:red", ""), heads="")
    assert shown == (
        '<table><thead><tr><td></td><th scope="col">x</th><th scope="col">y</th></tr></thead>'
        '<tbody><tr><th scope="row" style="color:red">a</th><td>1</td><td>2</td></tr></tbody></table>'
    )
    assert "<th" not in table([("a", "1")], named=False)


def test_a_row_that_is_made_already_is_taken_as_it_is() -> None:
    made = row(("a", "1"), class_="changed")
    assert made.startswith('<tr class="changed"><th scope="row"')
    assert table([made]) == f"<table><tbody>{made}</tbody></table>"
