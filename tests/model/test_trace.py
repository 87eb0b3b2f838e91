from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import nn
from transformers import BertConfig, BertForSequenceClassification

from helpers import explain, load_bert, load_tokenizer, trace_shapes


@pytest.fixture(scope="module")
def batch() -> dict[str, torch.Tensor]:
    return dict(load_tokenizer()(["The film was wonderful.", "Bad."], padding=True, return_tensors="pt"))


def hooks(model: nn.Module) -> int:
    return sum(len(module._forward_hooks) for module in model.modules())


def test_a_sequence_classifier_is_traced_from_tokens_to_logits(batch: dict[str, torch.Tensor]) -> None:
    trace = trace_shapes(load_bert("sequence", num_labels=3), **batch)
    length = batch["input_ids"].shape[1]
    found = {stage.name: (stage.shape, stage.axes) for stage in trace.stages}
    assert found["input_ids"] == ((2, length), "NT")
    assert found["attention_mask"] == ((2, length), "NT")
    assert found["bert.embeddings"] == found["bert.encoder"] == ((2, length, 768), "NTH")
    assert found["bert.pooler"] == ((2, 768), "NH")
    assert found["classifier"] == found["output.logits"] == ((2, 3), "NC")


def test_position_decides_between_axes_of_the_same_size() -> None:
    # Two sentences of two tokens, two classes: by size alone nothing could be told apart.
    model = load_bert("token", num_labels=2)
    trace = trace_shapes(model, input_ids=torch.tensor([[101, 102], [101, 102]]))
    assert (trace["classifier"].shape, trace["classifier"].axes) == ((2, 2, 2), "NTC")


@pytest.mark.parametrize("length", [7, 600])
def test_hooks_mode_and_random_numbers_are_left_as_they_were(length: int) -> None:
    model = load_bert("sequence").train()
    before = hooks(model), torch.get_rng_state().tolist()
    trace = trace_shapes(model, input_ids=torch.zeros(2, length, dtype=torch.int64))
    assert (trace.failed is not None) == (length > 512)
    assert (hooks(model), torch.get_rng_state().tolist()) == before
    assert model.training


class LearnersOwn(nn.Module):
    """The classifier that the source documents build by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.bert = load_bert("encoder")
        self.lstm = nn.LSTM(768, 16, batch_first=True)
        self.classifier = nn.Linear(16, 4)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        hidden_states = self.bert(input_ids, attention_mask=attention_mask).last_hidden_state
        output, _ = self.lstm(hidden_states)
        return self.classifier(output[:, -1])


def test_a_learners_own_model_is_traced(batch: dict[str, torch.Tensor]) -> None:
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
    trace = trace_shapes(LearnersOwn(), **inputs)
    names = [stage.name for stage in trace.stages]
    assert names[2:] == ["bert.embeddings", "bert.encoder", "bert.pooler", "lstm", "classifier", "output"]
    assert trace["output"].sizes == "(N=2, C=4)"
    assert trace["lstm"].axes == "NT?"


def test_a_missing_stage_is_named_with_those_that_exist(batch: dict[str, torch.Tensor]) -> None:
    trace = trace_shapes(load_bert(), **batch)
    with pytest.raises(KeyError, match=r"got 'logitz'. This trace has input_ids.*Try"):
        _ = trace["logitz"]


class Parts(nn.Module):
    """What a model may be made of: a list, a layer called twice, attention, a recurrent layer, a head."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(nn.Linear(8, 8) for _ in range(2))
        self.act = nn.ReLU()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.lstm = nn.LSTM(8, 4, batch_first=True)
        self.head = nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 3))

    def forward(self, states: torch.Tensor, mask: torch.Tensor | None = None) -> dict[str, Any]:
        for block in self.blocks:
            states = self.act(block(states))
        states = self.attention(states, states, states)[0]
        states, _ = self.lstm(states)
        return {"logits": self.head(states), "states": (states,), "loss": None}


STAGES = ["states", "blocks.0", "act", "blocks.1", "act", "attention", "lstm", "head.0", "head.1"]


def test_every_step_of_an_own_model_is_there_by_position_or_by_name() -> None:
    model, states = Parts(), torch.zeros(2, 5, 8)
    assert [stage.name for stage in trace_shapes(model, states).stages] == [*STAGES, "output.logits"]
    assert trace_shapes(model, states) == trace_shapes(model, states=states)
    assert trace_shapes(model.to("meta"), states.to("meta")) == trace_shapes(model, states=states.to("meta"))


@pytest.mark.parametrize("place", [1, 2, 3, 5, 6, 7, 8])
def test_a_trace_ends_with_the_last_step_that_ran(place: int) -> None:
    model = Parts()
    model.get_submodule(STAGES[place]).forward = lambda *args, **inputs: torch.zeros(2).view(3)
    trace = trace_shapes(model, torch.zeros(2, 5, 8))
    assert [stage.name for stage in trace.stages] == STAGES[:place]
    assert trace.failed and trace.failed.name == STAGES[place]


class OwnForward(Parts):
    """Its own line raises, after a layer that ran."""

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        return self.blocks[0](states).view(3, 99)


class Reworded(Parts):
    """Says what a layer of it raised in words of its own."""

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        try:
            return self.lstm(states)
        except RuntimeError as error:
            raise ValueError("wrong states") from error


class Lazy(nn.Module):
    """Gives no tensor: a generator."""

    def forward(self, states: torch.Tensor) -> Iterator[torch.Tensor]:
        yield states


def a_bert(head: int = 768, task: str = "sequence") -> nn.Module:
    model = load_bert(task)
    model.classifier = nn.Linear(head, 3)
    return model


def whole(*shape: int, highest: int = 0) -> torch.Tensor:
    return torch.full(shape, highest)


# Each model, its inputs, and the words for what failed: up to the error's own.
STATES = torch.zeros(2, 5, 9)
IDS = "takes ids from 0 to"
FAILING: dict[str, tuple[Callable[[], nn.Module], dict[str, Any], str]] = {
    "a head": (
        lambda: a_bert(512),
        {"input_ids": whole(2, 7)},
        "classifier = Linear(512, 3): came (N=2, H=768) float32; takes (..., 512) float32",
    ),
    "an id": (
        a_bert,
        {"input_ids": whole(2, 7, highest=40_000)},
        "bert.embeddings.word_embeddings = Embedding(4953, 768): "
        f"came (N=2, T=7) int64 from 40000 to 40000; {IDS} 4952",
    ),
    "a long sentence": (
        a_bert,
        {"input_ids": whole(2, 600)},
        "bert.embeddings = BertEmbeddings: came input_ids (N=2, T=600) int64",
    ),
    "labels": (
        lambda: a_bert(task="token"),
        {"input_ids": whole(2, 7), "labels": whole(2)},
        "CrossEntropyLoss: came input (?=14, C=3) float32, target (N=2,) int64; "
        "takes input (N, C, ...), target (N, ...)",
    ),
    "lists": (a_bert, {"input_ids": [[1, 2]]}, "bert.embeddings = BertEmbeddings: came no tensor"),
    "a wrong name": (
        Parts,
        {"state": STATES},
        "Parts: came state (N=2, ?=5, ?=9) float32; takes states, mask",
    ),
    "nothing": (Parts, {}, "Parts: came no tensor; takes states, mask"),
    "half": (
        lambda: Parts().half(),
        {"states": torch.zeros(2, 8)},
        "blocks.0 = Linear(8, 8): came (N=2, ?=8) float32; takes (..., 8) float16",
    ),
    "its own forward": (
        OwnForward,
        {"states": STATES[..., 1:]},
        "OwnForward: came states (N=2, ?=5, ?=8) float32",
    ),
    "in other words": (
        Reworded,
        {"states": STATES},
        "lstm = LSTM(8, 4): came (N=2, ?=5, ?=9) float32; takes (N, T, 8) float32",
    ),
}
# A layer, the shape that came, how it is spelled and what it takes.
LAYERS: list[tuple[nn.Module, tuple[int, ...], str, str]] = [
    (nn.Linear(8, 3), (2, 9), "Linear(8, 3)", "(..., 8) float32"),
    (nn.Embedding(5, 8), (2, 9), "Embedding(5, 8)", "ids from 0 to 4"),
    (nn.EmbeddingBag(5, 8), (2, 9), "EmbeddingBag(5, 8)", "ids from 0 to 4"),
    (nn.LayerNorm((3, 8)), (2, 9), "LayerNorm(3, 8)", "(..., 3, 8) float32"),
    (nn.LayerNorm(8, elementwise_affine=False), (2, 9), "LayerNorm(8)", "(..., 8)"),
    (nn.GroupNorm(2, 8), (2, 9), "GroupNorm(2, 8)", "(N, 8, ...) float32"),
    (nn.BatchNorm1d(8), (2, 9), "BatchNorm1d(8)", "(N, 8, ...) float32"),
    (nn.Conv1d(8, 4, 3), (2, 9, 9), "Conv1d(8, 4, kernel_size=(3,))", "(N, 8, ...) float32"),
    (nn.Conv2d(8, 4, 3), (2, 9, 9, 9), "Conv2d(8, 4, kernel_size=(3, 3))", "(N, 8, ...) float32"),
    (nn.GRU(8, 4), (2, 5, 9), "GRU(8, 4)", "(T, N, 8) float32"),
    (nn.GRUCell(8, 4), (2, 9), "GRUCell(8, 4)", "(N, 8) float32"),
    (nn.Unflatten(1, (2, 4)), (2, 9), "Unflatten(dim=1, unflattened_size=(2, 4))", ""),
]


@pytest.mark.parametrize("name", FAILING)
def test_the_innermost_layer_that_raised_is_told(name: str) -> None:
    make, inputs, words = FAILING[name]
    trace = trace_shapes(make(), **inputs)
    assert trace.failed
    assert str(trace).splitlines()[len(trace.stages)] == f"✗ fails at {words}"
    assert str(trace).endswith(f"  {type(trace.failed.error).__name__}: {trace.failed.error}")
    assert "✗ fails at" in trace._repr_html_()


@pytest.mark.parametrize(("layer", "came", "spelled", "takes"), LAYERS, ids=[row[2] for row in LAYERS])
def test_a_layer_says_how_it_was_made_and_what_it_takes(
    layer: nn.Module, came: tuple[int, ...], spelled: str, takes: str
) -> None:
    failed = trace_shapes(nn.Sequential(layer), torch.zeros(came)).failed
    assert failed
    assert (failed.name, failed.layer, failed.takes) == ("0", spelled, takes)
    assert [stage.shape for stage in failed.came] == [came]


def test_attention_names_all_three_that_came() -> None:
    query, key = torch.zeros(5, 2, 8), torch.zeros(5, 2, 9)
    failed = trace_shapes(nn.MultiheadAttention(8, 2), query, key, query).failed
    assert failed
    assert [stage.name for stage in failed.came] == ["query", "key", "value"]
    assert failed.takes == "query (T, N, 8), key (T, N, 8), value (T, N, 8) float32"


def test_what_gives_no_tensor_has_no_stage() -> None:
    assert [stage.name for stage in trace_shapes(nn.Sequential(Lazy()), torch.zeros(2)).stages] == ["input"]


def test_what_a_model_says_in_its_error_is_escaped() -> None:
    trace = trace_shapes(a_bert(), "<img src=x>", input_ids=1, **{"<img>": torch.zeros(2)})
    assert trace.failed
    assert "<img" not in trace._repr_html_()


def test_the_error_that_a_trace_keeps_can_be_explained() -> None:
    trace = trace_shapes(a_bert(512), input_ids=whole(2, 7))
    assert trace.failed
    diagnosis = explain(trace.failed.error)
    assert diagnosis
    assert diagnosis.cause == "head_size"


def base_sized() -> nn.Module:
    """BERT-base's own sizes without its 440 MB: on the meta device a tensor has a shape alone."""
    with torch.device("meta"):
        return BertForSequenceClassification(BertConfig()).eval()


COMPARED: dict[str, Callable[[], nn.Module]] = {
    **{task: lambda task=task: load_bert(task) for task in ("sequence", "token", "encoder")},
    "BERT-base": base_sized,
}


@pytest.mark.parametrize("name", COMPARED)
def test_the_shapes_are_those_of_torchinfo(name: str) -> None:
    torchinfo = pytest.importorskip("torchinfo", reason="`make compare` installs it")
    model = COMPARED[name]()
    inputs = {"input_ids": whole(2, 7).to(next(model.parameters()).device)}
    names = {module: name for name, module in model.named_modules()}
    layers = torchinfo.summary(model, input_data=inputs, depth=9, verbose=0).summary_list
    theirs = {names[layer.module]: layer.output_size for layer in layers}
    stages = [stage for stage in trace_shapes(model, **inputs).stages if stage.name in theirs]
    assert len(stages) >= 4
    assert [list(stage.shape) for stage in stages] == [theirs[stage.name] for stage in stages]
