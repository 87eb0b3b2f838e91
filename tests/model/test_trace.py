import pytest
import torch
from torch import nn

from helpers import load_bert, load_tokenizer, trace_shapes


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


@pytest.mark.parametrize("fails", [False, True])
def test_hooks_and_mode_are_left_as_they_were(fails: bool, batch: dict[str, torch.Tensor]) -> None:
    model = load_bert("sequence").train()
    before = hooks(model)
    inputs = {"input_ids": torch.zeros(2, 600, dtype=torch.int64)} if fails else batch
    if fails:
        with pytest.raises(RuntimeError):
            trace_shapes(model, **inputs)
    else:
        trace_shapes(model, **inputs)
    assert hooks(model) == before
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
