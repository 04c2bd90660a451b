"""textkind train: labelled text in, a run folder out."""

import argparse
from typing import TYPE_CHECKING

from textkind.cli.model_options import add_model_options, calibration_settings, model_settings
from textkind.cli.neural_options import MODELS
from textkind.cli.parsing import Parser, given
from textkind.cli.ray_options import add_ray_options, ray_settings
from textkind.cli.reading import add_reading_options, read_settings
from textkind.cli.rule_options import rule_settings
from textkind.cli.splitting import (
    add_data_arguments,
    add_keep_texts,
    add_map,
    add_result_arguments,
    add_split_options,
    split_settings,
)

if TYPE_CHECKING:
    from textkind.workflow.train import TrainSettings

DESCRIPTION = """\
Learn from labelled text. Writes a run folder with the model, its figures (metrics.json), a report
(report.html), the most confident mistakes and the rows that could not be used."""

EXAMPLES = """\
examples:
  textkind train reviews.csv
  textkind train train.csv --test test.csv --out runs/reviews
  textkind train tickets.jsonl --text title --text body --label queue --group customer
  textkind train news/                       a folder of text files for each class
  textkind train tags.csv --label-delimiter ";"          several labels a text
  textkind train spam.csv --threshold precision=0.99
  textkind train small.csv --features words --strength 1 --no-refit
  textkind train shards/ --stream --cache /scratch         more texts than memory holds
  textkind train reviews.csv --model auto --budget 10m
  textkind train reviews.csv --model cnn --vectors glove.txt.gz
  textkind train reviews.csv --model rnn --cell gru --budget 10m --checkpoints kept
  textkind train reviews.csv --model pretrained --encoder intfloat/e5-small-v2
  textkind train reviews.csv --model pretrained --ray auto --ray-gpus 1 --checkpoints kept
"""


def add_arguments(parser: Parser) -> None:
    """Add the options of train. What is not given stays as in LinearSettings and SplitSettings."""
    add_data_arguments(parser)
    add_result_arguments(
        parser, "the run folder to write (default: runs/NAME-1, -2, ...)", "metrics.json"
    )
    add_keep_texts(parser)
    add_map(parser)
    add_ray_options(parser, "processes that train a network together")
    add_reading_options(parser, labelled=True)
    _add_stream_options(parser)
    add_split_options(parser)
    add_model_options(parser)


def _add_stream_options(parser: Parser) -> None:
    add = parser.add_argument_group("a corpus larger than memory").add_argument
    add(
        "--stream",
        action="store_true",
        default=None,
        help="learn from disk: linear and mean_pool do (default: where memory is too small)",
    )
    add(
        "--no-stream",
        dest="stream",
        action="store_false",
        default=None,
        help="keep all texts in memory",
    )
    add(
        "--cache",
        metavar="DIR",
        help="where encoded texts lie while a stream is learned from (default: beside --out)",
    )


def run_settings(arguments: argparse.Namespace) -> "TrainSettings":
    """The options of a run, of train and of tune."""
    import shlex
    from pathlib import Path

    from textkind.workflow.train import TrainSettings

    return TrainSettings(
        test=arguments.test,
        validation=arguments.validation,
        out=None if arguments.out is None else Path(arguments.out),
        overwrite=arguments.overwrite,
        reading=read_settings(arguments),
        split=split_settings(arguments),
        model=model_settings(arguments),
        calibration=calibration_settings(arguments),
        rule=rule_settings(arguments),
        novelty=arguments.novelty,
        out_of_scope=arguments.out_of_scope,
        out_of_scope_label=arguments.out_of_scope_label,
        command=shlex.join(["textkind", *arguments.typed]),
        **given(arguments, "threads", "keep_texts", "map"),
    )


def run(arguments: argparse.Namespace) -> int:
    """Train and print the figures."""
    import os
    import tempfile
    from dataclasses import replace
    from pathlib import Path

    from textkind.cli.figures import run_table
    from textkind.cli.terminal import print_json, talk_for
    from textkind.workflow.train import train

    settings = replace(
        run_settings(arguments),
        stream=arguments.stream,
        cache=None if arguments.cache is None else Path(arguments.cache),
    )
    if arguments.model in MODELS and int(os.environ.get("RANK", "0")) > 0:
        # torchrun's other processes: they lend their hands, and the first writes and prints
        with tempfile.TemporaryDirectory() as folder:
            train(arguments.file, replace(settings, out=Path(folder) / "run"))
        return 0
    ray = ray_settings(arguments)
    if ray is None:
        result = train(arguments.file, settings, talk_for(arguments))
    else:
        from textkind.scale.training import train_on

        result = train_on(ray, arguments.file, settings, talk_for(arguments))
    if arguments.json:
        print_json(result.metrics | {"folder": str(result.folder)})
    else:
        print(run_table(result.metrics, result.folder))
    return 0
