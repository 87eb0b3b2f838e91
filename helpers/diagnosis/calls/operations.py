"""The operations that are known, by what they do with their operands: that says which changes make sense."""

from __future__ import annotations

from helpers.diagnosis.loss.call import FUNCTIONS
from helpers.diagnosis.seen.frames import words

AXIS = words(
    "argmax argmin softmax log_softmax max min mean sum size normalize topk squeeze transpose permute "
    "flatten select movedim cosine_similarity amax sort"
)
PAIRS = words(
    "Add Sub Mult Div BitAnd BitOr Compare masked_fill masked_select where eq add mul sub logical_and "
    "scaled_dot_product_attention"
)
PRODUCTS = words("matmul mm bmm linear MatMult einsum addmm")
JOINS = words("stack cat concat concatenate hstack vstack dstack column_stack row_stack")
MAKES = words(
    "tensor as_tensor LongTensor FloatTensor IntTensor Tensor array asarray asanyarray from_numpy "
    "nested_tensor TensorDataset convert_to_tensor pad_sequence from_dict"
)
VIEWS = words("view reshape")
OTHERS = words(
    "pack_padded_sequence to cuda cpu item numpy long float int gather at index_select contiguous "
    "unsqueeze expand repeat clone tolist detach"
)
COLUMNS = words("one_hot to_categorical")  # a column for each class
KNOWN = COLUMNS | frozenset(FUNCTIONS) | AXIS | PAIRS | PRODUCTS | JOINS | MAKES | VIEWS | OTHERS
