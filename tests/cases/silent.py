"""Nothing is raised, and it is a mistake: `check_loss` has to notice."""

# A program stays beside its name and the causes that it accepts.
# fmt: off
from .base import FLAT, HEAD, KIND, LENGTH, SQUEEZE, TOKENS, Case, case

CE, BCE, MSE, NLL = "cross_entropy", "binary_cross_entropy_with_logits", "mse_loss", "nll_loss"


def _silent(name: str, accept: tuple[str, ...], code: str, loss: str = CE) -> Case:
    return case(f"silent-{name}", accept, code, loss, silent=True)


CASES = [
    _silent("softmax-first", ("softmax_before_loss",), """
        logits, target = torch.softmax(torch.randn(32, 5), dim=1), torch.randint(0, 5, (32,))
        """),
    _silent("softmax-in-the-model", ("softmax_before_loss",), """
        model = nn.Sequential(nn.Linear(8, 10), nn.Softmax(dim=-1))
        criterion = nn.CrossEntropyLoss()
        logits, target = model(torch.randn(16, 8)), torch.randint(0, 10, (16,))
        """),
    _silent("softmax-on-tokens", ("softmax_before_loss",), """
        logits = torch.randn(4, 9, 3).softmax(-1).transpose(1, 2)
        target = torch.randint(0, 3, (4, 9))
        """),
    _silent("nll-of-softmax", ("softmax_before_loss", "loss_choice"), """
        logits, target = F.softmax(torch.randn(16, 4), dim=1), torch.randint(0, 4, (16,))
        """, NLL),
    _silent("nll-of-raw-logits", ("loss_choice", "softmax_before_loss"), """
        criterion = nn.NLLLoss()
        logits, target = torch.randn(32, 4) * 2, torch.randint(0, 4, (32,))
        """),
    _silent("bce-with-logits-of-sigmoid", ("softmax_before_loss", "loss_choice"), """
        criterion = nn.BCEWithLogitsLoss()
        logits, target = torch.sigmoid(torch.randn(64, 6) * 3), torch.randint(0, 2, (64, 6)).float()
        """, BCE),
    _silent("softmax-of-one", ("softmax_before_loss", *HEAD), """
        model = nn.Sequential(nn.Linear(8, 1), nn.Softmax(dim=-1))
        logits, target = model(torch.randn(16, 8)), torch.rand(16, 1)
        """, MSE),
    _silent("softmax-of-one-with-bce", ("softmax_before_loss", *HEAD), """
        logits, target = torch.randn(8, 1).softmax(1), torch.randint(0, 2, (8, 1)).float()
        """, BCE),
    _silent("softmax-then-bce-with-logits", ("softmax_before_loss",), """
        logits, target = torch.randn(4, 3).softmax(-1), F.one_hot(torch.tensor([0, 2, 1, 1]), 3).float()
        """, BCE),
    _silent("mse-of-ignored-tokens", ("label_range",), """
        ratings = torch.tensor([[1.0, 3.0, -100], [2.0, 0.5, 4.0]])
        logits, target = torch.randn(2, 3), ratings
        """, MSE),
    _silent("bce-of-ignored-tokens", ("label_range",), """
        logits, target = torch.randn(2, 3), torch.tensor([[1.0, 0.0, -100], [0.0, 1.0, -100]])
        """, BCE),
    _silent("head-of-one", HEAD, """
        logits, target = torch.randn(8, 1), torch.zeros(8, dtype=torch.long)
        """),
    _silent("head-of-one-per-token", HEAD, """
        logits, target = torch.randn(4, 1, 9), torch.zeros(4, 9, dtype=torch.long)
        """),
    _silent("outputs-never-asked-for", ("unused_outputs",), """
        logits, target = torch.randn(256, 73), torch.randint(0, 33, (256,))
        """),
    _silent("all-ignored", ("all_ignored",), """
        logits, target = torch.randn(6, 3), torch.full((6,), -100)
        """),
    _silent("all-ignored-own-index", ("all_ignored",), """
        criterion = nn.CrossEntropyLoss(ignore_index=0)
        logits, target = torch.randn(5, 3), torch.zeros(5, dtype=torch.long)
        """),
    _silent("all-ignored-tokens", ("all_ignored",), """
        logits, target = torch.randn(2, 4, 7), torch.full((2, 7), -100)
        """),
    _silent("mse-per-class-against-one-score", (*SQUEEZE, *HEAD, *KIND), """
        logits, target = torch.randn(10, 3), torch.rand(10, 1)
        """, MSE),
    _silent("mse-square-broadcast", (*SQUEEZE, *HEAD, *KIND), """
        logits, target = torch.randn(5, 5), torch.rand(5)
        """, MSE),
    _silent("tokens-as-many-as-classes", FLAT, """
        criterion = nn.CrossEntropyLoss(ignore_index=-100)
        logits, target = torch.randn(8, 9, 9), torch.randint(0, 9, (8, 9))
        """),
    _silent("bce-indices-of-the-same-shape", (*KIND, "label_range"), """
        logits, target = torch.randn(6, 4), torch.tensor([[0., 1., 2., 3.]] * 6)
        """, BCE),
    _silent("l1-scores-for-many-tokens", (*TOKENS, *SQUEEZE, *LENGTH), """
        logits, target = torch.randn(4, 12, 1), torch.rand(4, 1, 1)
        """, "l1_loss"),
]
