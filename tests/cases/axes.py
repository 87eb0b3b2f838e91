"""An axis of size 1 too many or too few."""

# A program stays beside its name and the causes that it accepts.
# fmt: off
from .base import KIND, SQUEEZE, TINY, case

CE, BCE, MSE, NLL = "cross_entropy", "binary_cross_entropy_with_logits", "mse_loss", "nll_loss"

CASES = [
    case("squeeze-column-of-a-table", SQUEEZE, """
        import numpy as np
        table = np.array([[0], [2], [1], [1], [0]])
        logits, target = torch.randn(5, 3), torch.from_numpy(table)
        F.cross_entropy(logits, target)
        """, CE),
    case("squeeze-dataset-gives-a-list", SQUEEZE, """
        from torch.utils.data import DataLoader, Dataset
        class Reviews(Dataset):
            def __len__(self):
                return 6
            def __getitem__(self, i):
                return torch.randn(16), torch.tensor([i % 2])
        model, criterion = nn.Linear(16, 2), nn.CrossEntropyLoss()
        for features, target in DataLoader(Reviews(), batch_size=6):
            logits = model(features)
            loss = criterion(logits, target)
        """, CE),
    case("squeeze-nll-column", SQUEEZE, """
        criterion = nn.NLLLoss()
        logits, target = nn.LogSoftmax(dim=1)(torch.randn(7, 4)), torch.randint(0, 4, (7, 1))
        criterion(logits, target)
        """, NLL),
    case("squeeze-bce-head-of-one", SQUEEZE, """
        class Sentiment(nn.Module):
            def __init__(self):
                super().__init__()
                self.embed, self.fc = nn.Embedding(90, 12), nn.Linear(10, 1)
                self.rnn = nn.GRU(12, 10, batch_first=True)
            def forward(self, ids):
                return self.fc(self.rnn(self.embed(ids))[1][-1])
        target = torch.randint(0, 2, (20,)).float()
        logits = Sentiment()(torch.randint(0, 90, (20, 9)))
        nn.BCEWithLogitsLoss()(logits, target)
        """, BCE),
    case("squeeze-bce-target-is-the-column", SQUEEZE, """
        logits, target = torch.randn(11), torch.randint(0, 2, (11, 1)).float()
        F.binary_cross_entropy_with_logits(logits, target)
        """, BCE),
    case("squeeze-bceloss-column", SQUEEZE, """
        criterion = nn.BCELoss()
        logits, target = torch.rand(13, 1), torch.randint(0, 2, (13,)).float()
        criterion(logits, target)
        """, "binary_cross_entropy"),
    case("squeeze-bce-row-against-column", SQUEEZE, """
        logits, target = torch.randn(24, 1), torch.randint(0, 2, (1, 24)).float()
        F.binary_cross_entropy_with_logits(logits, target)
        """, BCE),
    case("squeeze-everything-of-a-batch-of-one", SQUEEZE, """
        head = nn.Linear(8, 1)
        logits, target = head(torch.randn(1, 8)).squeeze(), torch.tensor([1.0])
        F.binary_cross_entropy_with_logits(logits, target)
        """, BCE),
    case("squeeze-mask-keeps-its-channel", SQUEEZE, """
        logits, target = torch.randn(2, 5, 6, 6), torch.randint(0, 5, (2, 1, 6, 6))
        F.cross_entropy(logits, target)
        """, CE),
    case("squeeze-bce-map-without-channel", SQUEEZE, """
        logits, target = torch.randn(2, 1, 8, 8), torch.randint(0, 2, (2, 8, 8)).float()
        nn.BCEWithLogitsLoss()(logits, target)
        """, BCE),
    case("squeeze-tags-with-a-last-axis", (*SQUEEZE, "needs_flatten_or_transpose"), """
        logits, target = torch.randn(3, 4, 9), torch.randint(0, 4, (3, 9, 1))
        F.cross_entropy(logits, target)
        """, CE),
    case("squeeze-two-axes-too-many", SQUEEZE, """
        logits, target = torch.randn(6, 3), torch.randint(0, 3, (6, 1, 1))
        F.cross_entropy(logits, target)
        """, CE),
    case("squeeze-hf-one-output-multi-label", (*SQUEEZE, *KIND), """
        model = BertForSequenceClassification(
            BertConfig(**SIZES, num_labels=1, problem_type="multi_label_classification"))
        input_ids, target = torch.randint(5, 120, (6, 7)), torch.tensor([0., 1., 1., 0., 1., 0.])
        logits = model(input_ids).logits
        model(input_ids, labels=target)
        """, BCE, begin=TINY),
    case("squeeze-row-of-labels", (*SQUEEZE, "needs_flatten_or_transpose", "batch_target"), """
        logits, target = torch.randn(8, 3), torch.randint(0, 3, (1, 8))
        F.cross_entropy(logits, target)
        """, CE),
    case("squeeze-mse-broadcasts", SQUEEZE, """
        logits, target = nn.Linear(4, 1)(torch.randn(16, 4)), torch.rand(16)
        """, MSE, silent=True),
    case("squeeze-mse-target-is-the-column", SQUEEZE, """
        criterion = nn.MSELoss()
        logits, target = torch.randn(12), torch.rand(12, 1)
        """, MSE, silent=True),
    case("squeeze-l1-broadcasts", SQUEEZE, """
        criterion = nn.L1Loss()
        logits, target = torch.randn(9, 1), torch.rand(9)
        """, "l1_loss", silent=True),
    case("squeeze-smooth-l1-broadcasts", SQUEEZE, """
        criterion = nn.SmoothL1Loss(beta=0.5)
        logits, target = torch.randn(7), torch.rand(7, 1)
        """, "smooth_l1_loss", silent=True),
    case("squeeze-huber-broadcasts", SQUEEZE, """
        criterion = nn.HuberLoss()
        logits, target = torch.randn(10, 1), torch.rand(10)
        """, "huber_loss", silent=True),
    case("squeeze-mse-summed", SQUEEZE, """
        criterion = nn.MSELoss(reduction="sum")
        logits, target = torch.randn(6, 1), torch.rand(6)
        """, MSE, silent=True),
    case("squeeze-unbatched-logits", SQUEEZE, """
        class Head(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(6, 4)
            def forward(self, x):
                return self.fc(x).squeeze()
        logits, target = Head()(torch.randn(1, 6)), torch.tensor([3])
        """, CE, silent=True),
    case("squeeze-mse-one-row-each-way", SQUEEZE, """
        logits, target = torch.randn(5, 1), torch.rand(1, 5)
        """, MSE, silent=True),
    case("squeeze-per-token-score", SQUEEZE, """
        logits, target = torch.randn(8, 5, 1), torch.rand(8, 5)
        F.mse_loss(logits, target)
        """, MSE),
    case("squeeze-per-token-score-one-length", SQUEEZE, """
        logits, target = torch.randn(5, 5, 1), torch.rand(5, 5)
        """, MSE, silent=True),
]
