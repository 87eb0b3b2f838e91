"""Right uses, some of them rare: `check_loss` has to say "ok"."""

# A program stays beside its name and the causes that it accepts.
# fmt: off
from .base import Case, case

CE, BCE, MSE, NLL = "cross_entropy", "binary_cross_entropy_with_logits", "mse_loss", "nll_loss"


def _legal(name: str, code: str, loss: str = CE) -> Case:
    return case(f"legal-{name}", (), "torch.manual_seed(7)\n" + code, loss)


CASES = [
    _legal("indices", "logits, target = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])"),
    _legal("batch-of-one", "logits, target = torch.randn(1, 3), torch.tensor([2])"),
    _legal("unbatched", "logits, target = torch.randn(5), torch.tensor(3)"),
    _legal("misses-a-class", "logits, target = torch.randn(4, 10), torch.tensor([0, 7, 7, 3])"),
    _legal("misses-the-highest", "logits, target = torch.randn(6, 3), torch.tensor([0, 1, 1, 0, 0, 1])"),
    _legal("only-one-class", "logits, target = torch.randn(3, 2), torch.tensor([0, 0, 0])"),
    _legal("many-classes-small-batch", "logits, target = torch.randn(2, 1000), torch.tensor([42, 317])"),
    _legal("cold-numbers", "logits, target = torch.randn(3, 1), torch.tensor([[-100.0], [-55], [20]])", MSE),
    _legal("uint8", "logits, target = torch.randn(4, 3), torch.tensor([0, 2, 1, 1], dtype=torch.uint8)"),
    _legal("probabilities", "logits, target = torch.randn(4, 3), torch.softmax(torch.randn(4, 3), 1)"),
    _legal("one-hot-floats", "logits, target = torch.randn(4, 3), torch.eye(3)[torch.tensor([0, 2, 1, 1])]"),
    _legal("mixup", """
        a, b = torch.eye(4)[torch.tensor([0, 1, 2])], torch.eye(4)[torch.tensor([3, 3, 1])]
        logits, target = torch.randn(3, 4), 0.7 * a + 0.3 * b""".replace("\n        ", "\n")),
    _legal("token-probabilities", """
logits, target = torch.randn(2, 3, 5), torch.softmax(torch.randn(2, 3, 5), 1)"""),
    _legal("tokens", "logits, target = torch.randn(4, 3, 7), torch.randint(0, 3, (4, 7))"),
    _legal("tokens-partly-ignored", """
logits, target = torch.randn(4, 3, 7), torch.randint(0, 3, (4, 7))
target[:, 5:] = -100"""),
    _legal("flattened-tokens", "logits, target = torch.randn(28, 3), torch.randint(0, 3, (28,))"),
    _legal("pixels", "logits, target = torch.randn(2, 6, 4, 5), torch.randint(0, 6, (2, 4, 5))"),
    _legal("own-ignore-index", """
criterion = nn.CrossEntropyLoss(ignore_index=255)
logits, target = torch.randn(5, 3), torch.tensor([0, 255, 2, 1, 255])"""),
    _legal("ignore-index-0", """
criterion = nn.CrossEntropyLoss(ignore_index=0)
logits, target = torch.randn(5, 3), torch.tensor([0, 1, 2, 1, 0])"""),
    _legal("class-weights", """
criterion = nn.CrossEntropyLoss(weight=torch.tensor([0.2, 1.0, 3.0]))
logits, target = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])"""),
    _legal("label-smoothing", """
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
logits, target = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])"""),
    _legal("one-loss-per-row", """
criterion = nn.CrossEntropyLoss(reduction="none")
logits, target = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])"""),
    _legal("summed-by-a-partial", """
from functools import partial
criterion = partial(F.cross_entropy, reduction="sum", ignore_index=-1)
logits, target = torch.randn(4, 3), torch.tensor([0, 1, -1, 0])"""),
    _legal("confident-logits", "logits, target = torch.eye(3) * 9 - 4, torch.tensor([0, 1, 2])"),
    _legal("zero-logits", "logits, target = torch.zeros(4, 3), torch.tensor([0, 1, 2, 0])"),
    _legal("positive-logits", "logits, target = torch.rand(6, 4), torch.tensor([0, 1, 2, 3, 0, 1])"),
    _legal("log-softmax-first", """
logits, target = torch.log_softmax(torch.randn(6, 4), 1), torch.arange(6) % 4"""),
    _legal("half-precision", "logits, target = torch.randn(4, 3).bfloat16(), torch.tensor([0, 1, 2, 0])"),
    _legal("double-precision", "logits, target = torch.randn(4, 3).double(), torch.tensor([0, 1, 2, 0])"),
    _legal("nll", """
logits, target = torch.log_softmax(torch.randn(4, 3), 1), torch.tensor([0, 1, 2, 0])""", NLL),
    _legal("nll-tokens", """
criterion = nn.NLLLoss(ignore_index=0)
logits, target = torch.log_softmax(torch.randn(4, 3, 6), 1), torch.randint(0, 3, (4, 6))""", NLL),
    _legal("mse", "logits, target = torch.randn(4, 1), torch.rand(4, 1)", MSE),
    _legal("mse-vectors", "logits, target = torch.randn(8), torch.rand(8)", MSE),
    _legal("mse-hidden-states", "logits, target = torch.randn(2, 5, 8), torch.randn(2, 5, 8)", MSE),
    _legal("mse-numbers", "logits, target = torch.tensor(0.5), torch.tensor(1.0)", MSE),
    _legal("mse-zeros-and-ones", """
logits, target = torch.randn(6, 1), torch.randint(0, 2, (6, 1)).float()""", MSE),
    _legal("l1", "logits, target = torch.randn(4, 2), torch.rand(4, 2)", "l1_loss"),
    _legal("bce", "logits, target = torch.randn(4, 3), torch.randint(0, 2, (4, 3)).float()", BCE),
    _legal("bce-binary", "logits, target = torch.randn(8, 1), torch.randint(0, 2, (8, 1)).float()", BCE),
    _legal("bce-soft", "logits, target = torch.randn(4, 3), torch.rand(4, 3)", BCE),
    _legal("bce-one-hot", """
logits, target = torch.randn(4, 3), torch.eye(3)[torch.tensor([0, 2, 1, 1])]""", BCE),
    _legal("bce-all-negative", "logits, target = torch.randn(4, 3), torch.zeros(4, 3)", BCE),
    _legal("bce-per-token", """
logits, target = torch.randn(2, 7, 5), torch.randint(0, 2, (2, 7, 5)).float()""", BCE),
    _legal("bce-pos-weight", """
criterion = nn.BCEWithLogitsLoss(pos_weight=torch.tensor([1.0, 4.0, 2.0]))
logits, target = torch.randn(4, 3), torch.randint(0, 2, (4, 3)).float()""", BCE),
    _legal("bce-of-sigmoid", """
logits = torch.sigmoid(torch.randn(6, 2))
target = torch.randint(0, 2, (6, 2)).float()""", "binary_cross_entropy"),
]
