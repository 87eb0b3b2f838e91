"""One prediction per token or per sequence, and which axis the loss reads."""

# A program stays beside its name and the causes that it accepts.
# fmt: off
from .base import FLAT, SEQUENCES, TINY, TOKENS, case

CE, BCE, MSE, NLL = "cross_entropy", "binary_cross_entropy_with_logits", "mse_loss", "nll_loss"

CASES = [
    case("flat-tokens-last", FLAT, """
        logits, target = torch.randn(4, 12, 5), torch.randint(0, 5, (4, 12))
        F.cross_entropy(logits, target)
        """, CE),
    case("flat-lstm-tagger", FLAT, """
        class Tagger(nn.Module):
            def __init__(self, tags):
                super().__init__()
                self.embed, self.out = nn.Embedding(60, 8), nn.Linear(20, tags)
                self.lstm = nn.LSTM(8, 10, batch_first=True, bidirectional=True)
            def forward(self, ids):
                states, _ = self.lstm(self.embed(ids))
                return self.out(states)
        sentences, target = torch.randint(0, 60, (6, 14)), torch.randint(0, 9, (6, 14))
        logits = Tagger(9)(sentences)
        nn.CrossEntropyLoss(ignore_index=0)(logits, target)
        """, CE),
    case("flat-only-the-target", FLAT, """
        logits, target = torch.randn(4, 9, 5), torch.randint(0, 5, (4, 9)).view(-1)
        F.cross_entropy(logits, target)
        """, CE),
    case("flat-only-the-logits", FLAT, """
        scores, target = torch.randn(4, 9, 5), torch.randint(0, 5, (4, 9))
        logits = scores.view(-1, 5)
        F.cross_entropy(logits, target)
        """, CE),
    case("flat-convolution-head", FLAT, """
        head = nn.Conv2d(8, 10, kernel_size=1)
        logits, target = head(torch.randn(5, 8, 1, 1)), torch.randint(0, 10, (5,))
        nn.CrossEntropyLoss()(logits, target)
        """, CE),
    case("flat-mean-keeps-the-axis", FLAT, """
        hidden_states = torch.randn(6, 11, 16)
        logits = nn.Linear(16, 4)(hidden_states.mean(dim=1, keepdim=True))
        target = torch.randint(0, 4, (6,))
        F.cross_entropy(logits, target)
        """, CE),
    case("flat-conv1d-leaves-one-step", FLAT, """
        net = nn.Sequential(nn.Conv1d(4, 7, 3), nn.AdaptiveMaxPool1d(1))
        logits, target = net(torch.randn(8, 4, 10)), torch.randint(0, 7, (8,))
        F.cross_entropy(logits, target)
        """, CE),
    case("flat-hf-tokens-with-ignored", FLAT, """
        model = BertForTokenClassification(BertConfig(**SIZES, num_labels=7))
        input_ids, target = torch.randint(5, 120, (3, 10)), torch.randint(0, 7, (3, 10))
        target[:, 0] = -100
        logits = model(input_ids).logits
        nn.CrossEntropyLoss()(logits, target)
        """, CE, begin=TINY),
    case("flat-channels-last", FLAT, """
        logits, target = torch.randn(2, 6, 8, 5), torch.randint(0, 5, (2, 6, 8))
        F.cross_entropy(logits, target)
        """, CE),
    case("flat-time-first", FLAT, """
        rnn, head = nn.GRU(6, 12), nn.Linear(12, 3)
        logits = head(rnn(torch.randn(15, 4, 6))[0])
        target = torch.randint(0, 3, (4, 15))
        F.cross_entropy(logits, target)
        """, CE),
    case("flat-nll-tokens-last", FLAT, """
        logits, target = F.log_softmax(torch.randn(2, 9, 4), dim=-1), torch.randint(0, 4, (2, 9))
        F.nll_loss(logits, target)
        """, NLL),
    case("flat-language-model", FLAT, """
        vocabulary = 40
        def loss_of(scores, ids):
            return F.cross_entropy(scores[:, :-1], ids[:, 1:])
        ids, scores = torch.randint(0, vocabulary, (2, 10)), torch.randn(2, 10, vocabulary)
        logits, target = scores[:, :-1], ids[:, 1:]
        loss_of(scores, ids)
        """, CE),
    case("flat-frames-folded-into-rows", FLAT, """
        clips = torch.randn(12, 3, 2, 20, 1)
        logits = nn.Linear(20, 6)(clips.permute(0, 2, 1, 4, 3).reshape(-1, 20))[:24]
        target = torch.randint(0, 6, (12,))
        F.cross_entropy(logits, target)
        """, CE),
    case("flat-leading-axis-of-one", FLAT, """
        graph = torch.randn(1, 50, 16)
        logits, target = nn.Linear(16, 4)(graph), torch.randint(0, 4, (1, 50))
        nn.CrossEntropyLoss()(logits, target)
        """, CE),
    case("flat-as-many-tokens-as-classes", FLAT, """
        logits, target = torch.randn(4, 5, 5), torch.randint(0, 5, (4, 5))
        """, CE, silent=True),
    case("token-no-pooling", TOKENS, """
        class Classifier(nn.Module):
            def __init__(self, labels=3):
                super().__init__()
                self.bert, self.head = BertModel(BertConfig(**SIZES)), nn.Linear(32, labels)
            def forward(self, input_ids):
                return self.head(self.bert(input_ids=input_ids).last_hidden_state)
        logits = Classifier()(torch.randint(5, 120, (4, 9)))
        target = torch.tensor([0, 2, 1, 1])
        F.cross_entropy(logits, target)
        """, CE, begin=TINY),
    case("token-hf-token-model-for-sentences", TOKENS, """
        model = BertForTokenClassification(BertConfig(**SIZES, num_labels=2))
        input_ids, target = torch.randint(5, 120, (8, 20)), torch.randint(0, 2, (8,))
        logits = model(input_ids).logits
        model(input_ids=input_ids, labels=target)
        """, CE, begin=TINY),
    case("token-all-lstm-states", TOKENS, """
        lstm, fc, embed = nn.LSTM(8, 16, batch_first=True), nn.Linear(16, 4), nn.Embedding(50, 8)
        states, (last, _) = lstm(embed(torch.randint(0, 50, (5, 13))))
        logits, target = fc(states), torch.randint(0, 4, (5,))
        nn.CrossEntropyLoss()(logits, target)
        """, CE),
    case("token-bce-per-token-score", TOKENS, """
        net = nn.Sequential(nn.Embedding(70, 6), nn.Linear(6, 1))
        logits, target = net(torch.randint(0, 70, (9, 12))), torch.randint(0, 2, (9, 1)).float()
        F.binary_cross_entropy_with_logits(logits, target)
        """, BCE),
    case("token-bce-multi-label", TOKENS, """
        logits, target = torch.randn(6, 10, 4), torch.randint(0, 2, (6, 4)).float()
        nn.BCEWithLogitsLoss()(logits, target)
        """, BCE),
    case("token-column-of-labels", TOKENS, """
        logits, target = torch.randn(3, 8, 2), torch.randint(0, 2, (3, 1))
        F.cross_entropy(logits, target)
        """, CE),
    case("token-flattened-against-sentences", TOKENS, """
        states = torch.randn(6, 9, 16)
        scores = nn.Linear(16, 3)(states)
        logits, target = scores.view(-1, 3), torch.randint(0, 3, (6,))
        F.cross_entropy(logits, target)
        """, CE),
    case("token-transformer-encoder", TOKENS, """
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        class Model(nn.Module):
            def __init__(self):
                super().__init__()
                self.embed, self.fc = nn.Embedding(40, 16), nn.Linear(16, 5)
                self.encoder = nn.TransformerEncoder(layer, 1)
            def forward(self, x):
                return F.log_softmax(self.fc(self.encoder(self.embed(x))), dim=-1)
        logits, target = Model()(torch.randint(0, 40, (7, 6))), torch.randint(0, 5, (7,))
        F.nll_loss(logits, target)
        """, NLL),
    case("sequence-hf-tags-for-a-sentence-model", SEQUENCES, """
        model = BertForSequenceClassification(BertConfig(**SIZES, num_labels=9))
        input_ids, target = torch.randint(5, 120, (4, 12)), torch.randint(0, 9, (4, 12))
        target[:, 0] = target[:, -1] = -100
        logits = model(input_ids).logits
        model(input_ids=input_ids, attention_mask=torch.ones_like(input_ids), labels=target)
        """, CE, begin=TINY),
    case("sequence-cls-head-and-tags", SEQUENCES, """
        hidden_states, target = torch.randn(5, 14, 24), torch.randint(0, 6, (5, 14))
        logits = nn.Linear(24, 6)(hidden_states[:, 0])
        F.cross_entropy(logits, target)
        """, CE),
    case("sequence-flattened-tags", SEQUENCES, """
        criterion = nn.CrossEntropyLoss()
        tags = torch.randint(0, 5, (8, 12))
        logits, target = torch.randn(8, 5), tags.view(-1)
        criterion(logits, target)
        """, CE),
    case("sequence-last-lstm-state", SEQUENCES, """
        lstm, fc = nn.LSTM(6, 10, batch_first=True), nn.Linear(10, 73)
        _, (last, _) = lstm(torch.randn(2, 20, 6))
        logits, target = fc(last[-1]), torch.randint(0, 33, (2, 20))
        F.cross_entropy(logits, target)
        """, CE),
    case("sequence-masked-language-labels", SEQUENCES, """
        model = BertForSequenceClassification(BertConfig(**SIZES, num_labels=2))
        input_ids = torch.randint(5, 120, (6, 32))
        target = input_ids.masked_fill(torch.rand(6, 32) > 0.2, -100)
        target[0, 0] = 17
        logits = model(input_ids).logits
        model(input_ids, labels=target)
        """, CE, begin=TINY),
    case("sequence-nll-tags", SEQUENCES, """
        logits = torch.log_softmax(torch.randn(4, 3), 1)
        target = torch.randint(0, 3, (4, 11))
        nn.NLLLoss()(logits, target)
        """, NLL),
]
