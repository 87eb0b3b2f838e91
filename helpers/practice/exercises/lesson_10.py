"""Lesson 10: labels and losses in Keras."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from helpers.keras_bert import keras
from helpers.practice.checks import Need
from helpers.practice.exercises import work_file

KINDS = np.array([14, 0, 3, 7, 14, 9])
HIDDEN_SIZE = 384


def exercise_1(units: int, loss: Any) -> Iterator[Need]:
    """Labels 0 to 14 ask for 15 outputs, and the sparse loss looks up one index per row."""
    scores = np.random.default_rng(0).dirichlet(np.ones(15), len(KINDS)).astype("float32")  # rows sum to 1
    own = round(float(-np.log(scores[range(len(KINDS)), KINDS]).mean()), 3)
    yield Need("kinds with an output", lambda: min(units, 15), 15, "kind 14 is the 15th: count 0 too")
    yield Need("outputs without a kind", lambda: max(units - 15, 0), 0, "one output per kind, not more")
    told = "softmax has made probabilities already: leave from_logits out"
    hint = told if getattr(loss, "from_logits", False) else "kinds are indices: which loss takes those?"
    yield Need("loss of six drawings", lambda: _loss(loss, scores), own, hint)


def _loss(loss: Any, scores: Any) -> float:
    return round(float(keras.ops.mean(keras.losses.get(loss)(KINDS, scores))), 3)


def exercise_2(build_model: Callable[[], Any], priorities: Any) -> Iterator[Need]:
    """Four priorities are the classes 0 to 3, in the form that the loss wants, and no output is left over."""
    given = [int(row["priority"]) for row in work_file("help_desk.csv")]
    labels = np.asarray(priorities)
    classes = _classes(labels)
    features = np.random.default_rng(0).normal(size=(len(given), HIDDEN_SIZE)).astype("float32")
    model = build_model()
    scores = model.predict(features, verbose=0)

    def loss() -> float:
        return round(float(np.ravel(model.evaluate(features, labels, verbose=0))[0]), 2)

    def expected() -> float:
        with np.errstate(all="ignore"):
            return round(float(-np.log(scores[range(len(given)), given_classes()]).mean()), 2)

    def given_classes() -> Any:
        return np.array(classes, dtype=int) if len(classes) == len(given) else np.array(given) - 1

    def agrees() -> bool:
        return abs(loss() - expected()) <= 0.02

    yield Need("labels", lambda: len(labels), len(given), "one label per ticket, in the file's order", True)
    yield Need(
        "outputs", lambda: scores.shape[1], 4, "four priorities: what would one more output stand for?"
    )
    # What the classes stand for is asked once it runs.
    hint = _about_the_forms(model, labels)
    yield Need("type of the loss", lambda: type(loss()).__name__, "float", hint, decides=True)
    yield Need(
        "classes in the labels",
        lambda: sorted(set(classes)),
        [0, 1, 2, 3],
        "the file counts from 1, outputs from 0",
    )
    pairs = set(zip(given, classes, strict=False))
    yield Need(
        "pairs of priority and class", lambda: len(pairs), 4, "one class per priority, in the file's order"
    )
    yield Need(
        "a ticket's scores sum to 1",
        lambda: bool(np.allclose(scores.sum(axis=1), 1, atol=1e-3)),
        True,
        "keep the softmax",
    )
    yield Need(
        "the loss is -ln of the right class's score",
        agrees,
        True,
        "a loss for one class per ticket, and labels of the same form",
    )


def _about_the_forms(model: Any, labels: Any) -> str:
    loss = getattr(model, "loss", None)
    sparse = "sparse" in str(getattr(loss, "name", loss)).lower()
    rows = labels.ndim == 2 and labels.shape[1] > 1
    if sparse == rows:
        return "this loss wants labels of another form: see the table under Modify"
    return "print some labels, and compare them with the file: which class never comes?"


def _classes(labels: Any) -> list[Any]:
    if labels.ndim == 2 and labels.shape[1] > 1:  # a row without a 1 has no class
        labels = np.where(labels.sum(axis=1) == 1, labels.argmax(axis=1), -1)
    return list(labels.ravel().tolist())
