# url: https://github.com/milesial/Pytorch-UNet/issues/373
# cause: The masks are colour pictures, (N, H, W, 3); cross entropy wants one class index per pixel, (N, H, W).
# fix: read the masks with one channel (mask[:, :, 0], or map the colours to class indices)
# accept: extra_target_dim one_hot_index
# says: \[(:, :|\.\.\.), 0\]|\(N, (H, W|\d+, \d+)\)|\(1, 43, 49\)|argmax|channel|colou?r|per pixel
# raises: RuntimeError
# error: only batches of spatial targets supported
# mend: self.preprocess(self.masks[idx], is_mask=True) => self.preprocess(self.masks[idx], is_mask=True)[:, :, 0]
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

rng = np.random.default_rng(0)
H, W, n_classes = 43, 49, 2


class BasicDataset(Dataset):
    def __init__(self, n):
        self.images, self.masks = [], []
        for _ in range(n):
            self.images.append(rng.integers(0, 256, size=(H, W, 3), dtype=np.uint8))
            mask = np.zeros((H, W, 3), dtype=np.uint8)  # as cv2.imread gives it
            mask[10:30, 12:33] = 1
            self.masks.append(mask)

    def __len__(self):
        return len(self.images)

    @staticmethod
    def preprocess(pic, is_mask):
        if is_mask:
            return pic
        return pic.transpose((2, 0, 1)) / 255

    def __getitem__(self, idx):
        img = self.preprocess(self.images[idx], is_mask=False)
        mask = self.preprocess(self.masks[idx], is_mask=True)
        return {
            "image": torch.as_tensor(img.copy()).float().contiguous(),
            "mask": torch.as_tensor(mask.copy()).long().contiguous(),
        }


class TinyUNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU())
        self.mid = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU())
        self.outc = nn.Conv2d(16, n_classes, 1)

    def forward(self, x):
        a = self.down(x)
        return self.outc(torch.cat([a, self.mid(a)], dim=1))


net = TinyUNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.RMSprop(net.parameters(), lr=1e-4)
for epoch in range(1):
    for batch in DataLoader(BasicDataset(6), batch_size=1, shuffle=True):
        masks_pred = net(batch["image"])
        loss = criterion(masks_pred, batch["mask"])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
