"""The word pieces of the kit's offline BERT tokenizer.

`vocab.txt` is a small lowercase English WordPiece vocabulary in the layout of bert-base-uncased: the special
tokens have the same ids (`[PAD]` 0, `[UNK]` 100, `[CLS]` 101, `[SEP]` 102, `[MASK]` 103), only the number of
pieces is smaller. ASCII text needs no `[UNK]`, short of a word of more than 100 letters, where BERT gives up.
`train.py` derives the file from `sentences.txt`, sentences written for this kit, so nothing has to be
downloaded and no licence but the kit's own applies. `python -m helpers.vocab.train` writes the same file,
byte for byte, every time.
"""

import pathlib

VOCAB_FILE = pathlib.Path(__file__).with_name("vocab.txt")
