"""The operations that are known, by what they do with their operands: that says which changes make sense."""

from __future__ import annotations

AXIS = {
    "argmax",
    "argmin",
    "softmax",
    "log_softmax",
    "max",
    "min",
    "mean",
    "sum",
    "size",
    "normalize",
    "topk",
}
AXIS |= {
    "squeeze",
    "transpose",
    "permute",
    "flatten",
    "select",
    "movedim",
    "cosine_similarity",
    "amax",
    "sort",
}
PAIRS = {"Add", "Sub", "Mult", "Div", "masked_fill", "masked_select", "where", "eq", "add", "mul", "sub"}
PAIRS |= {"BitAnd", "BitOr", "logical_and", "scaled_dot_product_attention", "Compare"}
PRODUCTS = {"matmul", "mm", "bmm", "linear", "MatMult", "einsum", "addmm"}
JOINS = {"stack", "cat", "concat", "concatenate", "hstack", "vstack", "column_stack", "row_stack", "dstack"}
MAKES = {"tensor", "as_tensor", "LongTensor", "FloatTensor", "IntTensor", "Tensor", "array", "asarray"}
MAKES |= {"from_numpy", "nested_tensor", "TensorDataset", "convert_to_tensor", "pad_sequence", "from_dict"}
MAKES |= {"asanyarray"}
VIEWS = {"view", "reshape"}
OTHERS = {
    "pack_padded_sequence",
    "to",
    "cuda",
    "cpu",
    "item",
    "numpy",
    "long",
    "float",
    "int",
    "gather",
    "at",
}
OTHERS |= {
    "index_select",
    "contiguous",
    "unsqueeze",
    "expand",
    "repeat",
    "clone",
    "tolist",
    "detach",
    "one_hot",
}
KNOWN = AXIS | PAIRS | PRODUCTS | JOINS | MAKES | VIEWS | OTHERS
