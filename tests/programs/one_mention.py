# url: https://github.com/YintongHuo/SemParser/issues/4
# cause: One message has a single mention: squeeze() drops its axis, so argmax over axis 1 finds none.
# fix: torch.argmax(self.token_type_classifier(mention_feat), dim=1), without the squeeze
# accept: squeeze_mismatch
# says: squeeze|dim=-1
# raises: IndexError
# error: Dimension out of range
# mend: self.token_type_classifier(mention_feat).squeeze() => self.token_type_classifier(mention_feat)
import torch
from torch import nn
from transformers import AutoTokenizer, BertModel

tokenizer = AutoTokenizer.from_pretrained("tiny-bert")
messages = [
    ("order refund of card account", [1, 2, 4]),
    ("login late", [1, 2]),
    ("bank deposit is cash", [1, 4]),
    ("service slow", [2]),
    ("card and account", [1, 3]),
]


class CorefModel(nn.Module):
    def __init__(self, num_types=4):
        super().__init__()
        self.encoder = BertModel.from_pretrained("tiny-bert")
        self.lstm = nn.LSTM(32, 16, bidirectional=True, batch_first=True)
        self.token_type_classifier = nn.Linear(32, num_types)

    def predict(self, input_ids, mentions):
        word_feat, _ = self.lstm(self.encoder(input_ids).last_hidden_state)
        mention_feat = word_feat[0, mentions]
        predict_token_label = torch.argmax(self.token_type_classifier(mention_feat).squeeze(), dim=1)
        return predict_token_label.tolist()


model = CorefModel()
model.eval()
predicted = []
with torch.no_grad():
    for text, mentions in messages:
        input_ids = tokenizer(text, return_tensors="pt")["input_ids"]
        predicted.append(model.predict(input_ids, torch.tensor(mentions)))
print(predicted)
