"""Excerpts of /proc/cpuinfo of several processors."""

from __future__ import annotations


def x86(name: str, *flags: str, cores: int = 2) -> str:
    core = f"processor\t: 0\nmodel\t\t: 17\nmodel name\t: {name}\nflags\t\t: fpu sse2 {{}}\n"
    return "\n".join(core.format(" ".join(flags)) for _ in range(cores))


ZEN_4 = x86("AMD EPYC 9454", "avx2", "avx512f", "avx512_bf16", "avx512_vnni")
SAPPHIRE_RAPIDS = x86("Xeon 8480", "avx2", "avx_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
ALDER_LAKE = x86("Core i5-12600", "avx2", "avx_vnni")
SKYLAKE = x86("Xeon 8180", "avx2", "avx512f")
NEHALEM = x86("Xeon X5570")
GRAVITON_3 = (
    "processor\t: 0\nFeatures\t: fp asimd asimdhp asimddp i8mm bf16\nCPU implementer\t: 0x41\n"
)
RASPBERRY_PI_4 = "processor\t: 0\nFeatures\t: fp asimd crc32\nModel\t\t: Raspberry Pi 4\n"
