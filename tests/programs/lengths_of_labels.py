# url: https://github.com/huggingface/transformers/issues/39266
# cause: The dataset makes its own labels; the language model's collator pads input_ids, but not labels.
# fix: a collator that pads labels too (DataCollatorForSeq2Seq, with -100), or padding in the dataset
# accept: ragged_padding
# says: DataCollatorFor(Seq2Seq|TokenClassification)|pad.{0,60}labels|labels.{0,60}(pad|-100)
# raises: ValueError
# error: `labels` in this case
# mend: BertTokenizer, DataCollatorForLanguageModeling => BertTokenizer, DataCollatorForSeq2Seq
# mend: DataCollatorForLanguageModeling(tokenizer=tokenizer, mlm=False) => DataCollatorForSeq2Seq(tokenizer)
import os
import tempfile

import torch
from torch.utils.data import DataLoader, Dataset
from transformers import BertConfig, BertLMHeadModel, BertTokenizer, DataCollatorForLanguageModeling

torch.manual_seed(0)
words = "[PAD] [UNK] [CLS] [SEP] [MASK] what is the capital of france italy spain paris rome madrid it a big city".split()
path = os.path.join(tempfile.mkdtemp(), "vocab.txt")
with open(path, "w") as f:
    f.write("\n".join(words))
tokenizer = BertTokenizer(path)

dialogs = [
    ("what is the capital of france", "paris"),
    ("what is rome", "a big city it is the capital of italy"),
    ("is madrid a city", "it is"),
    ("what is the capital of spain", "it is madrid"),
]


class Dialogs(Dataset):
    def __len__(self):
        return len(dialogs)

    def __getitem__(self, i):
        question, answer = dialogs[i]
        prompt = tokenizer(question)["input_ids"]
        reply = tokenizer(answer, add_special_tokens=False)["input_ids"] + [tokenizer.sep_token_id]
        input_ids = prompt + reply
        labels = [-100] * len(prompt) + reply
        return {"input_ids": input_ids, "attention_mask": [1] * len(input_ids), "labels": labels}


collator = DataCollatorForLanguageModeling(tokenizer=tokenizer, mlm=False)
loader = DataLoader(Dialogs(), batch_size=2, collate_fn=collator)
model = BertLMHeadModel(
    BertConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        vocab_size=200,
        is_decoder=True,
    )
)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
for batch in loader:
    loss = model(**batch).loss
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    print(loss.item())
