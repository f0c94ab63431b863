"""A rung's process that does what its graph's name says, without MAX: ``probe.rung_process`` starts
it as it starts the real ones.
"""

import base64
import ctypes
import json
import os
import pickle
import signal
import subprocess
import sys


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


def start_another() -> None:
    """Starts a process that would outlive this one, and waits until it runs."""
    fifo = os.environ["MADE_RUNG_FIFO"]
    program = (
        f"import os, signal; f = os.open({fifo!r}, os.O_WRONLY); os.write(f, b'x'); "
        "print('runs', flush=True); signal.pause()"
    )
    other = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert other.stdout is not None
    other.stdout.readline()


request = json.loads(sys.stdin.readline())
graph = request["graph"]
sys.stderr.write("what a compiler says\n")
sys.stderr.flush()
say(phase="compiling")
if graph == "segfault":
    ctypes.string_at(0)
elif graph == "abort":
    os.abort()
elif graph == "hang":
    start_another()
    signal.pause()
elif graph == "leave a child":
    start_another()
    say(outcome="works")
elif graph == "exit":
    sys.exit(3)
elif graph == "no kernel":
    say(outcome="no kernel", reason="there is none")
elif graph == "wrong":
    say(outcome="wrong numbers", reason="far off", error=0.5)
elif graph == "noise":
    print("not JSON", "[1]", '{"outcome": "delicious"}', sep="\n")
elif graph == "noise around":
    print("{", flush=True)
    say(outcome="works", error=1e-7, milliseconds=2.5)
    print("}", flush=True)
elif graph == "dies behind its answer":
    say(outcome="works")
    os.kill(os.getpid(), signal.SIGKILL)
elif graph == "classifier":
    checkpoint = pickle.loads(base64.b64decode(request["checkpoint"]))
    say(outcome="works" if checkpoint.checkpoint.directory.is_dir() else "no kernel")
else:
    say(outcome="works", error=1e-7, milliseconds=2.5)
