# url: https://github.com/kmkurn/pytorch-crf/issues/106
# cause: The labels hold -100 at [CLS], [SEP] and padding; a CRF looks each label up and has no row -100.
# fix: drop [CLS] and set the other -100 to 0, with a mask that switches them off
# accept: label_range
# says: -100
# never: \b9 outputs|num_tags=
# raises: IndexError
# error: index -100 is out of bounds
# mend: return -self.crf(emissions, labels, attention_mask.bool()) => return -self.crf(emissions[:, 1:], labels[:, 1:].clamp(min=0), labels[:, 1:] != -100)
import torch
from torch import nn
from torch.utils.data import DataLoader
from transformers import AutoModel, AutoTokenizer, DataCollatorForTokenClassification

TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
tokenizer = AutoTokenizer.from_pretrained("tiny-bert")
sentences = [["john", "smith", "lives", "in", "london"], ["mary", "plays"], ["new", "york", "is", "nice"]]
ner_tags = [[1, 2, 0, 0, 3], [1, 0], [3, 4, 0, 0]]


class CRF(nn.Module):
    def __init__(self, num_tags):
        super().__init__()
        self.start = nn.Parameter(torch.randn(num_tags))
        self.transitions = nn.Parameter(torch.randn(num_tags, num_tags))

    def forward(self, emissions, tags, mask):
        emissions, tags, mask = emissions.transpose(0, 1), tags.transpose(0, 1), mask.transpose(0, 1).float()
        rows = torch.arange(tags.size(1))
        score = self.start[tags[0]] + emissions[0, rows, tags[0]]
        alpha = self.start + emissions[0]
        for i in range(1, len(tags)):
            score = score + (self.transitions[tags[i - 1], tags[i]] + emissions[i, rows, tags[i]]) * mask[i]
            step = torch.logsumexp(alpha.unsqueeze(2) + self.transitions + emissions[i].unsqueeze(1), dim=1)
            alpha = torch.where(mask[i].bool().unsqueeze(1), step, alpha)
        return (score - torch.logsumexp(alpha, dim=1)).sum()


class BertCrf(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = AutoModel.from_pretrained("tiny-bert")
        self.classifier = nn.Linear(32, len(TAGS))
        self.crf = CRF(len(TAGS))

    def forward(self, input_ids, attention_mask, labels):
        emissions = self.classifier(self.bert(input_ids, attention_mask=attention_mask)[0])
        return -self.crf(emissions, labels, attention_mask.bool())


def align(words, tags):
    encoded = tokenizer(words, is_split_into_words=True, return_token_type_ids=False)
    encoded["labels"] = [-100 if i is None else tags[i] for i in encoded.word_ids()]
    return encoded


rows = [align(w, t) for w, t in zip(sentences, ner_tags, strict=True)]
model = BertCrf()
for batch in DataLoader(rows, batch_size=3, collate_fn=DataCollatorForTokenClassification(tokenizer)):
    loss = model(**batch)
    loss.backward()
