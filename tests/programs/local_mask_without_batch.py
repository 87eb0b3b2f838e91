# url: https://github.com/maveryn/punctuation-restoration/issues/7
# cause: input_ids got a batch axis, (1, 256), the attention mask did not, (256,).
# fix: attention_mask.unsqueeze(0) too, so that it is (1, 256) like input_ids
# accept: missing_or_wrong_mask
# says: unsqueeze\(0\)|\(1, 256\)|batch axis|\[None
# raises: IndexError
# error: too many indices for tensor of dimension 1
# mend: x = x.unsqueeze(0) => x, attn_mask = x.unsqueeze(0), attn_mask.unsqueeze(0)
import torch
from torch import nn
from transformers import RobertaConfig, RobertaModel

punctuation = {0: "", 1: ",", 2: ".", 3: "?"}
MAX_LEN = 256


class DeepPunctuation(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = RobertaModel(
            RobertaConfig(
                vocab_size=200,
                hidden_size=32,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=64,
                max_position_embeddings=300,
            )
        )
        self.lstm = nn.LSTM(32, 16, bidirectional=True, batch_first=True)
        self.linear = nn.Linear(32, len(punctuation))

    def forward(self, x, attn_masks):
        x = self.encoder(x, attention_mask=attn_masks)[0]
        x, _ = self.lstm(x)
        return self.linear(x)


def encode(words):
    ids = [0]
    for w in words:
        ids.append(5 + sum(map(ord, w)) % 190)
    ids.append(2)
    ids = ids[:MAX_LEN]
    mask = [1] * len(ids) + [0] * (MAX_LEN - len(ids))
    ids += [1] * (MAX_LEN - len(ids))
    return torch.tensor(ids), torch.tensor(mask)


model = DeepPunctuation().eval()


def inference(text):
    words = text.lower().split()
    x, attn_mask = encode(words)
    x = x.unsqueeze(0)
    with torch.no_grad():
        y_predict = model(x, attn_mask)
    y_predict = y_predict.argmax(dim=2)[0]
    return " ".join(w + punctuation[int(y)] for w, y in zip(words, y_predict[1:]))


for line in ["hello how are you today", "i am fine thanks and what about you"]:
    print(inference(line))
