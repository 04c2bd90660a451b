"""textkind serve: models as an HTTP service."""

import argparse
from pathlib import Path

from textkind.cli.parsing import Parser, given, number_from, one_of, positive_number, whole_number

DESCRIPTION = """\
Answer HTTP requests with the labels of texts. Many requests at once are read by the model together;
a model whose folder changes is replaced while it answers. docs/serve.md tells the paths."""

EXAMPLES = """\
examples:
  textkind serve runs/reviews
  textkind serve reviews=runs/reviews-2 before=runs/reviews-1 --port 8080
  textkind serve runs/reviews --host 0.0.0.0 --api-key-file keys.txt --log requests.jsonl
"""


def add_arguments(parser: Parser) -> None:
    """Add the options of serve."""
    parser.add_argument(
        "models",
        metavar="MODEL",
        nargs="+",
        help="a run folder, or the model folder in it; NAME=FOLDER gives it another name than that "
        "of the folder. The first answers where a request names none",
    )
    parser.add_argument(
        "--host", metavar="ADDRESS", default="127.0.0.1", help="to listen on (default: %(default)s)"
    )
    parser.add_argument(
        "--port",
        metavar="NUMBER",
        type=whole_number(0),
        default=8000,
        help="to listen on; 0: a free one, which is told (default: %(default)s)",
    )
    _add_security(parser)
    _add_work(parser)
    _add_limits(parser)


def _add_security(parser: Parser) -> None:
    add = parser.add_argument_group("who may ask").add_argument
    add(
        "--api-key-file",
        metavar="FILE",
        type=Path,
        help="keys, one a line, of which a request must bring one (default: those in the variable "
        "TEXTKIND_API_KEY; without it none is asked for, and only on loopback)",
    )
    add(
        "--no-auth",
        action="store_true",
        help="answer anyone who reaches an address that is not loopback (default: refuse to start)",
    )
    add(
        "--allow-host",
        metavar="NAME",
        action="append",
        default=[],
        help="a name that requests may give this machine (default: on loopback localhost, "
        "127.0.0.1 and ::1, elsewhere any)",
    )
    add("--tls-certificate", metavar="FILE", type=Path, help="in PEM (default: plain HTTP)")
    add("--tls-key", metavar="FILE", type=Path, help="of the certificate (default: plain HTTP)")


def _add_work(parser: Parser) -> None:
    add = parser.add_argument_group("how it works").add_argument
    add(
        "--workers",
        metavar="NUMBER",
        type=whole_number(1),
        help="processes for each model (default: one a core; one in all where the model is so "
        "quick that more would not help)",
    )
    add(
        "--threads",
        metavar="NUMBER",
        type=whole_number(1),
        help="of each of them (default: the cores shared out)",
    )
    add(
        "--precision",
        metavar="NAME",
        type=one_of("auto", "float32", "bfloat16", "int8"),
        help="that networks compute in, as for predict (default: float32)",
    )
    add(
        "--similar",
        action="store_true",
        help="tell the nearest training texts where a request asks for them, of runs that keep "
        "some (default: never, since they may be private)",
    )
    add(
        "--watch",
        metavar="SECONDS",
        type=number_from(0),
        default=2.0,
        help="between two looks whether a model folder has changed; 0: never, only on SIGHUP "
        "(default: %(default)g)",
    )
    add(
        "--drift-window",
        metavar="TEXTS",
        type=whole_number(1),
        default=2_000,
        help="the latest, whose drift from the validation texts is told (default: %(default)d)",
    )
    add(
        "--grace",
        metavar="SECONDS",
        type=number_from(0),
        default=30.0,
        help="that running requests have when the service is told to end (default: %(default)g)",
    )
    add(
        "--log",
        metavar="FILE",
        type=Path,
        help="a line of JSON for each request is added to it (default: standard error)",
    )
    add(
        "--log-texts",
        action="store_true",
        help="write the texts of requests into the log as well (default: never)",
    )


LIMITS = {
    "body": ("--max-body", "BYTES", "of the body of a request"),
    "texts": ("--max-texts", "NUMBER", "of a request"),
    "characters": ("--max-characters", "NUMBER", "of a text"),
    "queue": ("--max-queue", "NUMBER", "of requests that one model has at a time; others get 503"),
    "connections": ("--max-connections", "NUMBER", "that are open; others get 503"),
    "timeout": ("--timeout", "SECONDS", "until a request is answered; then it gets 504"),
    "client_timeout": ("--client-timeout", "SECONDS", "that a client may take to send a request"),
    "keep_alive": ("--keep-alive", "SECONDS", "that a connection may lie idle"),
}


def _add_limits(parser: Parser) -> None:
    from textkind.serve.settings import Limits

    add = parser.add_argument_group("limits").add_argument
    for name, default in vars(Limits()).items():
        option, kind, purpose = LIMITS[name]
        parse = positive_number if kind == "SECONDS" else whole_number(1)
        add(
            option,
            dest=name,
            metavar=kind,
            type=parse,
            help=f"{purpose} (default: {default:,g})" if kind == "SECONDS"
            else f"at most, {purpose} (default: {default:,})",
        )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to end."""
    from textkind.cli.terminal import talk_for
    from textkind.serve.access import api_keys, check_open, host_names
    from textkind.serve.run import serve
    from textkind.serve.settings import Limits, ServeSettings, named_model

    keys = api_keys(arguments.api_key_file)
    check_open(arguments.host, keys, arguments.no_auth)
    settings = ServeSettings(
        models=tuple(map(named_model, arguments.models)),
        host=arguments.host,
        port=arguments.port,
        api_keys=keys,
        host_names=host_names(arguments.host, tuple(arguments.allow_host)),
        tls_certificate=arguments.tls_certificate,
        tls_key=arguments.tls_key,
        workers=arguments.workers,
        threads=arguments.threads,
        precision=arguments.precision,
        similar=arguments.similar,
        watch=arguments.watch,
        drift_window=arguments.drift_window,
        grace=arguments.grace,
        log=arguments.log,
        log_texts=arguments.log_texts,
        limits=Limits(**given(arguments, *LIMITS)),
    )
    serve(settings, talk_for(arguments))
    return 0
