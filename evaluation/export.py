"""The trained encoder as the files that the screens read: two 8-bit graphs, the word vectors, the vocabulary."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from charter.screens.encoder import ARTIFACT
from evaluation.examples import HEADS, KINDS


class _First(nn.Module):
    """Word vectors to the hidden state after the first layers, and their logits."""

    def __init__(self, encoder: Any, layers: int) -> None:
        super().__init__()
        self.embeddings = encoder.bert.embeddings
        self.layers, self.head = encoder.bert.encoder.layer[:layers], encoder.early

    def forward(self, words: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.embeddings(inputs_embeds=words)
        for layer in self.layers:
            hidden = _only(layer(hidden))
        return hidden, self.head(hidden.mean(1))


class _Rest(nn.Module):
    """That hidden state to the last logits, the scope vector, and what both are made of."""

    def __init__(self, encoder: Any, layers: int) -> None:
        super().__init__()
        self.layers, self.head, self.scope = encoder.bert.encoder.layer[layers:], encoder.late, encoder.scope

    def forward(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        for layer in self.layers:
            hidden = _only(layer(hidden))
        mean = hidden.mean(1)
        return self.head(mean), nn.functional.normalize(self.scope(mean), dim=1), mean


def _only(output: Any) -> Tensor:
    return output[0] if isinstance(output, tuple) else output


def export(encoder: Any, base: Path, layers: int = 2) -> dict[str, int]:
    """Writes the artifact; returns its files' sizes in bytes."""
    ARTIFACT.mkdir(exist_ok=True)
    example = torch.randn(1, 7, 384)
    _graph(_First(encoder, layers), example, "words", ["hidden", "logits"], ARTIFACT / "first_look.onnx")
    _graph(_Rest(encoder, layers), example, "hidden", ["logits", "vector", "mean"], ARTIFACT / "closer_look.onnx")
    table = encoder.bert.embeddings.word_embeddings.weight.detach().numpy()
    scales = (np.abs(table).max(axis=1) / 127).astype(np.float32)
    np.save(ARTIFACT / "words.npy", np.round(table / np.maximum(scales, 1e-12)[:, None]).astype(np.int8))
    np.save(ARTIFACT / "word_scales.npy", scales)
    shutil.copyfile(base / "vocab.txt", ARTIFACT / "vocabulary.txt")
    return {path.name: path.stat().st_size for path in sorted(ARTIFACT.iterdir())}


def _graph(module: nn.Module, example: Tensor, given: str, outputs: list[str], path: Path) -> None:
    with TemporaryDirectory() as folder:
        whole = Path(folder, "whole.onnx")
        torch.onnx.export(
            module.eval(),
            (example,),
            str(whole),
            input_names=[given],
            output_names=outputs,
            dynamic_axes={given: {1: "tokens"}, **({"hidden": {1: "tokens"}} if "hidden" in outputs else {})},
            dynamo=False,
        )
        # Seven bits: with eight, processors without VNNI saturate while they add up.
        quantize_dynamic(whole, path, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {"heads": ",".join((*HEADS, *KINDS))})
    onnx.save(model, path)
