"""Exceptions that are no shape errors, some of them close: `explain` has to give None."""

# A program stays beside its name and the causes that it accepts.
# fmt: off
from .base import TINY, Case, case


def _other(name: str, code: str, begin: str = "") -> Case:
    return case(f"other-{name}", (), code, begin=begin)


CASES = [
    _other("key", "batch = {'input_ids': torch.ones(2, 3)}\nbatch['labels']"),
    _other("key-in-a-collate", """
        from torch.utils.data import DataLoader
        rows = [{"text": "a"}, {"text": "b"}]
        next(iter(DataLoader(rows, batch_size=2, collate_fn=lambda rows: rows[0]["label"])))
        """),
    _other("attribute-of-a-tensor", "torch.ones(2, 3).logits"),
    _other("attribute-of-none", "outputs = None\noutputs.logits.shape"),
    _other("list-has-no-shape", "[[1, 2], [3, 4]].shape"),
    _other("list-index", "rows = [1, 2, 3]\nrows[5]"),
    _other("empty-list", "[].pop()"),
    _other("unpack-strings", "name, label = 'a,b,c'.split(',')"),
    _other("zero-division", "total, steps = 12.5, 0\ntotal / steps"),
    _other("int-of-text", "int('three')"),
    _other("float-of-text", "[float(value) for value in ['0.5', 'n/a']]"),
    _other("no-grad", "loss = torch.ones(3).sum()\nloss.backward()"),
    _other("backward-twice", """
        x = torch.ones(3, requires_grad=True)
        loss = (x * x).sum()
        loss.backward()
        loss.backward()
        """),
    _other("in-place-on-a-leaf", "weights = torch.ones(3, requires_grad=True)\nweights += 1"),
    _other("numpy-of-a-gradient", "torch.ones(2, 3, requires_grad=True).numpy()"),
    _other("optimizer-without-parameters", "torch.optim.Adam([])"),
    _other("devices", """
        logits = torch.randn(4, 3)
        raise RuntimeError("Expected all tensors to be on the same device, "
                           "but found at least two devices, cuda:0 and cpu!")
        """),
    _other("meta-device", "torch.ones(2, 3, device='meta').tolist()"),
    _other("no-cuda", "torch.ones(2, 3).to('cuda:7')"),
    _other("out-of-memory", """
        batch_size, max_length = 64, 512
        raise torch.OutOfMemoryError("CUDA out of memory. "
                                     "Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 15.77 GiB")
        """),
    _other("cublas", """
raise RuntimeError('CUDA error: CUBLAS_STATUS_ALLOC_FAILED in `cublasCreate(handle)`')"""),
    _other("no-file", "open('/no/such/train.csv')"),
    _other("no-checkpoint", "torch.load('/no/such/model.pt')"),
    _other("broken-checkpoint", """
        import io
        torch.load(io.BytesIO(b"not a checkpoint"))
        """),
    _other("http", """
        import urllib.error
        raise urllib.error.HTTPError("https://example.org/model", 404, "Not Found", None, None)
        """),
    _other("connection", "raise ConnectionError('Max retries exceeded with url: /bert/config.json')"),
    _other("json", "import json\njson.loads('{\"labels\": [0, 1')"),
    _other("no-module", "import bert_for_shapes"),
    _other("name", "logits = model_output.view(-1, 3)"),
    _other("syntax", "compile('def f(:', 'cell', 'exec')"),
    _other("assert-own", "accuracy = 0.4\nassert accuracy > 0.9, 'accuracy too low'"),
    _other("own-batch-size", """
        def configure(batch_size):
            if batch_size % 8:
                raise ValueError(f"batch_size must be a multiple of 8, got {batch_size}")
        configure(30)
        """),
    _other("own-shape", """
        class Options:
            def __init__(self, shape):
                if shape not in ("square", "wide"):
                    raise ValueError(f"unknown shape {shape!r}, expected 'square' or 'wide'")
        Options("round")
        """),
    _other("own-target-size", """
        target, logits = torch.tensor([0, 1, 2, 0]), torch.randn(4, 3)
        raise ValueError("target size of the download is 4 GB, which is more than the disk has left")
        """),
    _other("own-error-beside-tensors", """
        def train(logits, target, epochs):
            if epochs < 1:
                raise ValueError("expected at least one epoch")
            return F.cross_entropy(logits, target)
        train(torch.randn(4, 3), torch.tensor([0, 1, 2, 0]), 0)
        """),
    _other("pandas-like-key", "raise KeyError('None of [Index([0], dtype=int64)] are in the [columns]')"),
    _other("pandas-like-length", """
raise ValueError('Length of values (3) does not match length of index (4)')"""),
    _other("type-of-an-argument", "torch.randn(4, 3).view('rows')"),
    _other("unknown-keyword", "nn.Linear(in_features=4, out_features=2, inputs=3)"),
    _other("unknown-keyword-of-a-loss", "nn.CrossEntropyLoss(ignore=-100)"),
    _other("string-to-loss", "F.cross_entropy('logits', torch.tensor([0]))"),
    _other("reduction", """
F.cross_entropy(torch.randn(4, 3), torch.tensor([0, 1, 2, 0]), reduction='average')"""),
    _other("missing-positional", "def train(model, epochs):\n    return epochs\ntrain(1)"),
    _other("not-callable", "logits = torch.randn(2, 3)\nlogits.shape(0)"),
    _other("strings-to-tensor", "torch.tensor(['good', 'bad'])"),
    _other("hidden-size-and-heads", "BertModel(BertConfig(hidden_size=30, num_attention_heads=4))", TINY),
    _other("no-local-model", """
        BertModel.from_pretrained("/no/such/folder")
        """, TINY),
    _other("keyboard", "raise KeyboardInterrupt"),
    _other("stop", "next(iter([]))"),
    _other("not-implemented", "nn.Module()(torch.ones(2, 3))"),
    _other("nan-check", """
        logits = torch.tensor([[float("nan"), 1.0]])
        if logits.isnan().any():
            raise FloatingPointError("nan in logits at step 12, batch 3")
        """),
    _other("anomaly", """
        raise RuntimeError("Function 'LogSoftmaxBackward0' returned nan values in its 0th output.")
        """),
    _other("quantile", "torch.quantile(torch.ones(3), 1.5)"),
    _other("multinomial", "torch.multinomial(torch.tensor([-1.0, 2.0]), 1)"),
    _other("dropout", "F.dropout(torch.ones(2, 3), p=1.5)"),
    _other("lightning-like", """
        class MisconfigurationException(Exception):
            pass
        raise MisconfigurationException("The dataloader returned 0 length. "
                                        "Please make sure that it returns at least 1 batch")
        """),
    _other("timeout", "raise TimeoutError('DataLoader worker (pid 41) timed out')"),
    _other("worker-killed", "raise RuntimeError('DataLoader worker (pid 41) is killed by signal: Killed.')"),
    _other("empty-sampler", """
        from torch.utils.data import DataLoader
        DataLoader([], batch_size=4, shuffle=True, num_workers=-1)
        """),
]
