"""Indices, one-hot rows or several labels: the loss wants another kind."""

# A program stays beside its name and the causes that it accepts.
# fmt: off
from .base import HEAD, KIND, TINY, case

CE, BCE, MSE, NLL = "cross_entropy", "binary_cross_entropy_with_logits", "mse_loss", "nll_loss"

CASES = [
    case("kind-one-hot-integers", KIND, """
        logits, target = torch.randn(6, 4), F.one_hot(torch.tensor([0, 3, 1, 2, 2, 0]), 4)
        F.cross_entropy(logits, target)
        """, CE),
    case("kind-several-labels-integers", KIND, """
        logits, target = torch.randn(3, 5), torch.tensor([[1, 0, 1, 0, 0], [0, 1, 0, 0, 1], [0, 0, 0, 1, 1]])
        nn.CrossEntropyLoss()(logits, target)
        """, CE),
    case("kind-nll-one-hot-floats", KIND, """
        criterion = nn.NLLLoss()
        logits, target = torch.log_softmax(torch.randn(5, 3), 1), torch.eye(3)[torch.tensor([0, 2, 1, 1, 0])]
        criterion(logits, target)
        """, NLL),
    case("kind-nll-one-hot-integers", KIND, """
        logits, target = torch.log_softmax(torch.randn(8, 6), 1), F.one_hot(torch.arange(8) % 6, 6)
        F.nll_loss(logits, target)
        """, NLL),
    case("kind-bce-indices", KIND, """
        logits, target = torch.randn(12, 7), torch.randint(0, 7, (12,))
        F.binary_cross_entropy_with_logits(logits, target)
        """, BCE),
    case("kind-bce-index-column", KIND, """
        class Toxic(nn.Module):
            def __init__(self):
                super().__init__()
                self.head, self.criterion = nn.Linear(16, 10), nn.BCELoss()
            def forward(self, x, labels):
                return self.criterion(torch.sigmoid(self.head(x)), labels)
        module, x = Toxic(), torch.randn(16, 16)
        target = torch.randint(0, 10, (16, 1)).float()
        logits = torch.sigmoid(module.head(x))
        module(x, target)
        """, "binary_cross_entropy"),
    case("kind-bce-two-outputs-binary-labels", KIND, """
        criterion = nn.BCEWithLogitsLoss()
        logits, target = torch.randn(20, 2), torch.randint(0, 2, (20,)).float()
        criterion(logits, target)
        """, BCE),
    case("kind-bce-labels-folded", KIND, """
        labels = torch.randint(0, 2, (12,)).float()
        logits, target = torch.randn(12, 3), labels.view(-1, 3)
        F.binary_cross_entropy_with_logits(logits, target)
        """, BCE),
    case("kind-flattened-one-hot", KIND, """
        label_ids = torch.eye(4, dtype=torch.long)[torch.tensor([1, 2, 1, 3, 0, 1, 0, 0])]
        def logits_to_loss(logits, label_ids):
            return nn.CrossEntropyLoss()(logits, label_ids.view(-1))
        logits, target = torch.randn(8, 4), label_ids
        logits_to_loss(logits, label_ids)
        """, CE),
    case("kind-hf-one-hot-integers", KIND, """
        model = BertForSequenceClassification(BertConfig(**SIZES, num_labels=4))
        input_ids = torch.randint(5, 120, (3, 8))
        target = torch.tensor([[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0]])
        logits = model(input_ids).logits
        model(input_ids, labels=target)
        """, CE, begin=TINY),
    case("kind-hf-sticky-problem-type", KIND, """
        model = BertForSequenceClassification(BertConfig(**SIZES, num_labels=3))
        input_ids = torch.randint(5, 120, (2, 8))
        logits = model(input_ids, labels=torch.tensor([0, 2])).logits
        target = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
        model(input_ids, labels=target)
        """, CE, begin=TINY),
    case("kind-hf-multi-label-model-with-indices", KIND, """
        model = BertForSequenceClassification(
            BertConfig(**SIZES, num_labels=5, problem_type="multi_label_classification"))
        input_ids, target = torch.randint(5, 120, (8, 6)), torch.randint(0, 5, (8,))
        logits = model(input_ids).logits
        model(input_ids, labels=target)
        """, BCE, begin=TINY),
    case("kind-hf-scores-and-three-outputs", (*KIND, *HEAD), """
        model = BertForSequenceClassification(BertConfig(**SIZES, num_labels=3))
        input_ids, target = torch.randint(5, 120, (8, 6)), torch.rand(8) * 4
        logits = model(input_ids).logits
        model(input_ids, labels=target)
        """, BCE, begin=TINY),
    case("kind-hf-regression-with-three-outputs", (*KIND, *HEAD), """
        model = BertForSequenceClassification(BertConfig(**SIZES, num_labels=3, problem_type="regression"))
        input_ids, target = torch.randint(5, 120, (8, 6)), torch.rand(8)
        logits = model(input_ids).logits
        model(input_ids, labels=target)
        """, MSE, begin=TINY),
    case("kind-hf-classifier-config-on-scores", (*KIND, "target_dtype"), """
        model = BertForSequenceClassification(
            BertConfig(**SIZES, num_labels=5, problem_type="single_label_classification"))
        input_ids, target = torch.randint(5, 120, (6, 6)), torch.tensor([0.5, 3.2, 4.0, 1.1, 2.7, 0.0])
        logits = model(input_ids).logits
        model(input_ids, labels=target)
        """, CE, begin=TINY),
    case("kind-mse-indices", (*KIND, *HEAD), """
        logits, target = torch.randn(8, 3), torch.randint(0, 3, (8,)).float()
        F.mse_loss(logits, target)
        """, MSE),
    case("kind-bce-one-output-two-columns", (*KIND, *HEAD), """
        logits, target = torch.randn(16, 1), torch.eye(2)[torch.randint(0, 2, (16,))]
        nn.BCEWithLogitsLoss()(logits, target)
        """, BCE),
]
