# url: https://github.com/bentrevett/pytorch-sentiment-analysis/issues/87
# cause: The LSTM's first state is made for batch_size rows, the last batch has fewer.
# fix: make it for input.size(1) rows (the batch at hand), or leave it out: the LSTM starts with zeros; or drop_last=True
# accept: batch_target static_length
# says: drop_last|\.size\(|\.shape\[|c_0
# never: nn\.LSTM\(
# raises: RuntimeError
# error: Expected hidden\[0\] size
# mend: h_0 = torch.zeros(1, self.batch_size, self.hidden_size) => h_0 = torch.zeros(1, input.size(1), self.hidden_size)
# mend: c_0 = torch.zeros(1, self.batch_size, self.hidden_size) => c_0 = torch.zeros(1, input.size(1), self.hidden_size)
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from transformers import BertModel

bert = BertModel.from_pretrained("tiny-bert")


class LSTMClassifier(nn.Module):
    def __init__(self, batch_size, output_size, hidden_size, bert):
        super().__init__()
        self.bert = bert
        self.batch_size, self.output_size, self.hidden_size = batch_size, output_size, hidden_size
        embedding_dim = bert.config.to_dict()["hidden_size"]
        self.lstm = nn.LSTM(embedding_dim, hidden_size)
        self.label = nn.Linear(hidden_size, output_size)

    def forward(self, input_sentence):
        with torch.no_grad():
            embedded = self.bert(input_sentence)[0]
        input = embedded.permute(1, 0, 2)
        h_0 = torch.zeros(1, self.batch_size, self.hidden_size)
        c_0 = torch.zeros(1, self.batch_size, self.hidden_size)
        output, (final_hidden_state, final_cell_state) = self.lstm(input, (h_0, c_0))
        return self.label(final_hidden_state[-1])


BATCH_SIZE = 8
train = TensorDataset(torch.randint(5, 100, (21, 15)), torch.randint(0, 6, (21,)))
model = LSTMClassifier(BATCH_SIZE, 6, 24, bert)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters())
for text, label in DataLoader(train, batch_size=BATCH_SIZE, shuffle=True):
    optimizer.zero_grad()
    predictions = model(text)
    loss = criterion(predictions, label)
    loss.backward()
    optimizer.step()
