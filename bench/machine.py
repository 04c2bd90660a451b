"""What the processor has."""

from pathlib import Path


def has_bfloat16() -> bool:
    """Whether the processor multiplies matrices of bfloat16 itself (avx512_bf16, amx_bf16, ...)."""
    return "bf16" in Path("/proc/cpuinfo").read_text()
