# url: https://github.com/lonePatient/Bert-Multi-Label-Text-Classification/issues/26
# cause: The list of labels that sets the number of outputs is the example's (6 names); the data has 8 columns.
# fix: give get_labels the data's own 8 names (the head follows len(label_list))
# accept: head_size
# says: \b8\b
# never: \[:, :6\]
# raises: ValueError
# error: Target size .* must be the same as input size
# mend: "insult", "identity_hate"] => "insult", "identity_hate", "spam", "other"]
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from transformers import BertModel


class BertProcessor:
    def get_labels(self):
        return ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]


class BertForMultiLabel(nn.Module):
    def __init__(self, num_labels):
        super().__init__()
        self.bert = BertModel.from_pretrained("tiny-bert")
        self.dropout = nn.Dropout(0.1)
        self.classifier = nn.Linear(self.bert.config.hidden_size, num_labels)

    def forward(self, input_ids, attention_mask, token_type_ids):
        outputs = self.bert(input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        return self.classifier(self.dropout(outputs[1]))


class BCEWithLogLoss:
    def __init__(self):
        self.loss_fn = nn.BCEWithLogitsLoss()

    def __call__(self, output, target):
        return self.loss_fn(input=output, target=target)


label_list = BertProcessor().get_labels()
n, length = 16, 14
features = TensorDataset(
    torch.randint(5, 100, (n, length)),
    torch.ones(n, length, dtype=torch.long),
    torch.zeros(n, length, dtype=torch.long),
    torch.randint(0, 2, (n, 8)).float(),
)
model = BertForMultiLabel(len(label_list))
criterion = BCEWithLogLoss()
for input_ids, input_mask, segment_ids, label_ids in DataLoader(features, batch_size=8):
    logits = model(input_ids, input_mask, segment_ids)
    loss = criterion(output=logits, target=label_ids)
    loss.backward()
