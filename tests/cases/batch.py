"""Not one label per row; labels of the wrong dtype."""

# A program stays beside its name and the causes that it accepts.
# fmt: off
from .base import BATCH, DTYPE, KIND, TINY, case

CE, BCE, MSE, NLL = "cross_entropy", "binary_cross_entropy_with_logits", "mse_loss", "nll_loss"

CASES = [
    case("batch-two-views-joined", BATCH, """
        def forward(view_a, view_b, head=nn.Linear(20, 4)):
            return torch.cat([head(view_a), head(view_b)])
        logits = forward(torch.randn(8, 20), torch.randn(8, 20))
        target = torch.randint(0, 4, (8,))
        F.cross_entropy(logits, target)
        """, CE),
    case("batch-labels-of-the-last-batch", BATCH, """
        criterion = nn.CrossEntropyLoss()
        logits, target = torch.randn(8, 3), torch.randint(0, 3, (5,))
        criterion(logits, target)
        """, CE),
    case("batch-bce-columns", BATCH, """
        logits, target = torch.randn(32, 1), torch.randint(0, 2, (24, 1)).float()
        nn.BCEWithLogitsLoss()(logits, target)
        """, BCE),
    case("batch-bce-multi-label-rows", BATCH, """
        logits, target = torch.randn(10, 4), torch.randint(0, 2, (7, 4)).float()
        F.binary_cross_entropy_with_logits(logits, target)
        """, BCE),
    case("batch-mse-scores", BATCH, """
        logits, target = torch.randn(12), torch.rand(9)
        F.mse_loss(logits, target)
        """, MSE),
    case("batch-hf-too-few-labels", BATCH, """
        model = BertForSequenceClassification(BertConfig(**SIZES, num_labels=3))
        input_ids, target = torch.randint(5, 120, (8, 16)), torch.tensor([0, 2, 1, 1, 0, 2])
        logits = model(input_ids).logits
        model(input_ids=input_ids, labels=target)
        """, CE, begin=TINY),
    case("batch-hf-overflowing-windows", BATCH, """
        from helpers import load_tokenizer
        config = {**SIZES, "vocab_size": 5000}
        model = BertForSequenceClassification(BertConfig(**config, num_labels=2))
        rows = load_tokenizer()(["good film " * 20, "bad " * 9], truncation=True, max_length=12, padding=True,
                                return_overflowing_tokens=True, return_tensors="pt")
        rows.pop("overflow_to_sample_mapping")
        logits, target = model(**rows).logits, torch.tensor([1, 0])
        model(**rows, labels=target)
        """, CE, begin=TINY),
    case("batch-hf-tags-of-fewer-sentences", BATCH, """
        model = BertForTokenClassification(BertConfig(**SIZES, num_labels=5))
        input_ids, target = torch.randint(5, 120, (4, 12)), torch.randint(0, 5, (3, 12))
        logits = model(input_ids).logits
        model(input_ids, labels=target)
        """, CE, begin=TINY),
    case("batch-empty-labels", BATCH, """
        logits, target = torch.randn(6, 3), torch.zeros(0, dtype=torch.long)
        nn.CrossEntropyLoss()(logits, target)
        """, CE),
    case("batch-nll-row-dropped", BATCH, """
        scores, labels = torch.randn(16, 5), torch.randint(0, 5, (16,))
        logits, target = F.log_softmax(scores[:-1], dim=1), labels
        F.nll_loss(logits, target)
        """, NLL),
    case("batch-filter-drops-padded-sentences", ("batch_target", "dropped_rows"), """
        attention_mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 0, 0]])
        logits = torch.randn(3, 2)[attention_mask.bool().all(dim=1)]
        target = torch.tensor([0, 1, 1])
        F.cross_entropy(logits, target)
        """, CE),
    case("batch-one-label-for-all", BATCH, """
        logits, target = torch.randn(4, 3), torch.tensor(1)
        F.cross_entropy(logits, target)
        """, CE),
    case("batch-loader-joined-on-axis-0", BATCH, """
        class Siamese(nn.Module):
            def __init__(self):
                super().__init__()
                self.encoder, self.head = nn.Linear(12, 8), nn.Linear(8, 3)
            def forward(self, premise, hypothesis):
                return self.head(torch.cat((self.encoder(premise), self.encoder(hypothesis)), dim=0))
        model, target = Siamese(), torch.randint(0, 3, (10,))
        logits = model(torch.randn(10, 12), torch.randn(10, 12))
        loss = nn.CrossEntropyLoss()(logits, target)
        """, CE),
    case("dtype-float-labels", DTYPE, """
        logits, target = torch.randn(8, 4), torch.tensor([0., 1., 2., 3., 0., 1., 2., 3.])
        nn.CrossEntropyLoss()(logits, target)
        """, CE),
    case("dtype-numpy-doubles", DTYPE, """
        import numpy as np
        labels = np.array([0, 2, 1, 1], dtype="float64")
        logits, target = torch.randn(4, 3), torch.from_numpy(labels)
        F.cross_entropy(logits, target)
        """, CE),
    case("dtype-int32-module", DTYPE, """
        class Step(nn.Module):
            def forward(self, x, y):
                return F.cross_entropy(x, y)
        logits, target = torch.randn(6, 2), torch.tensor([0, 1, 0, 1, 1, 0]).int()
        Step()(logits, target)
        """, CE),
    case("dtype-int16-nll", DTYPE, """
        logits = torch.log_softmax(torch.randn(6, 7), 1)
        target = torch.randint(0, 7, (6,)).to(torch.int16)
        F.nll_loss(logits, target)
        """, NLL),
    case("dtype-bool-labels", DTYPE, """
        scores = torch.tensor([0.2, 0.9, 0.7])
        logits, target = torch.randn(3, 2), scores > 0.5
        F.cross_entropy(logits, target)
        """, CE),
    case("dtype-bce-long", DTYPE, """
        logits, target = torch.randn(10, 5), torch.randint(0, 2, (10, 5))
        nn.BCEWithLogitsLoss()(logits, target)
        """, BCE),
    case("dtype-bceloss-long-vector", DTYPE, """
        logits, target = torch.sigmoid(torch.randn(12)), torch.randint(0, 2, (12,))
        F.binary_cross_entropy(logits, target)
        """, "binary_cross_entropy"),
    case("dtype-bceloss-double", DTYPE, """
        import numpy as np
        logits = torch.sigmoid(torch.randn(9, 1))
        target = torch.from_numpy(np.zeros((9, 1)))
        nn.BCELoss()(logits, target)
        """, "binary_cross_entropy"),
    case("dtype-hf-int32", DTYPE, """
        import numpy as np
        labels = np.array([0, 3, 1], dtype="int32")
        model = BertForSequenceClassification(BertConfig(**SIZES, num_labels=4))
        model.config.problem_type = "single_label_classification"
        input_ids, target = torch.randint(5, 120, (3, 7)), torch.from_numpy(labels)
        logits = model(input_ids).logits
        model(input_ids, labels=target)
        """, CE, begin=TINY),
    case("dtype-hf-tags-int32", DTYPE, """
        model = BertForTokenClassification(BertConfig(**SIZES, num_labels=4))
        input_ids, target = torch.randint(5, 120, (3, 7)), torch.randint(0, 4, (3, 7)).int()
        logits = model(input_ids).logits
        model(input_ids, labels=target)
        """, CE, begin=TINY),
    case("dtype-hf-multi-hot-long", ("target_dtype", *KIND), """
        model = BertForSequenceClassification(
            BertConfig(**SIZES, num_labels=3, problem_type="multi_label_classification"))
        input_ids, target = torch.randint(5, 120, (2, 7)), torch.tensor([[1, 0, 1], [0, 0, 1]])
        logits = model(input_ids).logits
        model(input_ids, labels=target)
        """, BCE, begin=TINY),
    case("dtype-bce-bool", DTYPE, """
        scores = torch.rand(6, 4)
        logits, target = torch.randn(6, 4), scores > 0.5
        nn.BCEWithLogitsLoss()(logits, target)
        """, BCE),
    case("dtype-one-hot-int32", ("target_dtype", *KIND), """
        logits = torch.randn(4, 3)
        target = torch.tensor([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]]).int()
        F.cross_entropy(logits, target)
        """, CE),
]
