"""textkind predict: a model and texts in, the same rows with labels and probabilities out."""

import argparse
import sys

from textkind.cli.parsing import Parser, one_of, share, whole_number
from textkind.cli.promise_options import add_promises, set_settings
from textkind.cli.ray_options import add_ray_options, ray_settings
from textkind.cli.reading import add_reading_options, read_settings
from textkind.cli.usual_options import add_json, add_model, add_out, add_overwrite, add_threads
from textkind.progress import counted

LEAST_SECONDS = 1.0  # below it starting takes most of the time, and a rate tells nothing

DESCRIPTION = """\
Label texts with a model. The columns of the input are kept; label and probability are added.
Works block by block, so that a file of any size fits into memory."""

EXAMPLES = """\
examples:
  textkind predict runs/reviews unlabelled.csv -o labelled.csv
  textkind predict runs/reviews unlabelled.jsonl -o labelled.parquet --top 3
  textkind predict runs/reviews 'logs/part-*.parquet' -o labelled/    goes on where it was killed
  textkind predict runs/reviews 'logs/part-*.parquet' -o labelled/ --ray auto
  textkind predict runs/reviews unlabelled.csv -o sure.csv --max-error 2%
  textkind predict runs/reviews unlabelled.csv -o sets.jsonl --sets 90%
  echo "a fine film" | textkind predict runs/reviews -            one text a line
  cat rows.jsonl | textkind predict runs/reviews - --format jsonl > labelled.jsonl
"""


def add_arguments(parser: Parser) -> None:
    """Add the options of predict."""
    add_model(parser.add_argument)
    parser.add_argument(
        "file", metavar="FILE", help="texts, as for train but without labels; - for a pipe"
    )
    add_out(
        parser.add_argument,
        "a .csv, .tsv, .jsonl or .parquet file; FOLDER/ for a file of each shard of the input, to "
        "which a second call adds what is missing; or - for standard output (default: -)",
        default="-",
    )
    parser.add_argument(
        "--out-format",
        metavar="NAME",
        type=one_of("csv", "tsv", "jsonl", "parquet"),
        help="csv, tsv, jsonl or parquet (default: by the name of OUT; in a folder as the input; "
        "in a pipe jsonl where --format is jsonl, else csv)",
    )
    parser.add_argument(
        "--shard-rows",
        metavar="NUMBER",
        type=whole_number(1),
        help="in a folder, begin a new file after so many rows (default: a file for each shard; "
        "where the input is one file, after 1,000,000)",
    )
    parser.add_argument(
        "--top",
        metavar="NUMBER",
        type=whole_number(1),
        default=1,
        help="tell so many labels for each text, the most probable first (default: %(default)s)",
    )
    parser.add_argument(
        "--tokens",
        action="store_true",
        help="tell for each text how many of its tokens were read and not read, of a model with "
        "a limit (default: only the totals, where something was not read)",
    )
    _add_promises(parser)
    parser.add_argument(
        "--label-delimiter",
        metavar="TEXT",
        default="|",
        help="between several labels of a text in CSV (default: %(default)s)",
    )
    add_overwrite(parser.add_argument)
    parser.add_argument(
        "--precision",
        metavar="NAME",
        type=one_of("auto", "float32", "bfloat16", "int8"),
        help="that a network computes in: float32, bfloat16, int8 (pretrained encoders), or auto: "
        "the quicker of the first two here (default: float32)",
    )
    add_threads(parser.add_argument)
    add_json(parser.add_argument, "what was done as JSON; needs -o OUT")
    add_ray_options(parser, "models that label at once")
    add_reading_options(parser, labelled=False)


def _add_promises(parser: Parser) -> None:
    add = add_promises(parser).add_argument
    add(
        "--reject-novel",
        metavar="SHARE",
        type=share,
        help="leave texts unlike all that was learned without a label, so that this share of those "
        "that have one keeps it: 95%% or 0.95 (default: keep all)",
    )
    add(
        "--novelty",
        action="store_true",
        help="tell for each text how novel it looks (default: no such column)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Predict and say what was done."""
    from dataclasses import asdict, replace

    from textkind.cli.terminal import print_json, talk_for
    from textkind.errors import SettingsError
    from textkind.workflow.labelling import PredictSettings
    from textkind.workflow.predict import predict
    from textkind.workflow.promised import PromiseSettings
    from textkind.workflow.writers import PIPE

    if arguments.json and arguments.out == PIPE:
        raise SettingsError(
            "--json and the predictions cannot both go to standard output",
            hint="name a file with -o OUT",
        )
    reading = read_settings(arguments)
    if arguments.file == PIPE and reading.format is None:
        reading = replace(reading, format="fasttext")  # one text a line
    settings = PredictSettings(
        reading=reading,
        top=arguments.top,
        tokens=arguments.tokens,
        promises=PromiseSettings(
            max_error=arguments.max_error,
            sets=set_settings(arguments),
            novelty=arguments.novelty,
            keep_known=arguments.reject_novel,
        ),
        joint=arguments.label_delimiter,
        output_format=arguments.out_format,
        shard_rows=arguments.shard_rows,
        overwrite=arguments.overwrite,
        precision=arguments.precision,
        threads=arguments.threads,
    )
    talk = talk_for(arguments)
    ray = ray_settings(arguments)
    if ray is None:
        result = predict(arguments.model, arguments.file, arguments.out, settings, talk)
    else:
        from textkind.scale.predict import predict_on

        result = predict_on(ray, arguments.model, arguments.file, arguments.out, settings, talk)
    if arguments.json:
        print_json(asdict(result))
    elif arguments.out != PIPE:
        speed = ""
        if result.seconds > LEAST_SECONDS and not result.shards_before:
            speed = f" ({result.predicted / result.seconds:,.0f} a second)"
        print(f"{counted(result.predicted, 'text')} labelled in {result.seconds:.1f} s{speed}")
        if result.shards is not None:
            files = counted(result.shards, "file")
            print(f"{files} of predictions, {result.shards_before:,} from before")
        print(f"written to {result.output}")
    sys.stdout.flush()
    return 0
