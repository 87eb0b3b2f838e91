# url: https://github.com/hasanhuz/SpanEmo/pull/1
# cause: With output_hidden_states=True the output has three parts, and unpacking it gives their names, not tensors.
# fix: last_hidden_state = self.bert(...)[0] (or .last_hidden_state)
# accept: not_a_tensor
# says: \[0\]|last_hidden_state\b.*\bpooler_output|\.last_hidden_state|\[:2\]
# never: squeeze|input_ids.*unsqueeze
# raises: ValueError
# error: too many values to unpack
# mend: last_hidden_state, pooler_output = self.bert( => last_hidden_state, pooler_output, _ = self.bert(return_dict=False,
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from transformers import AutoTokenizer, BertModel

EMOTIONS = ["joy", "love", "sad", "angry"]


class SpanModel(nn.Module):
    def __init__(self, output_dropout=0.1):
        super().__init__()
        self.bert = BertModel.from_pretrained("tiny-bert", output_hidden_states=True)
        size = self.bert.config.hidden_size
        self.ffn = nn.Sequential(
            nn.Linear(size, size), nn.Tanh(), nn.Dropout(output_dropout), nn.Linear(size, 1)
        )

    def forward(self, input_ids, label_idxs):
        last_hidden_state, pooler_output = self.bert(input_ids=input_ids)
        scores = self.ffn(last_hidden_state).squeeze(-1)
        return scores.index_select(dim=1, index=label_idxs)


tokenizer = AutoTokenizer.from_pretrained("tiny-bert")
tweets = ["i liked the fast dog", "math is awful", "very nice food", "the late order"]
pairs = tokenizer([" ".join(EMOTIONS)] * 4, tweets, padding=True, return_tensors="pt")
targets = torch.tensor([[1, 1, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, 0, 1, 1]]).float()
loader = DataLoader(TensorDataset(pairs["input_ids"], targets), batch_size=2)
label_idxs = torch.tensor([1, 2, 3, 4])

model = SpanModel()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-5)
for inputs, y in loader:
    logits = model(inputs, label_idxs)
    loss = nn.functional.binary_cross_entropy_with_logits(logits, y)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
