# url: https://github.com/vietnh1009/Hierarchical-attention-networks-pytorch/issues/12
# cause: The GRU's hidden state has the fixed batch_size; the last training batch is smaller.
# fix: drop_last=True for training, or a hidden state for the real number of rows in the training loop too
# accept: static_length
# says: drop_last|last batch|smaller|len\(|\.size\(|\.shape\[
# raises: RuntimeError
# error: Expected hidden size
# mend: batch_size=batch_size, shuffle=True => batch_size=batch_size, shuffle=True, drop_last=True
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(1)
batch_size, hidden, vocab, n_classes = 16, 20, 150, 4


class Docs(Dataset):
    def __init__(self, n):
        self.x = torch.randint(1, vocab, (n, 15))
        self.y = torch.randint(0, n_classes, (n,))

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class WordAttNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.lookup = nn.Embedding(vocab, 24)
        self.gru = nn.GRU(24, hidden, bidirectional=True)
        self.att = nn.Linear(2 * hidden, 1)
        self.fc = nn.Linear(2 * hidden, n_classes)
        self._init_hidden_state(batch_size)

    def _init_hidden_state(self, size):
        self.word_hidden_state = torch.zeros(2, size, hidden)

    def forward(self, words):
        output = self.lookup(words.permute(1, 0))
        f_output, self.word_hidden_state = self.gru(output, self.word_hidden_state.detach())
        alpha = torch.softmax(self.att(f_output), dim=0)
        return self.fc((alpha * f_output).sum(0))


model = WordAttNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
training_generator = DataLoader(Docs(100), batch_size=batch_size, shuffle=True)
test_generator = DataLoader(Docs(40), batch_size=batch_size)

for epoch in range(2):
    model.train()
    for feature, label in training_generator:
        optimizer.zero_grad()
        predictions = model(feature)
        loss = criterion(predictions, label)
        loss.backward()
        optimizer.step()
    model.eval()
    for te_feature, te_label in test_generator:
        model._init_hidden_state(len(te_label))
        with torch.no_grad():
            te_predictions = model(te_feature)
    model._init_hidden_state(batch_size)
    print(epoch, loss.item())
