# url: https://github.com/pytorch/hub/pull/50
# cause: predictions is the model's output object; one index at a time takes a part of it, two at once don't.
# fix: predictions = model(...).logits (or predictions[0][0, masked_index])
# accept: not_a_tensor
# says: \.logits|\[0\]\[0
# raises: TypeError
# error: tuple indices must be integers or slices, not tuple
# mend: predictions[0, masked_index] => predictions[0][0, masked_index]
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("tiny-bert")

text_1 = "who was john smith"
text_2 = "john smith lives in london"
indexed_tokens = tokenizer.encode(text_1, text_2)
segments_ids = [0] * (len(tokenizer.tokenize(text_1)) + 2) + [1] * (len(tokenizer.tokenize(text_2)) + 1)

masked_index = 7
indexed_tokens[masked_index] = tokenizer.mask_token_id
tokens_tensor = torch.tensor([indexed_tokens])
segments_tensors = torch.tensor([segments_ids])

model = AutoModelForMaskedLM.from_pretrained("tiny-bert")
model.eval()
with torch.no_grad():
    predictions = model(tokens_tensor, token_type_ids=segments_tensors)

predicted_index = torch.argmax(predictions[0, masked_index]).item()
predicted_token = tokenizer.convert_ids_to_tokens([predicted_index])[0]
print("[MASK] at", masked_index, "is", predicted_token)
