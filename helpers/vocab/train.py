"""Derive `vocab.txt` from `sentences.txt`; run as `python -m helpers.vocab.train`.

The text is lowered and split as BERT does it. Three sources then fill the vocabulary:

- whole words: those seen at least twice, and the short ones even if seen once. Rare long words are left out
  on purpose, so that they split and a lesson can show word pieces;
- frequent words as `##` continuations, so that compounds split at the seam ("un", "##pad", "##ded");
- pieces from the trainer of `tokenizers`, each made by a merge that fits at least `PIECE_COUNT` times.

The trainer numbers `##` characters in the order of a randomly seeded hash map and breaks ties between merges
by those numbers, so two runs differ. Handing it all characters as ready-made tokens fixes the numbers and
with them the result. It sees each word once: with text it would spend its merges on words that are whole
anyway.
"""

import pathlib
import string
from collections import Counter

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from helpers.vocab import VOCAB_FILE

SENTENCES_FILE = pathlib.Path(__file__).with_name("sentences.txt")
SHORT_WORD = 8  # letters: "oatmeal" is whole although it is rare, "marmalade" is not
SEAM_COUNT = 6  # a word used this often is likely to be a part of compounds
PIECE_COUNT = 4

# The characters' order is the one of their ids; capitals never reach the vocabulary.
CHARACTERS = [*string.punctuation, *string.digits, *string.ascii_lowercase]


def head() -> list[str]:
    """Return the first lines: special tokens at bert-base-uncased's ids, then all characters."""
    specials = ["[PAD]", *(f"[unused{i}]" for i in range(99)), "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return [*specials, *CHARACTERS, *(f"##{character}" for character in CHARACTERS)]


def count_words(text: str) -> Counter[str]:
    """Count the words of a text as BERT's uncased normalizer and pre-tokenizer see them."""
    text = normalizers.BertNormalizer(lowercase=True).normalize_str(text)
    return Counter(word for word, _ in pre_tokenizers.BertPreTokenizer().pre_tokenize_str(text))


def train_pieces(words: list[str]) -> list[str]:
    """Return the head and the pieces that different words share, most frequent merge first."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=10_000,  # never reached: `min_frequency` ends the training
        min_frequency=PIECE_COUNT,
        special_tokens=head(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(words, trainer)
    vocab = tokenizer.get_vocab()
    return sorted(vocab, key=vocab.__getitem__)


def build_vocab(text: str) -> list[str]:
    """Return the lines of `vocab.txt`: head, whole words by frequency then alphabet, seams, pieces."""
    counts = count_words(text)
    words = sorted(counts, key=lambda word: (-counts[word], word))
    whole = [word for word in words if counts[word] > 1 or len(word) <= SHORT_WORD]
    seams = [f"##{word}" for word in words if counts[word] >= SEAM_COUNT and len(word) > 2 and word.isalpha()]
    return list(dict.fromkeys([*head(), *whole, *seams, *train_pieces(sorted(words))]))


def main() -> None:
    """Write `vocab.txt` next to this file."""
    lines = build_vocab(SENTENCES_FILE.read_text(encoding="ascii"))
    VOCAB_FILE.write_text("\n".join(lines) + "\n", encoding="ascii", newline="\n")
    print(f"{VOCAB_FILE.name}: {len(lines)} word pieces")


if __name__ == "__main__":
    main()
