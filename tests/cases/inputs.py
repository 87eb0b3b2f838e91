"""Ids without a row, masks of another shape, inputs that were not given."""

# A program stays beside its name and the causes that it accepts.
# fmt: off
from .base import FLAT, INPUT, LENGTH, MASK, SQUEEZE, TINY, VOCAB, case

# No cause of the list says "ids with an axis too many or too few"; any that speaks of axes or inputs will do.
SHAPES = (*INPUT, *SQUEEZE, *FLAT, *LENGTH)

CASES = [
    case("vocab-other-tokenizer", VOCAB, """
        from helpers import load_tokenizer
        model = BertForSequenceClassification(BertConfig(**SIZES, num_labels=2))
        model(**load_tokenizer()(["a wonderful film"], return_tensors="pt"))
        """, begin=TINY),
    case("vocab-added-tokens", VOCAB, """
        from helpers import load_tokenizer
        tokenizer = load_tokenizer()
        config = {**SIZES, "vocab_size": len(tokenizer)}
        tokenizer.add_tokens(["[PRODUCT]", "[USER]"])
        encoded = tokenizer(["[USER] liked the [PRODUCT] a lot"], return_tensors="pt")
        BertModel(BertConfig(**config))(**encoded)
        """, begin=TINY),
    case("vocab-own-embedding-off-by-one", VOCAB, """
        words = {word: index for index, word in enumerate("a b c d e f g".split(), start=1)}
        embedding = nn.Embedding(len(words), 6)
        embedding(torch.tensor([[1, 2, 7], [3, 4, 5]]))
        """),
    case("vocab-ignored-labels-as-ids", VOCAB, """
        model = BertForTokenClassification(BertConfig(**SIZES, num_labels=3))
        input_ids = torch.randint(5, 120, (2, 9))
        labels = torch.randint(0, 3, (2, 9))
        labels[:, 0] = -100
        model(input_ids=labels, labels=input_ids)
        """, begin=TINY),
    case("vocab-padding-with-minus-one", VOCAB, """
        class Bag(nn.Module):
            def __init__(self):
                super().__init__()
                self.embed, self.fc = nn.Embedding(100, 8), nn.Linear(8, 2)
            def forward(self, ids):
                return self.fc(self.embed(ids).mean(1))
        rows = [torch.arange(5), torch.arange(3)]
        padded = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=-1)
        Bag()(padded)
        """),
    case("vocab-token-types", VOCAB, """
        model = BertForSequenceClassification(BertConfig(**SIZES))
        input_ids = torch.randint(5, 120, (2, 9))
        model(input_ids=input_ids, token_type_ids=torch.tensor([[0] * 3 + [1] * 3 + [2] * 3] * 2))
        """, begin=TINY),
    case("vocab-functional-embedding", VOCAB, """
        table = torch.randn(50, 4)
        F.embedding(torch.tensor([3, 50]), table)
        """),
    case("vocab-embedding-bag", VOCAB, """
        bag = nn.EmbeddingBag(95, 32)
        text, offsets = torch.tensor([4, 7, 120, 5]), torch.tensor([0, 2])
        bag(text, offsets)
        """),
    case("vocab-distilbert", VOCAB, """
        from transformers import DistilBertConfig, DistilBertModel
        config = DistilBertConfig(dim=32, n_layers=1, n_heads=2, hidden_dim=64, vocab_size=120)
        DistilBertModel(config)(torch.tensor([[101, 119, 120, 102]]))
        """),
    case("mask-vector-for-a-batch", MASK, """
        model = BertForSequenceClassification(BertConfig(**SIZES))
        mask = torch.ones(12).long()
        mask[9:] = 0
        model(input_ids=torch.randint(5, 120, (1, 12)), attention_mask=mask)
        """, begin=TINY),
    case("mask-one-token-shorter", MASK, """
        model = BertModel(BertConfig(**SIZES))
        input_ids = torch.randint(5, 120, (2, 12))
        mask = torch.ones(2, 11).long()
        mask[1, 8:] = 0
        model(input_ids, attention_mask=mask)
        """, begin=TINY),
    case("mask-of-the-longer-batch", MASK, """
        model = BertForSequenceClassification(BertConfig(**SIZES))
        ids, mask = torch.randint(5, 120, (3, 10)), (torch.arange(16) < 10).long().expand(3, 16)
        model(input_ids=ids, attention_mask=mask, labels=torch.tensor([0, 1, 1]))
        """, begin=TINY),
    case("mask-of-another-batch", MASK, """
        model = BertForSequenceClassification(BertConfig(**SIZES))
        mask = torch.ones(2, 10).long()
        mask[:, 7:] = 0
        model(input_ids=torch.randint(5, 120, (3, 10)), attention_mask=mask)
        """, begin=TINY),
    case("mask-transposed", MASK, """
        model = BertModel(BertConfig(**SIZES))
        mask = torch.ones(9, 4).long()
        mask[6:] = 0
        model(input_ids=torch.randint(5, 120, (4, 9)), attention_mask=mask)
        """, begin=TINY),
    case("mask-mean-pooling", MASK, """
        def mean_pool(hidden_states, attention_mask):
            return (hidden_states * attention_mask).sum(1) / attention_mask.sum(1)
        hidden_states, attention_mask = torch.randn(4, 10, 32), torch.ones(4, 10)
        mean_pool(hidden_states, attention_mask)
        """),
    case("mask-scores-of-heads", MASK, """
        class Attention(nn.Module):
            def forward(self, query, key, mask):
                scores = query @ key.transpose(-1, -2)
                return scores.masked_fill(mask == 0, float("-inf")).softmax(-1)
        query, key = torch.randn(3, 8, 20, 16), torch.randn(3, 8, 20, 16)
        Attention()(query, key, torch.ones(3, 20, 20))
        """),
    case("mask-multihead-attention", MASK, """
        attention = nn.MultiheadAttention(16, 4, batch_first=True)
        x, key_padding_mask = torch.randn(2, 9, 16), torch.zeros(9, 2).bool()
        attention(x, x, x, key_padding_mask=key_padding_mask)
        """),
    case("mask-transformer-encoder", MASK, """
        encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 1)
        encoder.train()
        src, mask = torch.randn(5, 7, 16), torch.zeros(5, 8).bool()
        encoder(src, src_key_padding_mask=mask)
        """),
    case("mask-selects-other-tokens", MASK, """
        hidden_states, attention_mask = torch.randn(4, 10, 32), torch.ones(4, 12).bool()
        words = hidden_states[attention_mask]
        """),
    case("input-no-ids", INPUT, """
        model = BertForSequenceClassification(BertConfig(**SIZES))
        model(attention_mask=torch.ones(2, 8).long(), labels=torch.tensor([0, 1]))
        """, begin=TINY),
    case("input-whole-batch-as-ids", INPUT, """
        from helpers import load_tokenizer
        model = BertForSequenceClassification(BertConfig(**{**SIZES, "vocab_size": 5000}))
        batch = load_tokenizer()(["good", "bad"], return_tensors="pt")
        model(batch)
        """, begin=TINY),
    case("input-forward-without-mask", INPUT, """
        class Pair(nn.Module):
            def forward(self, input_ids, attention_mask):
                return input_ids * attention_mask
        Pair()(torch.randint(0, 9, (2, 4)))
        """),
    case("input-forward-of-a-dictionary", INPUT, """
        class Pair(nn.Module):
            def __init__(self):
                super().__init__()
                self.embed = nn.Embedding(30, 4)
            def forward(self, input_ids, attention_mask, token_type_ids):
                return self.embed(input_ids) * attention_mask.unsqueeze(-1)
        batch = {"input_ids": torch.randint(0, 30, (2, 6)), "attention_mask": torch.ones(2, 6)}
        Pair()(**batch)
        """),
    case("input-ids-with-three-axes", SHAPES, """
        model = BertModel(BertConfig(**SIZES))
        model(torch.randint(5, 120, (4, 1, 9)))
        """, begin=TINY),
    case("input-ids-without-batch", SHAPES, """
        model = BertForSequenceClassification(BertConfig(**SIZES))
        model(torch.tensor([101, 7, 8, 102]))
        """, begin=TINY),
]
