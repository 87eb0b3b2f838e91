# url: https://github.com/bentrevett/pytorch-sentiment-analysis/issues/37
# cause: pack_padded_sequence wants the longest sentence first; the batch is not sorted by length.
# fix: pack_padded_sequence(..., enforce_sorted=False), or sort the batch by length
# accept: ragged_padding static_length
# says: enforce_sorted=False
# never: padding="max_length"
# raises: RuntimeError
# error: array must be sorted in decreasing order
# mend: pack_padded_sequence(embedded, text_lengths) => pack_padded_sequence(embedded, text_lengths, enforce_sorted=False)
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader


class RNN(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, output_dim):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=0)
        self.rnn = nn.LSTM(embedding_dim, hidden_dim, bidirectional=True)
        self.fc = nn.Linear(hidden_dim * 2, output_dim)
        self.dropout = nn.Dropout(0.5)

    def forward(self, text, text_lengths):
        embedded = self.dropout(self.embedding(text))
        packed_embedded = nn.utils.rnn.pack_padded_sequence(embedded, text_lengths)
        packed_output, (hidden, cell) = self.rnn(packed_embedded)
        hidden = self.dropout(torch.cat((hidden[-2], hidden[-1]), dim=1))
        return self.fc(hidden)


def collate(rows):
    texts, labels = zip(*rows, strict=True)
    return pad_sequence(texts), torch.tensor([len(t) for t in texts]), torch.tensor(labels)


generator = torch.Generator().manual_seed(3)
sizes = [5, 9, 3, 7, 12, 4, 6, 8]
data = [(torch.randint(1, 90, (size,), generator=generator), i % 5) for i, size in enumerate(sizes)]
train_iterator = DataLoader(data, batch_size=4, collate_fn=collate)
model = RNN(90, 16, 12, 5)
optimizer = torch.optim.Adam(model.parameters())
criterion = nn.CrossEntropyLoss()
for text, text_lengths, label in train_iterator:
    optimizer.zero_grad()
    predictions = model(text, text_lengths)
    loss = criterion(predictions, label)
    loss.backward()
    optimizer.step()
