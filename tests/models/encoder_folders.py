"""Small folders of pretrained encoders with random weights, of many families."""

import json
from collections.abc import Sequence
from pathlib import Path

import tokenizers

WORDS = ["the", "cat", "dog", "sat", "ran", "red", "blue", "walk", "talk", "##s", "##ed", "##ing"]
# spelled as BERT's and as RoBERTa's: padding, before a text, behind it, unknown, mask
BERT = ("[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]")
ROBERTA = ("<pad>", "<s>", "</s>", "<unk>", "<mask>")
SMALL = {
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 40,
}
DISTILBERT = {"dim": 16, "n_layers": 3, "n_heads": 2, "hidden_dim": 24}
SPECIAL_IDS = {
    "pad_token_id": 0,
    "bos_token_id": 1,
    "cls_token_id": 1,
    "eos_token_id": 2,
    "sep_token_id": 2,
}
MODERNBERT = SPECIAL_IDS | {"global_attn_every_n_layers": 2, "local_attention": 8}
# model type -> its config, and how special tokens are spelled
FAMILIES = {
    "bert": (SMALL | {"type_vocab_size": 2}, BERT),
    "roberta": (SMALL | {"type_vocab_size": 1, "pad_token_id": 1}, ROBERTA),
    "xlm-roberta": (SMALL | {"type_vocab_size": 1, "pad_token_id": 1}, ROBERTA),
    "camembert": (SMALL | {"type_vocab_size": 1, "pad_token_id": 1}, ROBERTA),
    "mpnet": (SMALL | {"pad_token_id": 1, "relative_attention_num_buckets": 32}, ROBERTA),
    "distilbert": (DISTILBERT | {"max_position_embeddings": 40}, BERT),
    "electra": (SMALL | {"embedding_size": 8, "type_vocab_size": 2}, BERT),
    "modernbert": (SMALL | MODERNBERT, BERT),
    "longformer": (
        SMALL | {"type_vocab_size": 1, "pad_token_id": 1, "attention_window": 8},
        ROBERTA,
    ),
    "big_bird": (SMALL | SPECIAL_IDS, BERT),
    "deberta-v2": (SMALL | {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]}, BERT),
}


def write_tokenizer(
    folder: Path, special: tuple[str, ...] = BERT, words: Sequence[str] = WORDS
) -> int:
    """A WordPiece tokenizer.json of a few words; returns the size of its vocabulary.

    RoBERTa's numbers <s> 0 and padding 1.
    """
    padding, before, behind, unknown, mask = special
    first = [padding, before] if special is BERT else [before, padding]
    spellings = [*first, behind, unknown, mask, *words]
    vocabulary = {spelling: number for number, spelling in enumerate(spellings)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordPiece(vocabulary, unk_token=unknown))
    tokenizer.normalizer = tokenizers.normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(list(special))
    tokenizer.post_processor = tokenizers.processors.BertProcessing(
        (behind, vocabulary[behind]), (before, vocabulary[before])
    )
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    return len(vocabulary)


def write_encoder(
    folder: Path,
    family: str = "bert",
    seed: int = 0,
    words: Sequence[str] = WORDS,
    scale: float = 0.3,
    **changed: object,
) -> Path:
    """A model of transformers with random weights, its config and tokenizer, in a folder.

    With a small scale a state is mostly its own token's vector, and a text easily learned.
    """
    import torch
    import transformers

    numbers, special = FAMILIES[family]
    size = write_tokenizer(folder, special, words)
    config = transformers.AutoConfig.for_model(
        family, vocab_size=size, initializer_range=scale, **numbers | changed
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = transformers.AutoModel.from_config(config)
        with torch.no_grad():  # biases and scales begin at 0 and 1, which would hide a mistake
            for parameter in model.parameters():
                parameter.add_(scale / 3 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    return folder


def write_pooling(folder: Path, mode: str = "cls_token", normalize: bool = True) -> None:
    """What sentence-transformers keeps beside an encoder."""
    kinds = {"Transformer": "", "Pooling": "1_Pooling"} | (
        {"Normalize": "2_Normalize"} if normalize else {}
    )
    modules = [
        {"idx": place, "path": path, "type": f"sentence_transformers.models.{kind}"}
        for place, (kind, path) in enumerate(kinds.items())
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir(exist_ok=True)
    config = {"word_embedding_dimension": 16, f"pooling_mode_{mode}": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(config))
