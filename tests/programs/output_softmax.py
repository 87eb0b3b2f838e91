# url: https://github.com/HSLCY/GlossBERT/issues/11
# cause: softmax is called on the model's output object, not on its logits.
# fix: F.softmax(logits.logits, dim=-1)
# accept: not_a_tensor
# says: \.logits|\[0\]
# raises: AttributeError
# error: no attribute .softmax
# mend: F.softmax(logits, dim=-1) => F.softmax(logits.logits, dim=-1)
import torch
import torch.nn.functional as F
from transformers import BertForSequenceClassification, BertTokenizerFast

model = BertForSequenceClassification.from_pretrained("tiny-bert", num_labels=2)
tokenizer = BertTokenizerFast.from_pretrained("tiny-bert")
device = torch.device("cpu")
model.to(device)
model.eval()

sentence = "john sat on the bank"
glosses = {"bank_1": "a place of cash and account", "bank_2": "a place to sat on", "bank_3": "a card"}

results = []
for sense, gloss in glosses.items():
    encoding = tokenizer(sentence, gloss, padding="max_length", max_length=24, return_tensors="pt")
    input_ids = encoding["input_ids"].to(device)
    input_mask = encoding["attention_mask"].to(device)
    segment_ids = encoding["token_type_ids"].to(device)
    with torch.no_grad():
        logits = model(input_ids=input_ids, token_type_ids=segment_ids, attention_mask=input_mask)
    probs = F.softmax(logits, dim=-1)
    results.append((sense, probs[0, 1].item()))

results.sort(key=lambda pair: pair[1], reverse=True)
for sense, p in results:
    print(sense, round(p, 3))
