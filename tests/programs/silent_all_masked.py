# url: https://github.com/meta-llama/llama-cookbook/issues/133
# cause: The prompt's labels are -100 and the row is cut at a maximum: with a long prompt no label is left, the loss is nan.
# fix: drop rows without a label, shorten the prompt first, or raise the maximum
# accept: all_ignored too_long
# says: -100|ignore|truncat|shorten|cut
# raises: nothing
# asks: check_loss(criterion, shift_logits, shift_labels)
# mend: MAX_WORDS, VOCAB = 24, 120 => MAX_WORDS, VOCAB = 48, 120
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)
MAX_WORDS, VOCAB = 24, 120
IGNORE_INDEX = -100


class Instructions(Dataset):
    """Instruction and answer as token ids, like the alpaca data."""

    def __init__(self, lengths):
        self.rows = [(torch.randint(5, VOCAB, (n,)), torch.randint(5, VOCAB, (6,))) for n in lengths]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        prompt, answer = self.rows[i]
        example = torch.cat([prompt, answer])
        labels = example.clone()
        labels[: len(prompt)] = IGNORE_INDEX
        padding = MAX_WORDS - len(example)
        if padding > 0:
            example = torch.cat([example, torch.zeros(padding, dtype=torch.long)])
            labels = torch.cat([labels, torch.full((padding,), IGNORE_INDEX)])
        return {"input_ids": example[:MAX_WORDS], "labels": labels[:MAX_WORDS]}


class TinyLm(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, 32)
        self.rnn = nn.GRU(32, 32, batch_first=True)
        self.head = nn.Linear(32, VOCAB)

    def forward(self, input_ids):
        return self.head(self.rnn(self.emb(input_ids))[0])


model = TinyLm()
criterion = nn.CrossEntropyLoss(ignore_index=IGNORE_INDEX)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
loader = DataLoader(Instructions([8, 12, 10, 9, 30, 41]), batch_size=2)
for epoch in range(1):
    for step, batch in enumerate(loader):
        logits = model(batch["input_ids"])
        shift_logits = logits[:, :-1].reshape(-1, VOCAB)
        shift_labels = batch["labels"][:, 1:].reshape(-1)
        loss = criterion(shift_logits, shift_labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        print(epoch, step, loss.item())
