# url: https://github.com/huggingface/transformers/issues/12763
# cause: Tokens were added to the tokenizer, the model's embedding was not resized: the new ids have no row.
# fix: model.resize_token_embeddings(len(tokenizer)) after tokenizer.add_tokens(...)
# accept: vocab_range
# says: resize_token_embeddings|resiz.{0,40}embedding
# raises: IndexError
# error: index out of range in self
# mend: "heparin"]) => "heparin"]); model.resize_token_embeddings(len(tokenizer))
import tempfile
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from torch.utils.data import Dataset
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
)

words = "the patient was given a dose of today and felt better worse after with no change".split()
vocab = {w: i for i, w in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + words)}
raw = Tokenizer(models.WordLevel(vocab, unk_token="[UNK]"))
raw.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer = PreTrainedTokenizerFast(
    tokenizer_object=raw, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
)

config = BertConfig(
    vocab_size=len(vocab),
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=64,
    num_labels=2,
)
model = BertForSequenceClassification(config)

# names of drugs should stay in one piece
tokenizer.add_tokens(["ibuprofen", "metformin", "heparin"])

texts = [
    "the patient was given a dose of ibuprofen",
    "felt worse after metformin",
    "felt better today",
    "the patient felt better with heparin",
] * 4
labels = [1, 0, 1, 1] * 4


class ClinicalDataset(Dataset):
    def __init__(self, texts, labels):
        self.enc = tokenizer(texts, padding=True, truncation=True, max_length=32)
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, idx):
        item = {k: torch.tensor(v[idx]) for k, v in self.enc.items() if k != "token_type_ids"}
        item["labels"] = torch.tensor(self.labels[idx])
        return item


args = TrainingArguments(
    output_dir=tempfile.mkdtemp(),
    num_train_epochs=1,
    per_device_train_batch_size=4,
    report_to="none",
    use_cpu=True,
    save_strategy="no",
    disable_tqdm=True,
)
trainer = Trainer(model=model, args=args, train_dataset=ClinicalDataset(texts, labels))
trainer.train()
