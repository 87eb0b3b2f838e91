"""The closed list of causes: what each is called, its rule in one line, why it happens, who teaches it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Cause(NamedTuple):
    """One way in which shapes, types or values don't fit.

    Attributes:
        title: The cause in a few words.
        rule: What must hold, in one line.
        why: How people get there.
        notebook: The lesson, without its ending.
    """

    title: str
    rule: str
    why: str
    notebook: str


# A lesson, and the causes that it teaches: each with its title, its rule, and how people get there.
TEXT = """
= 01_wrong_head_size
head_size: the head has the wrong size
    One output per class: num_labels is the number of classes.
    The number of outputs (num_labels) was left at its default, or comes from another task or checkpoint.
label_range: labels outside the wanted range
    Labels are whole numbers from 0 to C - 1; for binary cross entropy, numbers from 0 to 1.
    A file that counts from 1, marks a class with -1, or has more classes than yes and no.
not_a_tensor: an object, a list or a tuple where a tensor is needed
    A tensor is needed: take .logits out of a model's output, make a tensor of a list.
    transformers' models return an object, a dataset of lists gives lists, unpacking gives names.
= 02_batch_target
batch_target: not one label per row
    logits and target have the same N.
    Labels were collected for another batch, or rows were joined along the wrong axis.
= 03_one_hot_targets
extra_target_dim: the target has an axis too many
    Class indices are (N,), without an axis of size 1.
    A column of a table, or a data set that gives [label] instead of label.
one_hot_index: one-hot rows and class indices are mixed up
    Indices (N,) are int64 or uint8, probabilities (N, C) floating-point; a Keras loss takes one of the two.
    One-hot labels are whole numbers, and only indices may be.
index_for_multilabel: class indices where every output wants its own 0 or 1
    Binary cross entropy takes a 0 or 1 for every output: target has the shape of logits.
    A loss for several labels per row meets labels for one.
target_dtype: numbers of the wrong type (dtype), or text
    Indices are int64 (or uint8); what is measured, weights and targets of MSE are floating point.
    NumPy gives int32 or float64 without being asked, and a file gives text.
loss_choice: this loss does not belong to these labels
    One class per row: cross entropy. Several: binary cross entropy. A number: MSE.
    The loss was copied from another task.
= 04_token_vs_sequence
token_logits_for_sequence: one prediction per token, one label per sentence
    A label per sentence needs logits (N, C): take [CLS] or pool the tokens.
    The head reads all tokens, or a token classification model was loaded.
sequence_logits_for_token: one prediction per sentence, one label per token
    A label per token needs logits (N, T, C).
    A sequence classification model was loaded, or only the last state is kept.
needs_flatten_or_transpose: an axis is not where the loss looks for it
    Cross entropy looks for the classes on axis 1: (N, C, T) with (N, T), or both flattened.
    Models give (N, T, C); only one side was flattened, or an axis of size 1 was left.
= 05_keras_padding
ragged_padding: rows of different lengths
    A tensor is rectangular: pad to one length, and truncate to it.
    The tokenizer was called without padding, or a row was built by hand.
static_length: two sizes that must be equal are not
    A size is the same on both sides, or it is left open.
    max_length differs, one side is shifted by a token, or the last batch is smaller.
missing_or_wrong_mask: the mask is missing or does not fit
    attention_mask is (N, T) like input_ids: 1 for a token, 0 for padding.
    Only input_ids were passed on, or the mask was reshaped.
too_long: a sentence is longer than the model can read
    T is at most max_position_embeddings, special tokens included.
    The tokenizer was called without truncation.
vocab_range: an id has no row in the embedding
    Ids run from 0 to num_embeddings - 1.
    Tokenizer and model don't belong together, or tokens were added without resizing.
missing_input: the inputs are not those that the model asks for
    Each input gets a tensor of its own, by its name.
    One was left out, has another name, or two were packed into one array.
= 06_silent_mistakes
squeeze_mismatch: one side lacks an axis that the other has
    Losses that compare number by number need two equal shapes: (N, 1) is not (N,).
    A head with one output gives (N, 1), labels are (N,); or squeeze() ate a batch of one.
problem_type: the model was set up for another kind of label
    problem_type decides the loss: indices, one float per row, or one 0/1 per output.
    transformers guesses it from num_labels and the first labels, and remembers it.
softmax_before_loss: softmax was applied before the loss
    Cross entropy wants raw logits: it applies log-softmax itself.
    The model ends in a softmax; the loss can then not come near 0.
unused_outputs: outputs that no label asks for
    One output per class, and no more.
    num_labels is larger than the number of classes.
dropped_rows: rows were lost on the way to the loss
    Every row of the batch reaches the loss.
    A filter meant for tokens was applied to sentences.
all_ignored: every label is ignored
    At least one label differs from ignore_index.
    All labels became -100, for example by truncation.
"""


def _read(text: str) -> Iterator[tuple[str, Cause]]:
    for lesson in text.split("\n= ")[1:]:
        notebook, *lines = lesson.splitlines()
        for first, rule, why in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
            name, _, title = first.partition(": ")
            yield name, Cause(title, rule.strip(), why.strip(), notebook)


CAUSES = dict(_read(TEXT))
