"""The small models that the programs load by name, made where they run: a program's sizes are real, its network isn't."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertForTokenClassification,
    BertModel,
    GPT2Config,
    GPT2Model,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
)

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = ["##s", "##ed", "##er", "##ing", "##ly", "##ville", "walk", "talk"]
WORDS = """a account am and angle angry area at awful bad bank by card cash cat deposit dog fast film food good great
hated happy heart how i in is it jane joy late liked lives london love mary math movie new nice not of on order place
queue ran refund sad sat service she slow smith sum that the this very was what when who with york""".split()
SIZE, HIDDEN, LONGEST = 100, 32, 64


def make_models(folder: Path) -> None:
    """Write tiny-bert, tiny-roberta, tiny-gpt2 and tiny-ner into a folder."""
    random_numbers = torch.get_rng_state()
    torch.manual_seed(0)
    sizes = {
        "vocab_size": SIZE,
        "hidden_size": HIDDEN,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
    }
    bert = BertConfig(max_position_embeddings=LONGEST, **sizes)
    tags = BertConfig(max_position_embeddings=LONGEST, num_labels=9, **sizes)
    # RoBERTa counts its positions from pad_token_id + 1.
    roberta = RobertaConfig(max_position_embeddings=LONGEST + 2, type_vocab_size=1, pad_token_id=0, **sizes)
    gpt2 = GPT2Config(vocab_size=SIZE, n_embd=HIDDEN, n_layer=2, n_head=4, n_positions=LONGEST)
    made = {
        "tiny-bert": BertModel(bert),
        "tiny-ner": BertForTokenClassification(tags),
        "tiny-roberta": RobertaModel(roberta),
        "tiny-gpt2": GPT2Model(gpt2),
    }
    torch.set_rng_state(random_numbers)
    for name, model in made.items():
        model.save_pretrained(folder / name)
        tokenizer(has_padding=name != "tiny-gpt2").save_pretrained(folder / name)


def tokenizer(has_padding: bool) -> PreTrainedTokenizerFast:
    """A tokenizer with BERT's rules and 100 tokens; GPT-2's has no padding token."""
    tokens = [*SPECIAL, *WORDS, *PIECES]
    tokens += [f"[unused{i}]" for i in range(SIZE - len(tokens))]
    rules = Tokenizer(models.WordPiece({token: i for i, token in enumerate(tokens)}, unk_token="[UNK]"))
    rules.normalizer = normalizers.BertNormalizer(lowercase=True)
    rules.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    rules.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    names = ["input_ids", "token_type_ids", "attention_mask"]
    padding = {"pad_token": "[PAD]"} if has_padding else {}
    return PreTrainedTokenizerFast(
        tokenizer_object=rules,
        model_input_names=names if has_padding else [names[0], names[2]],
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=LONGEST,
        **padding,
    )
