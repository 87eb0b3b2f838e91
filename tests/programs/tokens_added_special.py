# url: https://github.com/huggingface/transformers/issues/1062
# cause: A token was added to the vocabulary; the model's embedding still has the old number of rows.
# fix: model.resize_token_embeddings(len(tokenizer)) after adding tokens
# accept: vocab_range
# says: resize_token_embeddings|resiz.{0,40}embedding
# raises: IndexError
# error: index out of range in self
# mend: ["[ANIMAL]"]}) => ["[ANIMAL]"]}); model.resize_token_embeddings(len(tokenizer))
import os
import tempfile

import torch
from torch.utils.data import DataLoader, Dataset
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

torch.manual_seed(0)
words = "[PAD] [UNK] [CLS] [SEP] [MASK] hello my dog cat is cute ugly and loud so".split()
words += ["word%d" % i for i in range(200 - len(words))]
path = os.path.join(tempfile.mkdtemp(), "vocab.txt")
with open(path, "w") as f:
    f.write("\n".join(words))
tokenizer = BertTokenizer(path)
model = BertForSequenceClassification(
    BertConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, vocab_size=200
    )
)

# mark the animal in every sentence
tokenizer.add_special_tokens({"additional_special_tokens": ["[ANIMAL]"]})


class Choices(Dataset):
    texts = [
        "hello my [ANIMAL] dog is cute",
        "hello my [ANIMAL] cat is ugly",
        "my [ANIMAL] dog is loud",
        "so cute and loud",
    ]
    labels = [1, 0, 0, 1]

    def __len__(self):
        return len(self.texts)

    def __getitem__(self, i):
        enc = tokenizer(
            self.texts[i], padding="max_length", truncation=True, max_length=12, return_tensors="pt"
        )
        return enc["input_ids"][0], enc["attention_mask"][0], self.labels[i]


optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5)
model.train()
for epoch in range(2):
    for input_ids, attention_mask, labels in DataLoader(Choices(), batch_size=2):
        loss = model(input_ids, attention_mask=attention_mask, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    print(epoch, loss.item())
