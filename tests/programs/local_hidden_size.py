# url: https://github.com/mim-solutions/bert_for_longer_texts/issues/36
# cause: The head is written for BERT base (768 features); the model that was loaded has 32.
# fix: nn.Linear(self.model.config.hidden_size, 1)
# accept: head_size static_length
# says: hidden_size|Linear\(32, 1\)|in_features
# raises: RuntimeError
# error: mat1 and mat2 shapes cannot be multiplied \(3x32 and 768x1\)
# mend: nn.Linear(768, 1) => nn.Linear(self.model.config.hidden_size, 1)
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from transformers import AutoModel, AutoTokenizer

pretrained_model_name_or_path = "tiny-roberta"


class BertClassifierNN(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model
        self.linear = nn.Linear(768, 1)
        self.sigmoid = nn.Sigmoid()

    def forward(self, input_ids, attention_mask):
        x = self.model(input_ids, attention_mask)
        x = x[0][:, 0, :]
        x = self.linear(x)
        x = self.sigmoid(x)
        return x


tokenizer = AutoTokenizer.from_pretrained(pretrained_model_name_or_path)
x_train = ["the bank deposit was late", "i liked it", "a very nice place", "slow", "sad film", "good food"]
y_train = [0.0, 1.0, 1.0, 0.0, 0.0, 1.0]
tokens = tokenizer(x_train, padding=True, truncation=True, return_tensors="pt")
loader = DataLoader(
    TensorDataset(tokens["input_ids"], tokens["attention_mask"], torch.tensor(y_train)), batch_size=3
)

network = BertClassifierNN(AutoModel.from_pretrained(pretrained_model_name_or_path))
optimizer = torch.optim.AdamW(network.parameters(), lr=5e-5)
loss_function = nn.BCELoss()
for input_ids, attention_mask, labels in loader:
    predictions = network(input_ids, attention_mask)
    loss = loss_function(predictions.squeeze(1), labels)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
