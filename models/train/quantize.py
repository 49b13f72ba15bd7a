"""Static int8 of the products with weights, in a graph of any encoder.

Per product: its input rounded to uint8 with one fixed scale, its weight to 7 bits with a scale per output, the sum in
int32, the result in fp32 (contrib operator `MatMulIntegerToFloat`). Fixed scales make a note's scores independent of
the notes beside it in a batch; 7 bits keep pairs of products inside the int16 of processors without VNNI, so that every
processor computes the same sums. Channels with outliers are first made smaller, and their weights greater (Xiao et
al., 2023, "SmoothQuant", arXiv:2211.10438), where a norm's weight or a product's output can be turned for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from models.tokens import Tokenizer
from models.train.graph import CONTRIB

SMOOTH = 0.7  # how much of an outlier goes from the input to the weight: 0 none, 1 all
LEVELS = 63  # of a weight, either side of zero
OUTLIER = 3.0  # times the median: a channel that wide is not rounded, if it could not be smoothed

Floats = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Net:
    """A graph to change: nodes by what they make and by what they read, constants as arrays (changed in place)."""

    model: onnx.ModelProto
    weights: dict[str, Floats]
    makers: dict[str, NodeProto]
    readers: dict[str, list[NodeProto]]

    @classmethod
    def load(cls, file: Path) -> Net:
        model = onnx.load(str(file))
        weights = {w.name: numpy_helper.to_array(w).copy() for w in model.graph.initializer}
        readers: dict[str, list[NodeProto]] = defaultdict(list)
        for node in model.graph.node:
            for name in set(node.input):
                readers[name].append(node)
        return cls(model, weights, {name: node for node in model.graph.node for name in node.output}, readers)

    def is_product(self, node: NodeProto | None) -> bool:
        """Whether a node multiplies by a weight that nothing else uses."""
        if node is None or node.op_type != "MatMul":
            return False
        weight = self.weights.get(node.input[1])
        return weight is not None and weight.ndim == 2 and len(self.readers[node.input[1]]) == 1

    def products(self) -> dict[str, list[NodeProto]]:
        """The products by the name of their input, in the order of the graph."""
        found: dict[str, list[NodeProto]] = defaultdict(list)
        for node in self.model.graph.node:
            if self.is_product(node):
                found[node.input[0]].append(node)
        return found


def quantize(fp32: Path, int8: Path, texts: Sequence[str], tokenizer: Tokenizer) -> None:
    """Writes the int8 graph of an fp32 one, with the ranges seen on `texts`."""
    net = Net.load(fp32)
    products = net.products()
    ranges = _ranges(net.model, list(products), texts, tokenizer)
    ranges = {name: seen / _smooth(net, name, products[name], seen) for name, seen in ranges.items()}
    made: dict[str, list[NodeProto]] = {}
    for name, seen in ranges.items():
        if _even(seen):
            made |= _int8(net, name, products[name], seen)
    _rewrite(net, made)
    onnx.checker.check_model(net.model)
    onnx.save(net.model, str(int8))


def _ranges(
    model: onnx.ModelProto, names: Sequence[str], texts: Sequence[str], tokenizer: Tokenizer
) -> dict[str, Floats]:
    """Least and greatest number of each channel of the named values: `[2, channels]`, zero among them."""
    tapped = onnx.ModelProto()
    tapped.CopyFrom(model)
    tapped.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    session = ort.InferenceSession(tapped.SerializeToString(), providers=["CPUExecutionProvider"])
    seen: dict[str, Floats] = {}
    for text in texts:
        values = session.run(list(names), dict(zip(("ids", "mask"), tokenizer.batch([text]), strict=True)))
        for name, value in zip(names, values, strict=True):
            rows = value.reshape(-1, value.shape[-1])
            now = np.stack([np.minimum(rows.min(0), 0), np.maximum(rows.max(0), 0)])
            old = seen.get(name, now)
            seen[name] = np.stack([np.minimum(old[0], now[0]), np.maximum(old[1], now[1])])
    return seen


def _smooth(net: Net, name: str, products: Sequence[NodeProto], seen: Floats) -> Floats:
    """Divide the channels of `name` at their source and multiply the products' weights: the factors, `[channels]`."""
    sources = _sources(net, name, len(products))
    if not sources:
        return np.ones(seen.shape[1], np.float32)
    weights = [net.weights[node.input[1]] for node in products]
    needs = np.max([np.abs(w).max(axis=1) for w in weights], axis=0)
    factors = np.maximum(np.abs(seen).max(0), 1e-3) ** SMOOTH / np.maximum(needs, 1e-4) ** (1 - SMOOTH)
    factors = np.asarray(factors / np.exp(np.log(factors).mean()), np.float32)
    for source in sources:
        net.weights[source] /= factors
    for weight in weights:
        weight *= factors[:, None]
    return factors


def _sources(net: Net, name: str, products: int) -> list[str]:
    """Constants whose last axis is the channels of `name`, and nothing but them and the products: none if unknown."""
    maker = net.makers.get(name)
    if maker is None or len(net.readers[name]) != products:
        return []
    if maker.op_type == "LayerNormalization":
        own = list(maker.input[1:])
        return own if all(len(net.readers[w]) == 1 for w in own) else []
    linear = {"Mul": list(maker.input), "MultiHeadAttention": list(maker.input[2:3])}.get(maker.op_type, [])
    made = [net.makers.get(x) for x in linear if len(net.readers[x]) == 1]
    return [node.input[1] for node in made if node is not None and net.is_product(node)][:1]


def _even(seen: Floats) -> bool:
    """Whether one scale can carry all channels: none is far wider than most."""
    widths = np.abs(seen).max(axis=0)
    return bool(widths.max() <= OUTLIER * np.median(widths))


def _int8(net: Net, name: str, products: Sequence[NodeProto], seen: Floats) -> dict[str, list[NodeProto]]:
    """By the output of each product the nodes that take its place; the first of them rounds the input for all."""
    low, high = float(seen[0].min()), float(seen[1].max())
    scale = np.array(max(high - low, 1e-6) / 255, np.float32)
    net.weights.update({f"{name}:scale": scale, f"{name}:zero": np.array(round(-low / float(scale)), np.uint8)})
    rounded = helper.make_node("QuantizeLinear", [name, f"{name}:scale", f"{name}:zero"], [f"{name}:uint8"])
    made: dict[str, list[NodeProto]] = {}
    for node in products:
        weight = net.weights.pop(node.input[1])
        scales = np.maximum(np.abs(weight).max(axis=0), 1e-8) / LEVELS
        own = f"{node.output[0]}:weight"
        net.weights.update({own: np.round(weight / scales).astype(np.int8), f"{own}:scale": scales.astype(np.float32)})
        inputs = [f"{name}:uint8", own, f"{name}:scale", f"{own}:scale", f"{name}:zero"]
        product = helper.make_node("MatMulIntegerToFloat", inputs, list(node.output), domain=CONTRIB)
        made[node.output[0]] = [product] if made else [rounded, product]
    return made


def _rewrite(net: Net, made: Mapping[str, list[NodeProto]]) -> None:
    """The graph with `made` in place of the nodes it replaces, and the constants as they are now."""
    graph = net.model.graph
    nodes = [new for node in graph.node for new in made.get(node.output[0], [node])]
    constants = [numpy_helper.from_array(np.asarray(value), name) for name, value in net.weights.items()]
    graph.ClearField("node")
    graph.ClearField("initializer")
    graph.node.extend(nodes)
    graph.initializer.extend(constants)
    if all(opset.domain != CONTRIB for opset in net.model.opset_import):
        net.model.opset_import.append(helper.make_opsetid(CONTRIB, 1))
