"""The teacher's view: what stands on the page, and what learners may put where their progress files are."""

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browser_server import is_root
from progress import FEWEST, LARGEST, NO_FILE, NOTEBOOKS, UNREADABLE, largest_drop, main, page, seen, write
from room import TEACHER, Account, Room

from helpers.practice.progress import FILE, Lesson, Visit, progress, remember, remember_visits

LESSONS = progress(NOTEBOOKS).lessons
EXERCISES = frozenset(each for lesson in LESSONS for each in lesson.exercises)
FIRST_UID = 52901
needs_root = pytest.mark.skipif(not is_root(), reason="only root can give a file to another account")


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder that other accounts may pass through: pytest's own is closed to them."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder, "state")


def room(state: Path, learners: int, progress: bool = True) -> Room:
    """A room as `make hub` leaves it, whose homes belong to accounts that exist as numbers only."""
    names = [TEACHER, *(f"learner-{number:02}" for number in range(1, learners + 1))]
    accounts = {name: Account("secret-word", FIRST_UID + place) for place, name in enumerate(names)}
    made = Room(state, "http://0.0.0.0:8000", 2**31, 120, progress, accounts)
    made.private.mkdir(parents=True)
    for name in names:
        (made.homes / name / "notebooks").mkdir(parents=True)
    made.write()
    return made


def folder_of(room: Room, learner: int) -> Path:
    return room.homes / f"learner-{learner:02}" / "notebooks"


def give(room: Room) -> None:
    """Give each home to its account, as the hub does; nothing where nobody may give anything away."""
    for name, account in room.accounts.items() if is_root() else ():
        home = room.homes / name
        home.chmod(0o700)
        for path in (home, *home.rglob("*")):
            os.chown(path, account.uid, account.uid, follow_symlinks=False)


def solved(room: Room, *exercises: str) -> Room:
    """Let each learner solve the exercises that a text names."""
    for learner, told in enumerate(exercises, 1):
        for each in told.split():
            assert remember(each, folder_of(room, learner))
    give(room)
    return room


class Text(HTMLParser):
    """The cells and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.feed(page)

    def handle_starttag(self, name: str, attributes: object) -> None:
        if name == "tr":
            self.rows.append([])
        elif name in {"td", "th"}:
            self.rows[-1].append("")

    def handle_data(self, text: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += text


def rows(page: str) -> dict[str, list[str]]:
    return {cells[0]: cells[1:] for cells in Text(page).rows}


def test_it_says_how_many_solved_each_exercise_and_where_most_stop(state: Path) -> None:
    made = solved(room(state, 5), "01.1 01.2 03.1", "01.1 01.2", "01.1", "03.1 03.2")
    remember_visits(7, {1: Visit(named=True, mended=True), 2: Visit(mended=True)}, folder_of(made, 1))
    give(made)
    said = write(made, names=False).read_text(encoding="utf-8")
    found = rows(said)
    assert [each.removeprefix("▼ ") for each in found][1:] == [
        each for one in LESSONS for each in one.exercises
    ]
    assert found["01.1"][:3] == ["1. The head has the wrong size", "3 of 3", "3 of 4"]
    assert found["▼ 01.3"][1:3] == ["0 of 3", "0 of 4"]
    assert found["03.2"][1:3] == ["1 of 2", "1 of 4"]
    assert "Most stop at 01.3: 2 have done 01.2, 0 have done 01.3" in said
    assert "4 of 5 learners have a progress file. No progress file: 1. A file that can" in said
    assert "Patients mended in the ward: 0 of 24 (the median)" in said


DROPS = {
    "the largest": ({"01.1": 9, "01.2": 8, "01.3": 3, "02.1": 3, "02.2": 0}, ("01.3", 3, "01.2", 8)),
    "not between lessons": ({"01.1": 9, "01.2": 9, "01.3": 9, "02.1": 1, "02.2": 0}, ("02.2", 0, "02.1", 1)),
    "nobody stops": ({"01.1": 3, "01.2": 3, "01.3": 4, "02.1": 0, "02.2": 0}, None),
}


@pytest.mark.parametrize(("counted", "expected"), DROPS.values(), ids=DROPS)
def test_most_stop_where_the_drop_in_a_lesson_is_largest(counted: dict[str, int], expected: object) -> None:
    lessons = [Lesson("01_a", ("01.1", "01.2", "01.3"), ()), Lesson("02_b", ("02.1", "02.2"), ())]
    assert largest_drop(lessons, counted) == expected


def test_without_names_nothing_tells_who(state: Path) -> None:
    made = solved(room(state, 4), "01.1 01.2", "01.1", "01.1", "02.1")
    nameless = write(made, names=False).read_text(encoding="utf-8")
    for name, account in made.accounts.items():
        assert name not in nameless and str(account.uid) not in nameless
    found = {name: seen(made.homes / name, account.uid, EXERCISES) for name, account in made.accounts.items()}
    backwards = dict(reversed(found.items()))
    assert page(found, LESSONS, names=False) == page(backwards, LESSONS, names=False)
    named = rows(write(made, names=True).read_text(encoding="utf-8"))
    assert named["learner-01"] == [f"2 of {len(EXERCISES)}", "01.1, 01.2", "0"]
    assert TEACHER not in named


def test_among_few_learners_there_is_no_count(state: Path) -> None:
    made = solved(room(state, 30), *["01.1"] * (FEWEST - 1))
    said = write(made, names=False).read_text(encoding="utf-8")
    assert rows(said) == {} and "would tell who" in said and "01.1" not in said
    assert "01.1" in rows(write(made, names=True).read_text(encoding="utf-8"))


def test_nobody_has_begun(state: Path) -> None:
    made = solved(room(state, 3))
    assert rows(write(made, names=True).read_text(encoding="utf-8"))["learner-01"] == [NO_FILE, "", ""]


# What a learner may put where the file is: each leaves the others' counts as they were.
GOOD = json.dumps({"done": ["01.1"]})
CONTENTS = {
    "nothing": (b"", UNREADABLE),
    "a list": (b"[]", UNREADABLE),
    "deep": (b"[" * 200_000, UNREADABLE),
    "a long number": (b"1" * 10_000, UNREADABLE),
    "no text": (b"\xff\xfe\x00", UNREADABLE),
    "too large": (GOOD.encode() + b" " * LARGEST, UNREADABLE),
    "endless seed": (b'{"ward": {"seed": Infinity, "visits": {}}}', UNREADABLE),
    "foreign ids": (b'{"done": ["99.1", "<script>alert(1)</script>", {"01.1": 1}, 7, null]}', "0"),
    "HTML beside": (b'{"done": ["01.1"], "<script>": "<img src=x onerror=alert(1)>"}', "1"),
    "odd visits": (b'{"done": ["01.1"], "ward": {"seed": 1, "visits": {"<b>": {}}}}', "1"),
}
PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe": (lambda file: os.mkfifo(file), UNREADABLE),
    "a pipe that speaks": (lambda file: talking_pipe(file), UNREADABLE),
    "a folder": (lambda file: file.mkdir(), UNREADABLE),
    "a link to a secret": (lambda file: file.symlink_to("/etc/shadow"), UNREADABLE),
    "a link to a good file": (lambda file: file.symlink_to(file.with_name("good")), UNREADABLE),
    "a link to itself": (lambda file: file.symlink_to(file.name), UNREADABLE),
    "an endless device": (lambda file: file.symlink_to("/dev/zero"), UNREADABLE),
    "no file": (lambda file: None, NO_FILE),
    "no rights": (lambda file: (file.write_text(GOOD), file.chmod(0)), UNREADABLE),
}


def talking_pipe(file: Path) -> None:
    os.mkfifo(file)
    os.write(os.open(file, os.O_RDWR | os.O_NONBLOCK), GOOD.encode())  # it stays open


@pytest.fixture
def guest(state: Path) -> Room:
    """Three learners who have solved 01.1, and a fourth who brings something else."""
    made = room(state, 4)
    folder_of(made, 4).joinpath("good").write_text(GOOD)
    return solved(made, "01.1", "01.1", "01.1")


def said_of_guest(made: Room) -> str:
    """What the page with names says of the fourth learner; the page without is the same for the others."""
    give(made)
    nameless, named = (write(made, names).read_text(encoding="utf-8") for names in (False, True))
    assert not re.search("script|onerror|<b>|99.1|root:", nameless + named)
    assert rows(nameless)["▼ 01.2"][1] in {"0 of 3", "0 of 4"}
    return rows(named)["learner-04"][0].removesuffix(f" of {len(EXERCISES)}")


@pytest.mark.parametrize(("content", "expected"), CONTENTS.values(), ids=CONTENTS)
def test_whatever_a_file_holds(guest: Room, content: bytes, expected: str) -> None:
    (folder_of(guest, 4) / FILE).write_bytes(content)
    assert said_of_guest(guest) == expected


@pytest.mark.parametrize(("put", "expected"), PLACES.values(), ids=PLACES)
def test_whatever_lies_there(guest: Room, put: Callable[[Path], object], expected: str) -> None:
    put(folder_of(guest, 4) / FILE)
    assert said_of_guest(guest) == expected


def test_a_folder_that_is_a_file(guest: Room) -> None:
    folder_of(guest, 4).rename(guest.homes / "learner-04" / "away")
    folder_of(guest, 4).write_text("")
    assert said_of_guest(guest) == NO_FILE


@needs_root
def test_it_is_read_with_the_learners_rights(guest: Room) -> None:
    """Another's folder under this learner's name: root could read it, and this learner can't."""
    folder_of(guest, 4).rename(guest.homes / "learner-04" / "away")
    folder_of(guest, 4).symlink_to(folder_of(guest, 1))
    assert said_of_guest(guest) == UNREADABLE
    assert (os.geteuid(), os.getegid()) == (0, 0)


@needs_root
def test_only_root_reads_the_page(guest: Room) -> None:
    assert write(guest, names=False).parent == guest.private


def test_what_it_needs(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"got no room in .* Try --state"):
        main(["--state", str(tmp_path)])
    made = solved(room(state, 3, progress=False))
    with pytest.raises(SystemExit, match=r"without --progress.*It needs.*Try make hub"):
        main(["--state", str(made.state)])
    assert not (made.private / "progress.html").exists()
    made = solved(room(state / "other", 3), "01.1", "01.1", "01.1")
    main(["--state", str(made.state)])
    assert capsys.readouterr().out == f"{made.private / 'progress.html'}\n"
