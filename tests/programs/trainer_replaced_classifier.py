# url: https://github.com/huggingface/transformers/issues/5905
# cause: XLM-R's head, which takes the first token, was replaced by a plain nn.Linear, which is applied to all tokens.
# fix: replace only its last layer, model.classifier.out_proj, or load with num_labels and ignore_mismatched_sizes=True
# accept: token_logits_for_sequence
# says: out_proj|\[:, 0\]|first token|\[CLS\]|ignore_mismatched_sizes|num_labels=7
# raises: ValueError
# error: Expected input batch_size \(3200\) to match target batch_size \(32\)
# mend: model.classifier = torch.nn.Linear( => model.classifier.out_proj = torch.nn.Linear(
import tempfile
import torch
from torch.utils.data import Dataset
from transformers import Trainer, TrainingArguments, XLMRobertaConfig, XLMRobertaForSequenceClassification

tiny = dict(
    vocab_size=200,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=64,
    max_position_embeddings=130,
)
# this stands for the checkpoint that was fine-tuned on 3 domains before
old = XLMRobertaForSequenceClassification(XLMRobertaConfig(num_labels=3, **tiny))
folder = tempfile.mkdtemp()
old.save_pretrained(folder)

# now reuse it for 7 other labels
label_names = ["bank", "card", "fees", "loan", "login", "phone", "other"]
id2label = dict(enumerate(label_names))
config = XLMRobertaConfig.from_pretrained(
    folder, num_labels=len(label_names), id2label=id2label, label2id={v: k for k, v in id2label.items()}
)
model = XLMRobertaForSequenceClassification.from_pretrained(folder)
model.classifier = torch.nn.Linear(
    in_features=model.classifier.out_proj.in_features, out_features=config.num_labels, bias=True
)
model.config = config
model.num_labels = config.num_labels


class Tickets(Dataset):
    def __init__(self, n, max_len=100):
        g = torch.Generator().manual_seed(0)
        self.ids = torch.randint(5, 200, (n, max_len), generator=g)
        self.label = torch.randint(0, len(label_names), (n,), generator=g)

    def __len__(self):
        return len(self.label)

    def __getitem__(self, i):
        return {
            "input_ids": self.ids[i],
            "attention_mask": torch.ones_like(self.ids[i]),
            "labels": self.label[i],
        }


args = TrainingArguments(
    output_dir=tempfile.mkdtemp(),
    num_train_epochs=1,
    per_device_train_batch_size=32,
    report_to="none",
    use_cpu=True,
    save_strategy="no",
    disable_tqdm=True,
)
trainer = Trainer(model=model, args=args, train_dataset=Tickets(64))
trainer.train()
