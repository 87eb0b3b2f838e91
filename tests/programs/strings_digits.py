# url: https://github.com/ThilinaRajapakse/BERT_binary_text_classification/issues/5
# cause: The labels were read from a file and are the strings "0" and "1", not the numbers.
# fix: int(label) when the file is read
# accept: target_dtype
# says: int\(|astype\(int
# raises: ValueError
# error: 'str'
# mend: self.label_id = label_id => self.label_id = int(label_id)
import csv
import io

import torch
from torch.utils.data import DataLoader, TensorDataset
from transformers import BertForSequenceClassification, BertTokenizerFast

TRAIN = "id\tlabel\talpha\ttext\n0\t1\ta\tgood food\n1\t0\ta\tawful movie\n2\t1\ta\ti liked it\n3\t0\ta\tslow film\n"
MAX_LEN = 8


class InputFeatures:
    def __init__(self, input_ids, input_mask, segment_ids, label_id):
        self.input_ids, self.input_mask, self.segment_ids = input_ids, input_mask, segment_ids
        self.label_id = label_id


tokenizer = BertTokenizerFast.from_pretrained("tiny-bert")
rows = list(csv.reader(io.StringIO(TRAIN), delimiter="\t"))[1:]
train_features = []
for _, label, _, text in rows:
    tokens = ["[CLS]", *tokenizer.tokenize(text)[: MAX_LEN - 2], "[SEP]"]
    ids = tokenizer.convert_tokens_to_ids(tokens)
    padding = [0] * (MAX_LEN - len(ids))
    train_features.append(InputFeatures(ids + padding, [1] * len(ids) + padding, [0] * MAX_LEN, label))

all_input_ids = torch.tensor([f.input_ids for f in train_features], dtype=torch.long)
all_input_mask = torch.tensor([f.input_mask for f in train_features], dtype=torch.long)
all_segment_ids = torch.tensor([f.segment_ids for f in train_features], dtype=torch.long)
all_label_ids = torch.tensor([f.label_id for f in train_features], dtype=torch.long)

loader = DataLoader(
    TensorDataset(all_input_ids, all_input_mask, all_segment_ids, all_label_ids), batch_size=2
)
model = BertForSequenceClassification.from_pretrained("tiny-bert", num_labels=2)
for ids, mask, segments, labels in loader:
    loss = model(ids, attention_mask=mask, token_type_ids=segments, labels=labels).loss
    loss.backward()
    print(loss.item())
