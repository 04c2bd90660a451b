"""Compare on a cluster: read, split and judge here, fit there."""

from dataclasses import replace

from textkind.progress import SILENT, Talk
from textkind.scale.cluster import open_cluster
from textkind.scale.rungs import RayRunner
from textkind.scale.settings import RaySettings
from textkind.workflow.compare import CompareResult, CompareSettings, compare


def compare_on(
    ray: RaySettings,
    source: object,
    settings: CompareSettings = CompareSettings(),
    talk: Talk = SILENT,
) -> CompareResult:
    """As workflow.compare.compare, with a rung a task of the cluster.

    A rung takes settings.threads CPUs, one where it is None, and the GPUs of ray where its model
    is a network. Raises what compare and open_cluster raise.
    """
    threads = 1 if settings.threads is None else settings.threads
    with open_cluster(ray, threads, talk) as cluster:
        runner = RayRunner(cluster, threads, ray.gpus)
        return compare(source, replace(settings, threads=threads), talk, runner)
