# url: https://github.com/xianglin226/scMDC/issues/8
# cause: NumPy's numbers are float64 and stay so in the tensor; the Linear's weights are float32.
# fix: torch.from_numpy(x).float() (or x.astype(np.float32))
# accept: target_dtype
# says: \.float\(\)|float32
# never: \.double\(\)
# raises: RuntimeError
# error: mat1 and mat2 must have the same dtype
# mend: torch.from_numpy(x_train) => torch.from_numpy(x_train).float()
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(0)
docs = ["good nice film", "bad awful food", "nice place good", "awful slow", "good happy", "bad sad slow"]
vocab = sorted({word for doc in docs for word in doc.split()})
counts = np.array([[doc.split().count(word) for word in vocab] for doc in docs])
idf = np.log(len(docs) / (counts > 0).sum(axis=0))
x_train = counts * idf / np.linalg.norm(counts * idf, axis=1, keepdims=True)
y_train = np.array([1, 0, 1, 0, 1, 0])


class AutoEncoderClassifier(nn.Module):
    def __init__(self, n_in, n_classes):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(n_in, 8), nn.ReLU())
        self.decoder = nn.Linear(8, n_in)
        self.head = nn.Linear(8, n_classes)

    def forward(self, x):
        z = self.encoder(x)
        return self.decoder(z), self.head(z)


dataset = TensorDataset(torch.from_numpy(x_train), torch.from_numpy(y_train))
model = AutoEncoderClassifier(len(vocab), 2)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(2):
    for x, y in DataLoader(dataset, batch_size=3, shuffle=True):
        x_hat, logits = model(x)
        loss = nn.functional.mse_loss(x_hat, x) + nn.functional.cross_entropy(logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
