"""A transformers model with its loss inside, made once for each head that the lab asks for."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from helpers.bert import load_bert

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MOST_MODELS = 12  # each holds 60 MB


class ModelRuns:
    """Loads the models, and makes each as good as new: a model remembers its first labels' problem_type."""

    def __init__(self) -> None:
        self._made = lru_cache(MOST_MODELS)(load_bert)

    def load(self, task: str, num_labels: int, **config: Any) -> PreTrainedModel:
        """Return the model that `load_bert` would give."""
        model = self._made(task, num_labels)
        model.config.problem_type = config.get("problem_type")
        return model
