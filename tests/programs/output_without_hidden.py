# url: https://github.com/nlp-with-transformers/notebooks/issues/84
# cause: A model with a classification head was loaded; its output has logits and no last_hidden_state.
# fix: load AutoModel instead of AutoModelForSequenceClassification (or output_hidden_states=True and hidden_states[-1])
# accept: not_a_tensor
# says: AutoModel\b|BertModel|hidden_states
# raises: AttributeError
# error: no attribute 'last_hidden_state'
# mend: model = AutoModelForSequenceClassification.from_pretrained(model_ckpt, num_labels=6) => model = __import__("transformers").AutoModel.from_pretrained(model_ckpt)
import numpy as np
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

model_ckpt = "tiny-bert"
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
tokenizer = AutoTokenizer.from_pretrained(model_ckpt)
model = AutoModelForSequenceClassification.from_pretrained(model_ckpt, num_labels=6).to(device)

text = [
    "i liked this movie",
    "it was slow and bad",
    "mary is happy",
    "john was angry",
    "a sad film",
    "fear of math",
]
label = np.array([0, 4, 0, 3, 4, 5])
emotions = tokenizer(text, padding=True, truncation=True, return_tensors="pt")


def extract_hidden_states(batch):
    inputs = {k: v.to(device) for k, v in batch.items() if k in tokenizer.model_input_names}
    with torch.no_grad():
        last_hidden_state = model(**inputs).last_hidden_state
    return {"hidden_state": last_hidden_state[:, 0].cpu().numpy()}


X_train = extract_hidden_states(emotions)["hidden_state"]
print(X_train.shape)
centroids = np.stack([X_train[label == k].mean(axis=0) for k in np.unique(label)])
distances = ((X_train[:, None] - centroids[None]) ** 2).sum(axis=-1)
print("training accuracy", (np.unique(label)[distances.argmin(axis=1)] == label).mean())
