# url: https://github.com/huggingface/transformers/issues/9436
# cause: The inputs are handed over by position: the second is attention_mask, the fourth position_ids, not the segments and the labels.
# fix: model(input_ids, attention_mask=input_mask, token_type_ids=segment_ids, labels=label_ids)
# accept: missing_or_wrong_mask missing_input
# says: labels=|attention_mask=|by name|keyword
# raises: RuntimeError
# error: size of tensor a \(20\) must match the size of tensor b \(2\)
# mend: model(input_ids, segment_ids, input_mask, label_ids)[0] => model(input_ids, input_mask, segment_ids, labels=label_ids)[0]
import torch
from torch.utils.data import DataLoader, RandomSampler, TensorDataset
from transformers import BertForSequenceClassification, BertTokenizerFast

max_seq_length = 20
num_labels = 2
tokenizer = BertTokenizerFast.from_pretrained("tiny-bert")
model = BertForSequenceClassification.from_pretrained("tiny-bert", num_labels=num_labels)

examples = [
    ("who lives in london", "john smith lives in london", 1),
    ("who lives in london", "the cat sat on the mat", 0),
    ("what is slow", "the food service is slow", 1),
    ("what is slow", "a very nice place", 0),
]
encoded = tokenizer(
    [e[0] for e in examples],
    [e[1] for e in examples],
    padding="max_length",
    max_length=max_seq_length,
    truncation=True,
    return_tensors="pt",
)
train_data = TensorDataset(
    encoded["input_ids"],
    encoded["attention_mask"],
    encoded["token_type_ids"],
    torch.tensor([e[2] for e in examples]),
)
train_dataloader = DataLoader(train_data, sampler=RandomSampler(train_data), batch_size=2)
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5)
model.train()
for step, batch in enumerate(train_dataloader):
    input_ids, input_mask, segment_ids, label_ids = batch
    loss = model(input_ids, segment_ids, input_mask, label_ids)[0]
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
