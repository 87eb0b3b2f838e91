# url: https://github.com/prateekjoshi565/Fine-Tuning-BERT/issues/9
# cause: The labels are words (positive, negative, notr); a tensor holds numbers only.
# fix: give each class a number: label2id = {name: i for i, name in enumerate(names)}, then [label2id[l] for l in labels]
# accept: target_dtype
# says: return_inverse|enumerate|label2id|\.index\(|['"]negative['"]: 0
# never: astype\(int\)|int\(train_labels
# raises: ValueError
# error: too many dimensions 'str'
# mend: torch.tensor(train_labels.tolist()) => torch.tensor(np.unique(train_labels, return_inverse=True)[1])
import numpy as np
import torch
from torch.utils.data import DataLoader, RandomSampler, TensorDataset
from transformers import AutoTokenizer, BertForSequenceClassification

tokenizer = AutoTokenizer.from_pretrained("tiny-bert")
train_text = ["the film was good", "awful food", "very nice place", "it is a bank", "happy mary", "the movie"]
train_labels = np.array(["positive", "negative", "positive", "notr", "positive", "notr"])

max_seq_len = 10
tokens_train = tokenizer(train_text, max_length=max_seq_len, padding="max_length", truncation=True)

train_seq = torch.tensor(tokens_train["input_ids"])
train_mask = torch.tensor(tokens_train["attention_mask"])
train_y = torch.tensor(train_labels.tolist())

train_data = TensorDataset(train_seq, train_mask, train_y)
train_dataloader = DataLoader(train_data, sampler=RandomSampler(train_data), batch_size=3)
model = BertForSequenceClassification.from_pretrained("tiny-bert", num_labels=3)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)
for sent_id, mask, labels in train_dataloader:
    loss = model(sent_id, attention_mask=mask, labels=labels).loss
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
