"""`python -m helpers` must name the part at fault: every failing branch is driven here."""

import re
import sys

import pytest
from notebook_tools import raising

from helpers import doctor
from helpers.__main__ import main
from helpers.doctor import Unfit

SAID = "keras 3.15.1 requires rich, which is not installed.; shape-clinic has requirement torch==2.13.0"


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (lambda: doctor.check_python((3, 11, 0)), "python 3.11.0"),
        (lambda: doctor.check_python((3, 14, 2)), "python 3.14.2"),
        (lambda: doctor.check_python((4, 0, 0)), "python 4.0.0"),
        (doctor.check_packages, "packages: all there, at versions that fit each other"),
        (doctor.check_kernel, "kernel: started and answered"),
        (doctor.check_bert, "BERT for shapes: random weights, 2 layers, H 768; logits (2, 3)"),
        (
            doctor.check_pretrained,
            "BERT for numbers: all-MiniLM-L6-v2, pretrained, 6 layers, H 384; its checksums hold",
        ),
    ],
)
def test_what_is_right_is_said(check, said):
    assert check() == said


@pytest.mark.parametrize(
    ("check", "says"),
    [
        (
            lambda: doctor.check_python((3, 10, 13)),
            r"got: +3\.10\.13\n +needs: 3\.11 or newer\n +try: +.*PYTHON=",
        ),
        (
            lambda: doctor.check_packages(ask=lambda: SAID),
            rf"got: +{re.escape(SAID)}\n +needs: packages that fit each other\n +try: +"
            r".*pip install -c requirements\.lock",
        ),
        (lambda: doctor.check_packages("no-such-project"), "no-such-project"),
        (lambda: doctor.check_kernel(raising(RuntimeError("It died"))), "got: +RuntimeError: It died"),
        (
            lambda: doctor.check_kernel(raising(ModuleNotFoundError("No 'x'"))),
            "got: +ModuleNotFoundError: No 'x'",
        ),
        # The kernel of another environment.
        (
            lambda: doctor.check_kernel(lambda: "/elsewhere"),
            rf"(?s)got: .*/elsewhere.*needs: .*{re.escape(sys.prefix)}.*jupyter kernelspec remove",
        ),
        (
            lambda: doctor.check_bert(raising(FileNotFoundError("vocab.txt"))),
            r"got: +FileNotFoundError: vocab\.txt",
        ),
        (
            lambda: doctor.check_pretrained(raising(FileNotFoundError("model.safetensors"))),
            r"got: +FileNotFoundError: model\.safetensors\n +needs: the files of all-MiniLM-L6-v2",
        ),
        (lambda: doctor.check_bert(lambda: (2, 1)), r"got: +logits \(2, 1\)\n +needs: logits \(2, 3\)"),
    ],
)
def test_what_is_wrong_is_named(check, says):
    with pytest.raises(Unfit, match=says):
        check()


@pytest.mark.parametrize(
    ("complains", "said"),
    [
        ("print('rich is not installed.\\nnumpy is too old.')", "rich is not installed.; numpy is too old."),
        ("print('No module named pip', file=sys.stderr)", "No module named pip"),
    ],
)
def test_what_pip_says_and_that_there_is_no_pip_is_told(tmp_path, monkeypatch, complains, said):
    tmp_path.joinpath("pip.py").write_text(f"import sys\n{complains}\nsys.exit(1)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(Unfit, match=f"got: +{said}\n"):
        doctor.check_packages()


def test_the_command_prints_a_line_per_check(capsys):
    assert main([lambda: "python 3.11.7", lambda: "kernel: fine"]) == 0
    assert capsys.readouterr().out == "ok  python 3.11.7\nok  kernel: fine\nShape Clinic is ready.\n"


def test_the_command_stops_at_the_first_failing_kind(capsys):
    never = raising(AssertionError("a check ran after a failure"))
    broken = raising(Unfit("packages", "torch 2.12.0", "torch 2.13.0", "pip install"))
    assert main([lambda: "python 3.11.7", broken, never]) == 1
    out = capsys.readouterr().out
    assert out.startswith("ok  python 3.11.7\nNO  packages\n    got:   torch 2.12.0\n")
    assert "ready" not in out
