# url: https://github.com/kmkurn/pytorch-crf/issues/110
# cause: The mask is off where the label is -100, so it is off at [CLS], the first position; a CRF has to start there.
# fix: drop [CLS] from emissions, labels and mask: [:, 1:]
# accept: missing_or_wrong_mask
# says: \[:, 1:\]|\[CLS\]
# raises: ValueError
# error: mask of the first timestep must all be on
# mend: loss = crf_score(emissions, labels, mask) => loss = crf_score(emissions[:, 1:], labels[:, 1:], mask[:, 1:])
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from transformers import AutoTokenizer, BertModel

tokenizer = AutoTokenizer.from_pretrained("tiny-bert")
words = [["john", "smith", "lives", "in", "london"], ["mary", "sat", "on", "the", "mat"]]
tags = [[1, 2, 0, 0, 3], [1, 0, 0, 0, 0]]
num_tags = 4
enc = tokenizer(words, is_split_into_words=True, padding="max_length", max_length=10, return_tensors="pt")
labels = torch.full(enc["input_ids"].shape, -100)
for row in range(len(words)):
    for position, word in enumerate(enc.word_ids(row)):
        if word is not None:
            labels[row, position] = tags[row][word]

bert = BertModel.from_pretrained("tiny-bert")
classifier = nn.Linear(32, num_tags)
transitions = nn.Parameter(torch.zeros(num_tags, num_tags))


def crf_score(emissions, tags, mask):
    if emissions.shape[:2] != mask.shape:
        raise ValueError("the first two dimensions of emissions and mask must match")
    if not mask[:, 0].all():
        raise ValueError("mask of the first timestep must all be on")
    tags = tags.masked_fill(~mask, 0)
    gold = emissions.gather(2, tags.unsqueeze(2)).squeeze(2)
    steps = transitions[tags[:, :-1], tags[:, 1:]] * mask[:, 1:]
    return emissions.logsumexp(2)[mask].sum() - gold[mask].sum() - steps.sum()


loader = DataLoader(TensorDataset(enc["input_ids"], enc["attention_mask"], labels), batch_size=2)
for input_ids, attention_mask, labels in loader:
    emissions = classifier(bert(input_ids, attention_mask=attention_mask).last_hidden_state)
    mask = labels != -100
    loss = crf_score(emissions, labels, mask)
    loss.backward()
