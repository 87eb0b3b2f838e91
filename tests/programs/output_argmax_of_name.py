# url: https://github.com/huggingface/transformers/issues/220
# cause: The model gives an output object; unpacked into two names it gives the names of its parts, two strings.
# fix: outputs = model(**inputs), then outputs.start_logits and outputs.end_logits (or [0] and [1]).
# accept: not_a_tensor
# says: start_logits|\[0\]|\[:2\]|to_tuple|return_dict
# raises: TypeError
# error: must be Tensor, not str
# mend: start_scores, end_scores = model(**inputs) => start_scores, end_scores = model(**inputs)[:2]
import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("tiny-bert")
model = AutoModelForQuestionAnswering.from_pretrained("tiny-bert")
model.eval()

context = "john smith lives in london and mary lives in new york"
questions = ["who lives in london", "in what place is mary"]

for question in questions:
    inputs = tokenizer(question, context, add_special_tokens=True, return_tensors="pt")
    input_ids = inputs["input_ids"].tolist()[0]
    tokens = tokenizer.convert_ids_to_tokens(input_ids)

    with torch.no_grad():
        start_scores, end_scores = model(**inputs)

    answer_start = torch.argmax(start_scores)
    answer_end = torch.argmax(end_scores) + 1
    answer = tokenizer.convert_tokens_to_string(tokens[answer_start:answer_end])
    print(question, "->", answer)
