# url: https://github.com/lemonhu/NER-BERT-pytorch/issues/31
# cause: The LSTM reads both ways, so it gives twice as many features as the classifier takes.
# fix: nn.Linear(2 * config.hidden_size, NUM_LABELS), or half the hidden size in the LSTM
# accept: head_size static_length
# says: in_features.{0,20}64|Linear\(64,|64 (features|inputs)|2 \* |bidirectional|both (ways|directions)|hidden_size // 2
# raises: RuntimeError
# error: mat1 and mat2 shapes cannot be multiplied
# mend: nn.Linear(config.hidden_size, NUM_LABELS) => nn.Linear(2 * config.hidden_size, NUM_LABELS)
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset
from transformers import BertConfig, BertModel

torch.manual_seed(0)
NUM_LABELS = 31


class ClueNer(Dataset):
    def __init__(self, n=40):
        self.rows = []
        for i in range(n):
            length = 10 + i % 6
            self.rows.append((torch.randint(5, 200, (length,)), torch.randint(0, NUM_LABELS, (length,))))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


def collate_fn(batch):
    ids = pad_sequence([b[0] for b in batch], batch_first=True)
    tags = pad_sequence([b[1] for b in batch], batch_first=True, padding_value=-1)
    return ids, ids.gt(0).long(), tags


class BertLstmTagger(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.bert = BertModel(config)
        self.bilstm = nn.LSTM(
            input_size=config.hidden_size,
            hidden_size=config.hidden_size,
            num_layers=2,
            batch_first=True,
            dropout=0.1,
            bidirectional=True,
        )
        self.classifier = nn.Linear(config.hidden_size, NUM_LABELS)

    def forward(self, ids, mask):
        sequence_output = self.bert(ids, attention_mask=mask).last_hidden_state
        lstm_output, _ = self.bilstm(sequence_output)
        return self.classifier(lstm_output)


config = BertConfig(
    hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, vocab_size=200
)
model = BertLstmTagger(config)
criterion = nn.CrossEntropyLoss(ignore_index=-1)
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-5)
for ids, mask, tags in DataLoader(ClueNer(), batch_size=32, collate_fn=collate_fn):
    logits = model(ids, mask)
    loss = criterion(logits.view(-1, NUM_LABELS), tags.view(-1))
    loss.backward()
    optimizer.step()
