"""The head has too few outputs, or the labels don't count from 0."""

# A program stays beside its name and the causes that it accepts.
# fmt: off
from .base import HEAD, TINY, case

CE, BCE, MSE, NLL = "cross_entropy", "binary_cross_entropy_with_logits", "mse_loss", "nll_loss"

CASES = [
    case("head-counts-from-1", HEAD, """
        def training_step(logits, target, criterion=nn.CrossEntropyLoss()):
            return criterion(logits, target)
        logits = torch.randn(5, 3, requires_grad=True)
        target = torch.tensor([1, 2, 3, 3, 1])
        training_step(logits, target).backward()
        """, CE),
    case("head-five-stars", HEAD, """
        class Stars(nn.Module):
            def __init__(self, outputs=5):
                super().__init__()
                self.encoder = nn.Embedding(200, 24)
                self.head = nn.Linear(24, outputs)
            def forward(self, ids):
                return self.head(self.encoder(ids).mean(1))
        stars = torch.tensor([5, 4, 1, 2, 5, 3])
        prediction = Stars()(torch.randint(0, 200, (6, 11)))
        logits, target = prediction, stars
        nn.CrossEntropyLoss()(prediction, stars)
        """, CE),
    case("head-binary-head-four-topics", HEAD, """
        class Net(nn.Module):
            def __init__(self, num_classes=2):
                super().__init__()
                self.fc = nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, num_classes))
            def loss(self, x, y):
                return F.cross_entropy(self.fc(x), y)
        net, x, target = Net(), torch.randn(12, 16), torch.tensor([0, 1, 2, 3] * 3)
        logits = net.fc(x)
        net.loss(x, target)
        """, CE),
    case("head-hf-default-two-labels", HEAD, """
        model = BertForSequenceClassification(BertConfig(**SIZES))
        batch = {"input_ids": torch.randint(5, 120, (6, 9)), "attention_mask": torch.ones(6, 9).long()}
        logits = model(**batch).logits
        batch["labels"] = target = torch.tensor([0, 1, 2, 1, 0, 2])
        loss = model(**batch).loss
        """, CE, begin=TINY),
    case("head-hf-single-output-for-two-classes", HEAD, """
        model = BertForSequenceClassification(BertConfig(**SIZES, num_labels=1))
        model.config.problem_type = "single_label_classification"
        input_ids = torch.randint(5, 120, (4, 9))
        logits, target = model(input_ids).logits, torch.tensor([0, 1, 1, 0])
        model(input_ids, labels=target)
        """, CE, begin=TINY),
    case("head-hf-tags-one-too-many", HEAD, """
        model = BertForTokenClassification(BertConfig(**SIZES, num_labels=9))
        input_ids = torch.randint(5, 120, (3, 10))
        target = torch.randint(0, 9, (3, 10))
        target[:, 0], target[1, 4], target[:, -1] = -100, 9, -100
        outputs = model(input_ids=input_ids)
        logits = outputs.logits.transpose(1, 2)
        model(input_ids=input_ids, labels=target)
        """, CE, begin=TINY),
    case("head-hf-tag-padding-minus-one", HEAD, """
        model = BertForTokenClassification(BertConfig(**SIZES, num_labels=5))
        input_ids = torch.randint(5, 120, (2, 8))
        target = torch.randint(0, 5, (2, 8)).masked_fill(torch.arange(8) > 5, -1)
        logits = model(input_ids).logits.transpose(1, 2)
        model(input_ids, labels=target)
        """, CE, begin=TINY),
    case("head-hf-checkpoint-with-nine-tags", HEAD, """
        trained = BertForTokenClassification(BertConfig(**SIZES, num_labels=9))
        model = BertForTokenClassification(BertConfig(**SIZES, num_labels=5))
        model.load_state_dict(trained.state_dict(), strict=False)
        """, begin=TINY),
    case("head-hf-from-pretrained-other-num-labels", HEAD, """
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            BertForSequenceClassification(BertConfig(**SIZES, num_labels=3)).save_pretrained(folder)
            BertForSequenceClassification.from_pretrained(folder, num_labels=7)
        """, begin=TINY),
    case("head-checkpoint-own-module", HEAD, """
        def build(num_classes):
            return nn.Sequential(nn.Linear(10, 8), nn.Tanh(), nn.Linear(8, num_classes))
        saved = build(4).state_dict()
        build(6).load_state_dict(saved)
        """),
    case("head-bce-six-columns-five-outputs", HEAD, """
        criterion = nn.BCEWithLogitsLoss()
        logits, target = torch.randn(8, 5), torch.randint(0, 2, (8, 6)).float()
        criterion(logits, target)
        """, BCE),
    case("head-bce-more-outputs-than-columns", HEAD, """
        probabilities = torch.sigmoid(torch.randn(32, 36))
        logits, target = probabilities, torch.randint(0, 2, (32, 6)).float()
        nn.BCELoss()(probabilities, target)
        """, "binary_cross_entropy"),
    case("head-hf-multilabel-six-columns", HEAD, """
        model = BertForSequenceClassification(
            BertConfig(**SIZES, num_labels=4, problem_type="multi_label_classification"))
        input_ids, target = torch.randint(5, 120, (3, 9)), torch.randint(0, 2, (3, 6)).float()
        logits = model(input_ids).logits
        model(input_ids, labels=target)
        """, BCE, begin=TINY),
    case("head-mse-two-column-scores", HEAD, """
        criterion = nn.MSELoss()
        logits, target = torch.randn(6, 4), torch.rand(6, 3)
        criterion(logits, target)
        """, MSE),
    case("head-l1-flattened-two-outputs", HEAD, """
        head = nn.Linear(8, 2)
        scores = torch.rand(14)
        logits = head(torch.randn(14, 8)).reshape(-1)
        target = scores
        F.l1_loss(logits, target)
        """, "l1_loss"),
    case("head-nll-seventh-class", HEAD, """
        logits = F.log_softmax(torch.randn(8, 4), dim=1)
        target = torch.tensor([0, 1, 2, 3, 6, 1, 2, 0])
        F.nll_loss(logits, target)
        """, NLL),
    case("head-nll-sentiment-minus-one", HEAD, """
        criterion = nn.NLLLoss()
        logits = torch.log_softmax(torch.randn(6, 3), dim=-1)
        target = torch.tensor([-1, 0, 1, 1, -1, 0])
        criterion(logits, target)
        """, NLL),
    case("head-flattened-tokens", HEAD, """
        num_tags = 5
        output, tags = torch.randn(3, 7, num_tags), torch.randint(0, num_tags, (3, 7))
        tags[2, 3] = 8
        logits, target = output.view(-1, num_tags), tags.view(-1)
        F.cross_entropy(logits, target)
        """, CE),
    case("head-padding-label-minus-one", HEAD, """
        labels = torch.tensor([[0, 2, 1, -1], [1, -1, -1, -1]])
        logits, target = torch.randn(2, 4, 3).view(-1, 3), labels.view(-1)
        nn.CrossEntropyLoss()(logits, target)
        """, CE),
    case("head-ignore-index-zero", HEAD, """
        criterion = nn.CrossEntropyLoss(ignore_index=0)
        logits, target = torch.randn(9, 4), torch.tensor([0, 0, 1, 2, 3, 4, 4, 1, 0])
        criterion(logits, target)
        """, CE),
    case("head-class-weights-too-few", HEAD, """
        criterion = nn.CrossEntropyLoss(weight=torch.tensor([0.2, 0.8]))
        logits, target = torch.randn(4, 3), torch.tensor([0, 1, 1, 0])
        criterion(logits, target)
        """, CE),
    case("head-pos-weight-too-few", HEAD, """
        criterion = nn.BCEWithLogitsLoss(pos_weight=torch.full((4,), 2.0))
        logits, target = torch.randn(8, 6), torch.randint(0, 2, (8, 6)).float()
        criterion(logits, target)
        """, BCE),
    case("head-void-label-255", HEAD, """
        logits = torch.randn(2, 21, 4, 4)
        target = torch.randint(0, 21, (2, 4, 4))
        target[0, :, 0] = 255
        F.cross_entropy(logits, target)
        """, CE),
    case("head-uint8-labels-out-of-range", HEAD, """
        logits, target = torch.randn(5, 3), torch.tensor([0, 1, 2, 200, 1], dtype=torch.uint8)
        F.cross_entropy(logits, target)
        """, CE),
    case("head-classes-on-axis-one", HEAD, """
        logits = torch.randn(2, 3, 7)
        target = torch.tensor([[0, 1, 2, 4, 1, 0, 2], [1, 1, 1, 0, 4, 2, 2]])
        F.cross_entropy(logits, target)
        """, CE),
    case("head-ids-of-a-database", HEAD, """
        import numpy as np
        y = np.array([1001, 1003, 1002, 1001])
        logits, target = nn.Linear(6, 3)(torch.randn(4, 6)), torch.from_numpy(y)
        F.cross_entropy(input=logits, target=target)
        """, CE),
    case("head-label-smoothing-and-range", HEAD, """
        logits, target = torch.randn(7, 10), torch.tensor([1, 2, 3, 10, 9, 8, 7])
        F.cross_entropy(logits, target, label_smoothing=0.1)
        """, CE),
    case("head-reads-768-gets-32", ("head_size",), """
        class Classifier(nn.Module):
            def __init__(self):
                super().__init__()
                self.bert = BertModel(BertConfig(**SIZES))
                self.classifier = nn.Linear(768, 3)
            def forward(self, input_ids):
                return self.classifier(self.bert(input_ids).last_hidden_state[:, 0])
        Classifier()(torch.randint(5, 120, (4, 9)))
        """, begin=TINY),
    case("head-linear-after-concat", ("head_size",), """
        left, right = torch.randn(8, 32), torch.randn(8, 32)
        head = nn.Linear(32, 2)
        head(torch.cat([left, right], dim=1))
        """),
    case("head-one-hot-too-narrow", HEAD, """
        y = torch.tensor([0, 3, 1, 2])
        F.one_hot(y, num_classes=3)
        """),
    case("head-reraised-by-a-trainer", HEAD, """
        logits, target = torch.randn(4, 2), torch.tensor([0, 1, 2, 1])
        try:
            F.cross_entropy(logits, target)
        except IndexError as error:
            raise RuntimeError("training failed at step 3") from error
        """, CE),
]
