# url: https://github.com/huggingface/transformers/issues/807
# cause: The model returns an output object, and the object itself is given to softmax.
# fix: take the logits: softmax(model(...).logits, dim=1)
# accept: not_a_tensor
# says: \.logits|\[0\]
# raises: AttributeError
# error: no attribute .softmax
# mend: token_type_ids=segment_ids) => token_type_ids=segment_ids).logits
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, SequentialSampler, TensorDataset
from transformers import BertConfig, BertForNextSentencePrediction

torch.manual_seed(0)
config = BertConfig(
    vocab_size=200, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
)
model = BertForNextSentencePrediction(config)


def convert_sents_to_features(pairs, max_seq_length=20):
    ids, masks, segments = [], [], []
    for a, b in pairs:
        tokens = [2] + a + [3] + b + [3]
        seg = [0] * (len(a) + 2) + [1] * (len(b) + 1)
        pad = max_seq_length - len(tokens)
        ids.append(tokens + [0] * pad)
        masks.append([1] * len(tokens) + [0] * pad)
        segments.append(seg + [0] * pad)
    return torch.tensor(ids), torch.tensor(masks), torch.tensor(segments)


rng = np.random.default_rng(0)
pairs = [
    (
        rng.integers(5, 200, size=rng.integers(3, 8)).tolist(),
        rng.integers(5, 200, size=rng.integers(3, 8)).tolist(),
    )
    for _ in range(12)
]
all_ids, all_mask, all_seg = convert_sents_to_features(pairs)
eval_data = TensorDataset(all_ids, all_mask, all_seg)
eval_dataloader = DataLoader(eval_data, sampler=SequentialSampler(eval_data), batch_size=4)

model.eval()
res = []
for input_ids, input_mask, segment_ids in eval_dataloader:
    with torch.no_grad():
        probs = nn.functional.softmax(
            model(input_ids, attention_mask=input_mask, token_type_ids=segment_ids), dim=1
        )
        res.append(probs[:, 0].cpu().numpy())

res = np.concatenate(res)
print("probability that the second sentence follows:", res.round(2))
