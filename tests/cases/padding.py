"""Rows of different lengths, and lengths that are fixed in one place only."""

# A program stays beside its name and the causes that it accepts.
# fmt: off
from .base import LENGTH, LONG, TINY, case

CE, NLL = "cross_entropy", "nll_loss"
TOKENIZER = """
from helpers import load_tokenizer
tokenizer = load_tokenizer()
texts = ["A wonderful film.", "I did not like it at all, not for one minute.", "Fine."]
"""

CASES = [
    case("ragged-list-to-tensor", LENGTH, """
        rows = [[101, 7, 8, 102], [101, 9, 102]]
        input_ids = torch.tensor(rows)
        """, worded=True),
    case("ragged-long-tensor-of-labels", LENGTH, """
        labels = [[0, 1, 2], [1, 0], [2, 2, 2, 1]]
        torch.LongTensor(labels)
        """, worded=True),
    case("ragged-float-tensor", LENGTH, """
        scores = [[0.1, 0.2], [0.3]]
        torch.FloatTensor(scores)
        """, worded=True),
    case("ragged-tokenizer-ids-to-tensor", LENGTH, """
        encoded = tokenizer(texts)
        input_ids = torch.tensor(encoded["input_ids"])
        """, begin=TOKENIZER, worded=True),
    case("ragged-tokenizer-return-tensors", LENGTH, """
        encoded = tokenizer(texts, return_tensors="pt")
        """, begin=TOKENIZER, worded=True),
    case("ragged-tokenizer-truncation-only", LENGTH, """
        def encode(batch):
            return tokenizer(batch, truncation=True, max_length=8, return_tensors="pt")
        encode(texts)
        """, begin=TOKENIZER, worded=True),
    case("ragged-tokenizer-no-pad-token", LENGTH, """
        tokenizer.pad_token = None
        encoded = tokenizer(texts, padding=True, return_tensors="pt")
        """, begin=TOKENIZER, worded=True),
    case("ragged-loader-of-dictionaries", LENGTH, """
        from torch.utils.data import DataLoader
        rows = [{key: torch.tensor(value) for key, value in tokenizer(text).items()} for text in texts]
        for batch in DataLoader(rows, batch_size=3):
            print(batch["input_ids"].shape)
        """, begin=TOKENIZER),
    case("ragged-loader-of-pairs", LENGTH, """
        from torch.utils.data import DataLoader, Dataset
        class Sentences(Dataset):
            def __init__(self):
                self.ids = [torch.arange(n) for n in (5, 9, 3, 7)]
            def __len__(self):
                return len(self.ids)
            def __getitem__(self, i):
                return self.ids[i], i % 2
        ids, labels = next(iter(DataLoader(Sentences(), batch_size=2, shuffle=False)))
        """),
    case("ragged-loader-of-lists", LENGTH, """
        from torch.utils.data import DataLoader
        data = [[1, 2, 3], [4, 5], [6]]
        for batch in DataLoader(data, batch_size=3):
            pass
        """, worded=True),
    case("ragged-loader-of-arrays", LENGTH, """
        import numpy as np
        from torch.utils.data import DataLoader
        data = [(np.ones(4, dtype="int64"), 0), (np.ones(6, dtype="int64"), 1)]
        next(iter(DataLoader(data, batch_size=2)))
        """),
    case("ragged-own-collate", LENGTH, """
        from torch.utils.data import DataLoader
        def collate(rows):
            ids, labels = zip(*rows)
            return torch.stack(ids), torch.tensor(labels)
        data = [(torch.arange(4), 1), (torch.arange(7), 0)]
        next(iter(DataLoader(data, batch_size=2, collate_fn=collate)))
        """),
    case("ragged-stack", LENGTH, """
        sentences = [torch.randint(0, 50, (n,)) for n in (12, 8, 8)]
        batch = torch.stack(sentences, dim=0)
        """),
    case("ragged-cat-of-batches", LENGTH, """
        first, second = torch.randint(0, 50, (4, 12)), torch.randint(0, 50, (4, 9))
        everything = torch.cat([first, second], dim=0)
        """),
    case("ragged-cat-of-logits", LENGTH, """
        collected = [torch.randn(8, 21, 5), torch.randn(8, 17, 5)]
        torch.cat(collected)
        """),
    case("ragged-numpy-array", LENGTH, """
        import numpy as np
        x_train = [[4, 7, 1], [2, 2], [9, 8, 7, 6]]
        np.array(x_train)
        """, worded=True),
    case("ragged-numpy-asarray-float", LENGTH, """
        import numpy as np
        def to_matrix(rows):
            return np.asarray(rows, dtype="float32")
        to_matrix([[0.5, 1.5], [2.5, 3.5, 4.5]])
        """, worded=True),
    case("ragged-numpy-stack", LENGTH, """
        import numpy as np
        np.stack([np.zeros(5), np.zeros(6)])
        """, worded=True),
    case("ragged-object-array", LENGTH, """
        import numpy as np
        rows = np.array([[1, 2, 3], [4, 5]], dtype=object)
        torch.tensor(rows)
        """, worded=True),
    case("ragged-labels-in-the-collator", LENGTH, """
        from transformers import DataCollatorWithPadding
        rows = [dict(tokenizer(text), labels=[0] * (i + 2)) for i, text in enumerate(texts)]
        DataCollatorWithPadding(tokenizer, return_tensors="pt")(rows)
        """, begin=TOKENIZER, worded=True),
    case("static-one-step-shorter", LENGTH, """
        logits, target = torch.randn(16, 24, 30), torch.randint(0, 30, (16, 25))
        nn.CrossEntropyLoss()(logits.reshape(-1, 30), target.reshape(-1))
        """, CE),
    case("static-special-tokens-not-labelled", LENGTH, """
        logits, target = torch.randn(4, 7, 12), torch.randint(0, 7, (4, 10))
        F.cross_entropy(logits, target)
        """, CE),
    case("static-nll-decoder-with-start-token", LENGTH, """
        def step(output, trg, criterion=nn.NLLLoss()):
            vocabulary = output.shape[-1]
            return criterion(output.reshape(-1, vocabulary), trg.reshape(-1))
        logits, target = F.log_softmax(torch.randn(5, 9, 40), -1), torch.randint(0, 40, (5, 10))
        step(logits, target)
        """, NLL),
    case("static-hf-word-labels", LENGTH, """
        model = BertForTokenClassification(BertConfig(**SIZES, num_labels=5))
        input_ids, target = torch.randint(5, 120, (4, 16)), torch.randint(0, 5, (4, 13))
        logits = model(input_ids).logits
        model(input_ids=input_ids, labels=target)
        """, CE, begin=TINY),
    case("static-hf-labels-padded-to-another-length", LENGTH, """
        model = BertForTokenClassification(BertConfig(**SIZES, num_labels=3))
        input_ids = torch.randint(5, 120, (2, 20))
        target = torch.full((2, 32), -100)
        target[:, 1:19] = torch.randint(0, 3, (2, 18))
        logits = model(input_ids).logits
        loss = model(input_ids, labels=target).loss
        """, CE, begin=TINY),
    case("static-flattened-embedding", (*LENGTH, "head_size"), """
        class Flat(nn.Module):
            def __init__(self, max_len=16):
                super().__init__()
                self.embed, self.fc = nn.Embedding(80, 4), nn.Linear(max_len * 4, 2)
            def forward(self, ids):
                return self.fc(self.embed(ids).flatten(1))
        Flat()(torch.randint(0, 80, (3, 11)))
        """),
    case("static-preallocated-buffer", LENGTH, """
        buffer = torch.zeros(8, 32, dtype=torch.long)
        row = torch.randint(5, 90, (40,))
        buffer[0] = row
        """),
    case("long-position-buffer", (*LONG, *LENGTH), """
        class Positions(nn.Module):
            def __init__(self, max_len=32):
                super().__init__()
                self.embed, self.pos = nn.Embedding(60, 8), nn.Parameter(torch.zeros(1, max_len, 8))
            def forward(self, ids):
                return self.embed(ids) + self.pos
        Positions()(torch.randint(0, 60, (2, 45)))
        """),
    case("long-bert", LONG, """
        model = BertModel(BertConfig(**SIZES))
        model(input_ids=torch.randint(5, 120, (3, 65)), attention_mask=torch.ones(3, 65).long())
        """, begin=TINY),
    case("long-tokenizer-without-truncation", LONG, """
        model = BertModel(BertConfig(**{**SIZES, "vocab_size": 5000})).eval()
        encoded = tokenizer(["a very long review " * 40], return_tensors="pt")
        with torch.no_grad():
            model(**encoded)
        """, begin=TINY + TOKENIZER),
    case("long-labels-given", LONG, """
        model = BertForTokenClassification(BertConfig(**SIZES, num_labels=4))
        input_ids = torch.randint(5, 120, (2, 100))
        model(input_ids, labels=torch.zeros(2, 100).long())
        """, begin=TINY),
    case("long-roberta-two-positions-lost", LONG, """
        from transformers import RobertaConfig, RobertaForSequenceClassification
        config = RobertaConfig(**{**SIZES, "max_position_embeddings": 34})
        RobertaForSequenceClassification(config)(input_ids=torch.randint(5, 120, (2, 34)))
        """, begin=TINY),
    case("long-distilbert", LONG, """
        from transformers import DistilBertConfig, DistilBertForSequenceClassification
        config = DistilBertConfig(dim=32, n_layers=1, n_heads=2, hidden_dim=64, vocab_size=120,
                                  max_position_embeddings=48)
        DistilBertForSequenceClassification(config)(input_ids=torch.randint(5, 120, (1, 50)))
        """),
    case("long-own-position-embedding", LONG, """
        class Encoder(nn.Module):
            def __init__(self):
                super().__init__()
                self.words, self.positions = nn.Embedding(500, 8), nn.Embedding(32, 8)
            def forward(self, ids):
                return self.words(ids) + self.positions(torch.arange(ids.shape[1]))
        Encoder()(torch.randint(0, 500, (2, 33)))
        """),
    case("long-position-ids-by-hand", LONG, """
        model = BertModel(BertConfig(**SIZES))
        input_ids = torch.randint(5, 120, (2, 12))
        model(input_ids=input_ids, position_ids=torch.arange(60, 72).expand(2, -1))
        """, begin=TINY),
    case("long-electra", LONG, """
        from transformers import ElectraConfig, ElectraForSequenceClassification
        model = ElectraForSequenceClassification(ElectraConfig(**SIZES, embedding_size=32))
        model(torch.randint(5, 120, (2, 80)))
        """, begin=TINY),
]
