"""Processors that code is compiled for ahead: what their code takes, and who may run it."""

from __future__ import annotations

import platform
import re
import sys
from pathlib import Path

import pytest
from commands import ROOT, run

from distilbert_sentiment_arch.engine.target_cpu import (
    TARGETS,
    aimed_at,
    aiming_at,
    named_target,
    processor_lines,
    usable_targets,
)
from distilbert_sentiment_arch.errors import WarmError

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="there are targets on x86-64 only"
)

X86 = TARGETS["x86_64"]

# LLVM's names of features that Linux names otherwise.
LINUX = {
    "sse3": "pni",
    "sse4.1": "sse4_1",
    "sse4.2": "sse4_2",
    "lzcnt": "abm",
    "bmi": "bmi1",
    "sahf": "lahf_lm",
    "prfchw": "3dnowprefetch",
    "pclmul": "pclmulqdq",
    "sha": "sha_ni",
    "avx512vbmi2": "avx512_vbmi2",
    "avx512vnni": "avx512_vnni",
    "avxvnni": "avx_vnni",
    "avx512bitalg": "avx512_bitalg",
    "avx512vpopcntdq": "avx512_vpopcntdq",
    "avx512bf16": "avx512_bf16",
    "avx512fp16": "avx512_fp16",
    "amx-bf16": "amx_bf16",
    "amx-int8": "amx_int8",
    "amx-tile": "amx_tile",
}

# What the compiler never uses unasked: instructions of operating systems, and with operands that
# only a programmer names. Every x86-64 processor has the last line.
NEVER_USED = {
    *("clflushopt", "cldemote", "clwb", "clzero", "enqcmd", "ermsb", "fsgsbase", "fsrm", "hreset"),
    *("invpcid", "mwaitx", "pconfig", "pku", "ptwrite", "rdpru", "rdrnd", "rtm", "sgx", "shstk"),
    *("tsxldtrk", "uintr", "waitpkg", "wbnoinvd", "widekl", "kl", "xsavec", "xsaveopt", "xsaves"),
    *("rdpid", "crc32", "evex512", "prefer-256-bit", "branchfusion", "macrofusion"),
    *("64bit", "cmov", "cx8", "fxsr", "mmx", "nopl", "sse", "sse2", "x87"),
}


# Each takes the compiler three seconds; the others' features are among these.
@pytest.mark.slow
@pytest.mark.parametrize("name", ["sapphirerapids", "znver4", "alderlake"])
def test_it_needs_all_that_the_compiler_may_use(name: str, tmp_path: Path) -> None:
    target = named_target(name)
    source = tmp_path / "empty.mojo"
    source.write_text('@export("one")\ndef one() -> Int:\n    return 1\n')
    built = tmp_path / "empty.ll"
    ended = run(
        *(Path(sys.executable).with_name("mojo"), "build", "--emit", "llvm"),
        *("--target-cpu", target.name, "-o", built, source),
    )
    assert ended.returncode == 0, ended.stderr
    (features,) = set(re.findall(r'"target-features"="([^"]*)"', built.read_text()))
    used = {each[1:] for each in features.split(",") if each.startswith("+")} - NEVER_USED
    assert used
    assert {LINUX.get(each, each) for each in used} <= target.flags


def test_a_target_runs_where_nothing_of_it_is_missing() -> None:
    names = [each.name for each in X86]
    for target in X86:
        usable = usable_targets(target.flags | {"more"})
        assert target in usable
        # The most capable one first.
        assert [names.index(each.name) for each in usable] == sorted(
            names.index(each.name) for each in usable
        )
        for flag in target.flags:
            assert target not in usable_targets(target.flags - {flag})
    assert usable_targets(frozenset()) == []


def test_each_comes_before_all_that_it_runs_as_well() -> None:
    for place, target in enumerate(X86):
        for later in X86[place + 1 :]:
            assert not target.flags < later.flags


def test_an_unknown_name_is_told_the_others() -> None:
    assert named_target("x86-64-v3").flags <= named_target("sapphirerapids").flags
    for name in ("pentium", "native", ""):
        with pytest.raises(WarmError, match=r"sapphirerapids, .*, x86-64-v3\. Leave it out"):
            named_target(name)


def test_the_guide_lists_them() -> None:
    guide = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
    (listed,) = re.findall(r"LLVM's name of it:\s+((?:`[\w-]+`[,\s]*)+)", guide)
    assert set(re.findall(r"`([\w-]+)`", listed)) == {each.name for each in X86}


def test_the_target_of_a_context() -> None:
    assert aimed_at() is None
    with aiming_at(X86[0]):
        assert aimed_at() == X86[0]
    assert aimed_at() is None


def test_the_lines_of_the_processor_are_its_instruction_set_not_its_speed() -> None:
    lines = processor_lines()
    assert any(line.startswith("flags") for line in lines)
    assert not any("MHz" in line for line in lines)
