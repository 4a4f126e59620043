"""The start-up benchmark runs, and help imports nothing heavy."""

import subprocess
import sys

from benchmarks.startup import SIDES, claims, fresh


def test_every_side_runs():
    assert "describe" in fresh(SIDES["help"]) and fresh(SIDES["ours"]) == ""


def test_claims_are_told_with_their_goal():
    found = claims({name: [2.0, 3.0] for name in SIDES} | {"peer": [1.0, 1.0]})
    assert [one["measured"] for one in found] == [2.5, 1.0, 2.5] and found[0]["reason"]


def test_help_imports_neither_torch_nor_transformers():
    code = (
        "import runpy, sys; sys.argv = ['patentlmm', '--help']\n"
        "try: runpy.run_module('modeling_patentlmm', run_name='__main__')\n"
        "except SystemExit: print({'torch', 'transformers', 'numpy', 'PIL'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set()\n")
