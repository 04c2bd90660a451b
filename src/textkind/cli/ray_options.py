"""The options of commands that can work on a Ray cluster."""

import argparse
from typing import TYPE_CHECKING

from textkind.cli.parsing import Parser, given, positive_number, whole_number

if TYPE_CHECKING:
    from textkind.scale.settings import RaySettings


def add_ray_options(parser: Parser, worker: str) -> None:
    """Add --ray and what goes with it; worker tells what one does."""
    add = parser.add_argument_group("on a Ray cluster").add_argument
    add(
        "--ray",
        metavar="ADDRESS",
        help="work on this cluster: HOST:PORT, auto for the one that runs on this machine, or "
        "local to start one here for the time of the command (default: no cluster)",
    )
    add(
        "--ray-workers",
        metavar="NUMBER",
        type=whole_number(1),
        help=f"{worker}; each has --threads CPUs, or 1 (default: as many as the cluster has "
        "CPUs for)",
    )
    add(
        "--ray-gpus",
        metavar="NUMBER",
        type=positive_number,
        help="GPUs of each worker that can use one; 0.5 shares one between two (default: none)",
    )


def ray_settings(arguments: argparse.Namespace) -> "RaySettings | None":
    """What --ray asks for; None where it is not given; SettingsError for options of it alone."""
    from textkind.errors import SettingsError
    from textkind.scale.settings import RaySettings

    chosen = given(arguments, address="ray", workers="ray_workers", gpus="ray_gpus")
    if not chosen or "address" in chosen:
        return RaySettings(**chosen) if chosen else None
    raise SettingsError(
        f"--ray-{next(iter(chosen))} is an option of a Ray cluster",
        hint="name the cluster, or start one: --ray local",
    )
