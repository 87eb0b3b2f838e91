"""What is tried first is a line of the program itself: typed in where it is said to stand, it mends it."""

import ast
import re
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from judge import explained
from notebook_tools import python
from programs.tiny import make_models
from torch import nn

from helpers import check_loss, explain
from helpers.diagnosis.said.result import Fix
from helpers.trial import came_of

IMPORTS = """
import torch
import torch.nn.functional as F
from torch import nn
labels = torch.tensor([0, 1, 2, 1])
states, ids = torch.randn(4, 24), torch.randint(5, 90, (4, 7))
"""
CLASS = """
class Net(nn.Module):
    def __init__(self, width, outputs=2):
        super().__init__()
        self.embedding = nn.Embedding(200, width)
        self.head = nn.Linear(width, {outputs})

    def forward(self, ids):
        return self.head(self.embedding(ids).mean(1))


def step(model, ids, labels):
    logits = model(ids)
    return nn.CrossEntropyLoss()(logits, labels)

"""
HF = (
    "from transformers import AutoConfig, AutoModelForSequenceClassification, BertForSequenceClassification\n"
)
BERT_HEAD = """
from transformers import BertModel, BertPreTrainedModel
class Mine(BertPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.bert = BertModel(config)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()

    def forward(self, ids):
        return self.classifier(self.bert(ids).pooler_output)

"""
TRAINER = """
from transformers import Trainer, TrainingArguments
rows = [{"input_ids": row, "labels": label} for row, label in zip(ids, labels)]
arguments = TrainingArguments("out", report_to=[], use_cpu=True, disable_tqdm=True)
Trainer(model=model, args=arguments, train_dataset=rows).train()
"""

# Program, what stands in it and what is to be typed for it; the last part is where, if not at module level.
PROGRAMS = {
    "a global": (
        "head = nn.Linear(24, 2)  # two classes\nF.cross_entropy(head(states), labels)",
        "head = nn.Linear(24, 2)",
        "head = nn.Linear(24, 3)",
    ),
    "by its keyword, made anew": (
        "head = nn.Linear(9, 9)\nfor _ in range(2):\n    encoder, head = nn.Identity(), nn.Linear("
        "in_features=24, out_features=2)\n    F.cross_entropy(head(encoder(states)), labels)\nhead = None",
        "nn.Linear(in_features=24, out_features=2)",
        "encoder, head = nn.Identity(), nn.Linear(in_features=24, out_features=3)",
    ),
    "in __init__": (
        CLASS.format(outputs=2) + "step(Net(24), ids, labels)\n",
        "self.head = nn.Linear(width, 2)",
        "self.head = nn.Linear(width, 3)",
        ", in Net.__init__",
    ),
    "an argument of the class": (
        CLASS.format(outputs="outputs") + "net = Net(24, 2)\nstep(net, ids, labels)",
        "net = Net(24, 2)",
        "net = Net(24, 3)",
    ),
    "its default": (
        CLASS.format(outputs="outputs") + "net = Net(\n    24)\nstep(net, ids, labels)",
        "net = Net(\n    24)",
        "net = Net(\n    24, outputs=3)",
    ),
    "a constant": (
        "CLASSES = 2\n" + CLASS.format(outputs="outputs") + "net = Net(24, CLASSES)\nstep(net, ids, labels)",
        "CLASSES = 2",
        "CLASSES = 3",
    ),
    "an argument from elsewhere": (
        CLASS.format(outputs="outputs")
        + "outputs, nets = 2, [Net(24, 2)]\noutputs = 2\nstep(nets[0], ids, labels)",
        "self.head = nn.Linear(width, outputs)",
        "self.head = nn.Linear(width, 3)",
        ", in Net.__init__",
    ),
    "a parent's __init__": (
        CLASS.format(outputs=2) + "class Child(Net):\n    pass\nchild = Child(24)\nstep(child, ids, labels)",
        "self.head = nn.Linear(width, 2)",
        "self.head = nn.Linear(width, 3)",
        ", in Net.__init__",
    ),
    "the last of a sequence": (
        "model = nn.Sequential(nn.Linear(24, 2), nn.ReLU(), nn.Linear(2, 2))\n"
        "F.cross_entropy(model(states), labels)",
        "nn.Linear(2, 2)",
        "model = nn.Sequential(nn.Linear(24, 2), nn.ReLU(), nn.Linear(2, 3))",
    ),
    "a sequence of many lines": (
        "def train():\n    model = nn.Sequential(\n        nn.Linear(24, 2),  # ü\n        nn.ReLU(),\n"
        "        nn.Linear(2, 2),\n    )\n    F.cross_entropy(model(states), labels)\n\ntrain()",
        "nn.Linear(2, 2)",
        "nn.Linear(2, 3)",
    ),
    "without gradients": (
        CLASS.format(outputs="outputs") + "other, net = nn.Linear(9, 2), Net(24)\n"
        "with torch.no_grad():\n    step(net, ids, labels)",
        "Net(24)",
        "other, net = nn.Linear(9, 2), Net(24, outputs=3)",
    ),
    "frozen": (
        "head = nn.Linear(24, 2).requires_grad_(False)\nF.cross_entropy(head(states), labels)",
        "nn.Linear(24, 2)",
        "head = nn.Linear(24, 3).requires_grad_(False)",
    ),
    "too many outputs": (
        "head = nn.Linear(24, 5)\nF.binary_cross_entropy_with_logits(head(states), torch.ones(4, 3))",
        "head = nn.Linear(24, 5)",
        "head = nn.Linear(24, 3)",
    ),
    "as wide as its input": (
        "WIDTH = 32\nhead = nn.Linear(WIDTH, 3)\nhead(states)",
        "head = nn.Linear(WIDTH, 3)",
        "head = nn.Linear(24, 3)",
    ),
    "a row for each id": (
        CLASS.format(outputs=3) + "net = Net(24)\nstep(net, ids + 200 - ids.min(), labels)",
        "nn.Embedding(200, width)",
        re.compile(r"self.embedding = nn.Embedding\(2\d\d, width\)"),
        ", in Net.__init__",
    ),
    "transformers": (
        HF + "model = BertForSequenceClassification.from_pretrained(\n    'tiny-bert', num_labels=2)\n"
        "model(ids, labels=labels)",
        "'tiny-bert', num_labels=2)",
        "model = BertForSequenceClassification.from_pretrained(\n    'tiny-bert', num_labels=3)",
    ),
    "transformers, with two labels by default": (
        HF + "class Tuned(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.bert = AutoModelForSequenceClassification.from_pretrained('tiny-bert')\n"
        "tuned = Tuned()\nlogits = tuned.bert(ids).logits\nF.cross_entropy(logits, labels)",
        "from_pretrained('tiny-bert')",
        "self.bert = AutoModelForSequenceClassification.from_pretrained('tiny-bert', num_labels=3)",
        ", in Tuned.__init__",
    ),
    "transformers, by its config": (
        HF + "config = AutoConfig.from_pretrained('tiny-bert', num_labels=2)\n"
        "model = BertForSequenceClassification(config)\nmodel(ids, labels=labels)",
        "num_labels=2",
        "config = AutoConfig.from_pretrained('tiny-bert', num_labels=3)",
    ),
    "transformers, another classifier": (
        HF + "model = BertForSequenceClassification.from_pretrained('tiny-bert')\n"
        "model.classifier = nn.Linear(32, 2)\nF.cross_entropy(model(ids).logits, labels)",
        "nn.Linear(32, 2)",
        "model.classifier = nn.Linear(32, 3)",
    ),
    "transformers, a subclass": (
        BERT_HEAD + "mine = Mine.from_pretrained('tiny-bert')\nF.cross_entropy(mine(ids), labels)",
        "Mine.from_pretrained('tiny-bert')",
        "mine = Mine.from_pretrained('tiny-bert', num_labels=3)",
    ),
    "the Trainer": (
        HF + "model = BertForSequenceClassification.from_pretrained('tiny-bert', num_labels=2)\n" + TRAINER,
        "num_labels=2",
        "model = BertForSequenceClassification.from_pretrained('tiny-bert', num_labels=3)",
    ),
    "the kit's own": (
        "from helpers import load_bert\nmodel = load_bert('sequence', 2)\nmodel(ids, labels=labels)",
        "load_bert('sequence', 2)",
        "model = load_bert('sequence', 3)",
    ),
}
UNKNOWN = {
    "made elsewhere": (
        "def make():\n    return nn.Linear(24, 2)\nhead = make()\nF.cross_entropy(head(states), labels)",
        "head = nn.Linear(24, 3)",
    ),
    "another number stands there": (
        "head = nn.Linear(24, 4)\nhead = eval('nn.Linear(24, 2)')\nF.cross_entropy(head(states), labels)",
        "head = nn.Linear(24, 3)",
    ),
    "two without gradients": (
        "one, two = nn.Linear(24, 2), nn.Linear(24, 2)\nwith torch.no_grad():\n"
        "    F.cross_entropy(one(states) + two(states), labels)",
        "head = nn.Linear(..., 3)  # in the model, or num_labels=3",
    ),
    "a local of that name": (
        "def loss_of(head):\n    F.cross_entropy(head(states), labels)\n"
        "def train():\n    loss_of(eval('nn.Linear(24, 2)'))\ntrain()\nhead = nn.Linear(24, 2)",
        "head = nn.Linear(24, 3)",
    ),
    "transformers, without a name": (
        HF + "make = BertForSequenceClassification.from_pretrained\nmake('tiny-bert')(ids, labels=labels)",
        "BertForSequenceClassification.from_pretrained(..., num_labels=3)",
    ),
    "transformers, with its labels' names": (
        HF + "names = {0: 'bad', 1: 'good'}\n"
        "model = AutoModelForSequenceClassification.from_pretrained('tiny-bert', id2label=names)\n"
        "model(ids, labels=labels)",
        "model = BertForSequenceClassification.from_pretrained(..., num_labels=3)",
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("models")
    make_models(made)
    return made


def failing(folder: Path, program: str) -> tuple[str, Exception | None]:
    """Run a program as a script of its own, and return its text and what it raised."""
    text = IMPORTS + program
    path = folder / f"script_{abs(hash(text))}.py"
    path.write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return text, came_of(
            lambda: exec(compile(text, str(path), "exec"), {"__name__": "__main__"}), 0
        ).error


def first_of(error: Exception | None) -> Fix:
    said = explain(error)
    assert said is not None and said.fixes, said
    return next(fix for fix in said.fixes if fix.typed)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_line_is_the_programs_own_and_mends_it(name: str, folder: Path) -> None:
    program, old, new, *inside = PROGRAMS[name]
    text, error = failing(folder, program)
    typed, _, where = first_of(error).typed.partition("  # ")
    assert re.fullmatch(new, typed) if isinstance(new, re.Pattern) else typed == new
    line = int(re.fullmatch(rf"script_\d+\.py, line (\d+){inside[0] if inside else ''}", where)[1])
    # Typed in where it is said to stand, over the statement or the call that begins there.
    starts = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Assign | ast.Call)]
    begun = [ast.get_source_segment(text, node) for node in starts if node.lineno == line]
    was = next(part for part in begun if part and old in part and typed.startswith(part[:9]))
    assert text.count(was) == 1
    assert failing(folder, text.replace(was, typed).removeprefix(IMPORTS))[1] is None


@pytest.mark.parametrize("name", UNKNOWN)
def test_where_the_line_is_not_known_no_other_is_named(name: str, folder: Path) -> None:
    program, typed = UNKNOWN[name]
    assert first_of(failing(folder, program)[1]).typed == typed


CELLS = [
    "%load_ext helpers",
    IMPORTS,
    "head = nn.Linear(24, 2)\nTOPICS = 2",
    CLASS.format(outputs=2),
    "logits = head(states)\nloss = F.cross_entropy(logits, labels)",
    "net = Net(24)",
    "step(net, ids, labels)",
    "topics = nn.Linear(24, TOPICS)\nF.cross_entropy(topics(states), labels)",
    "head = nn.Linear(24, 2)\nF.cross_entropy(head(states), labels)",
    "!!! a cell that is no Python",
    "F.cross_entropy(head(states), labels)",
]
TYPED = [
    "head = nn.Linear(24, 3)  # In[3], line 1",
    "self.head = nn.Linear(width, 3)  # In[4], line 5, in Net.__init__",
    "TOPICS = 3  # In[3], line 2",
    "head = nn.Linear(24, 3)  # line 1",
    "head = nn.Linear(24, 3)  # In[9], line 1",
]


def test_a_notebooks_other_cells_are_read(tmp_path: Path) -> None:
    shell = "from IPython.core.interactiveshell import InteractiveShell\n"
    shell += 'shell = InteractiveShell.instance(colors="nocolor")\n'
    done = python(shell + f"for cell in {CELLS!r}:\n    shell.run_cell(cell, store_history=True)", tmp_path)
    assert done.returncode == 0, done.stderr
    shown = re.findall(r"^try    (.+?); where there are 3 classes", done.stdout, re.MULTILINE)
    assert shown == TYPED


LOUD = """
class Loud(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(24, 2)
    def forward(self, states):
        return self.head(states)
    def shout(self, *_):
        raise SystemExit("a learner's own code was run")
loud = Loud()
states, labels = torch.randn(4, 24), torch.arange(4)
logits = loud(states)
Loud.__getitem__ = Loud.__str__ = Loud.__repr__ = Loud.__eq__ = Loud.__len__ = Loud.forward = Loud.shout
Loud.__getattr__ = Loud.modules = Loud.named_modules = Loud.children = Loud.shout
Loud.config = Loud.weight = property(Loud.shout)
In = [loud, 2]
F.cross_entropy(logits, labels)
"""


def test_nothing_of_the_learners_is_run() -> None:
    assert explained(LOUD).fixes[0].typed == "loud.head = nn.Linear(24, 4)"


def test_tensors_alone_tell_how_wide_the_head_is() -> None:
    said = check_loss(F.cross_entropy, nn.Linear(24, 2)(torch.randn(4, 24)), torch.arange(4))
    assert said.fixes[0].typed == "head = nn.Linear(24, 4)  # in the model, or num_labels=4"
