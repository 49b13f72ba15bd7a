"""The network as the runtime likes it: a ModernBERT encoder and the span head in fused operators, written node by node.

Same weights, same arithmetic as `network.py`; only the small operators between the products are fewer: attention is
one node (onnxruntime's contrib operators `MultiHeadAttention` and `RotaryEmbedding`), sines are tables, the embedding's
norm is in its table, and what is split after a product is two products, so that nothing is copied.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from models.train.network import FAR_BELOW, SpanTagger

CONTRIB = "com.microsoft"
OPSETS = (("", 21), (CONTRIB, 1))

Array = NDArray[Any]
Rotary = tuple[str, str, str]  # names of: first position, cosines, sines


def fits(model: SpanTagger) -> bool:
    """Whether the encoder is one that `span_graph` can write: a ModernBERT, every layer global, gelu, no biases."""
    config: Any = model.encoder.config
    return (
        config.model_type == "modernbert"
        and set(config.layer_types) == {"full_attention"}
        and config.rope_parameters["full_attention"]["rope_type"] == "default"
        and config.hidden_activation == "gelu"
        and not (config.attention_bias or config.mlp_bias or config.norm_bias)
    )


class _Graph:
    """Nodes and constants in the order they are written; every call gives the name of what it made."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def const(self, value: Array | np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, *inputs: str, name: str = "", domain: str = "", **attributes: Any) -> str:
        return self.nodes_of(kind, *inputs, outputs=[name or f"n{len(self.nodes)}"], domain=domain, **attributes)[0]

    def nodes_of(self, kind: str, *inputs: str, outputs: list[str], **attributes: Any) -> list[str]:
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, outputs[0], **attributes))
        return outputs

    def split(self, x: str, *, axis: int) -> list[str]:
        """Two equal halves."""
        outputs = [f"n{len(self.nodes)}_{half}" for half in "ab"]
        return self.nodes_of("Split", x, outputs=outputs, axis=axis, num_outputs=2)

    def product(self, x: str, weight: Array, bias: Array | None = None) -> str:
        """`x @ weight.T + bias`: a torch linear layer."""
        y = self.node("MatMul", x, self.const(weight.T))
        return y if bias is None else self.node("Add", y, self.const(bias))

    def norm(self, x: str, weight: Array, epsilon: float) -> str:
        return self.node("LayerNormalization", x, self.const(weight), axis=-1, epsilon=epsilon)

    def axis(self, x: str, at: int) -> str:
        return self.node("Unsqueeze", x, self.const(np.array([at], np.int64)))

    def rotate(self, x: str, rotary: Rotary) -> str:
        return self.node("RotaryEmbedding", x, *rotary, domain=CONTRIB)


def span_graph(model: SpanTagger) -> onnx.ModelProto:
    """fp32 graph: `ids`, `mask` `[batch, length]` → `scores`, `parts` as `SpanTagger.forward` gives them."""
    weights: dict[str, Array] = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    encoder: Any = model.encoder
    config, graph = encoder.config, _Graph()
    rotary = _rotary(graph, encoder.rotary_emb.full_attention_inv_freq.numpy(), config.max_position_embeddings)
    mask = graph.node("Cast", "mask", to=TensorProto.INT32)
    hidden = graph.node("Gather", graph.const(_normed(encoder.embeddings)), "ids")
    for layer in range(config.num_hidden_layers):
        own = {k.split(".", 3)[3]: v for k, v in weights.items() if k.startswith(f"encoder.layers.{layer}.")}
        hidden = _layer(graph, hidden, own, (mask, rotary), config)
    hidden = graph.norm(hidden, weights["encoder.final_norm.weight"], config.norm_eps)
    _head(graph, hidden, weights, config.max_position_embeddings)
    return _closed(graph)


def _normed(embeddings: Any) -> Array:
    """The embedding's rows, each already normed: `[vocabulary, width]`."""
    normed: Array = embeddings.norm(embeddings.tok_embeddings.weight).detach().numpy()
    return normed


def _rotary(graph: _Graph, rates: Array, length: int) -> Rotary:
    angles = np.arange(length, dtype=np.float32)[:, None] * rates.astype(np.float32)
    return graph.const(np.array([0], np.int64)), graph.const(np.cos(angles)), graph.const(np.sin(angles))


def _layer(graph: _Graph, x: str, own: dict[str, Array], where: tuple[str, Rotary], config: Any) -> str:
    """One encoder layer; `own` are its weights by their name inside the layer (the first has no norm of its own)."""
    mask, rotary = where
    normed = graph.norm(x, own["attn_norm.weight"], config.norm_eps) if "attn_norm.weight" in own else x
    width = config.hidden_size
    both = graph.rotate(graph.product(normed, own["attn.Wqkv.weight"][: 2 * width]), rotary)
    value = graph.product(normed, own["attn.Wqkv.weight"][2 * width :])
    seen = graph.node(
        "MultiHeadAttention", *graph.split(both, axis=-1), value, "", mask,
        domain=CONTRIB, num_heads=config.num_attention_heads,
    )  # fmt: skip
    x = graph.node("Add", x, graph.product(seen, own["attn.Wo.weight"]))
    normed = graph.norm(x, own["mlp_norm.weight"], config.norm_eps)
    unit, gate = (graph.product(normed, half) for half in np.split(own["mlp.Wi.weight"], 2))
    gated = graph.node("Mul", graph.node("Gelu", unit), gate)
    return graph.node("Add", x, graph.product(gated, own["mlp.Wo.weight"]))


def _head(graph: _Graph, hidden: str, weights: dict[str, Array], length: int) -> None:
    """`SpanTagger.forward` after the encoder, written to the outputs `scores` and `parts`."""
    pointer, edges, inner = (
        graph.product(hidden, weights[f"{name}.weight"], weights[f"{name}.bias"])
        for name in ("pointer", "edges", "hidden")
    )
    parts = graph.node("MatMul", graph.node("Gelu", inner), graph.const(weights["parts.weight"].T))
    graph.node("Add", parts, graph.const(weights["parts.bias"]), name="parts")
    size = len(weights["pointer.bias"]) // 2
    rates = 10000.0 ** (-np.arange(0, size, 2, dtype=np.float32) / size)
    query, key = graph.split(graph.rotate(pointer, _rotary(graph, rates, length)), axis=-1)
    query = graph.node("Mul", query, graph.const(np.float32(size**-0.5)))
    shared = graph.node("MatMul", query, graph.node("Transpose", key, perm=[0, 2, 1]))
    last = graph.axis(graph.node("Cast", "mask", to=TensorProto.FLOAT), 1)
    allowed = graph.node("Trilu", graph.node("Expand", last, graph.node("Shape", shared)), upper=1)
    allowed = graph.node("Cast", allowed, to=TensorProto.BOOL)
    shared = graph.node("Where", allowed, shared, graph.const(np.float32(FAR_BELOW)))
    start, end = graph.split(graph.node("Transpose", edges, perm=[0, 2, 1]), axis=1)
    begun = graph.node("Add", graph.axis(shared, 1), graph.axis(start, 3))
    graph.node("Add", begun, graph.axis(end, 2), name="scores")


def _closed(graph: _Graph) -> onnx.ModelProto:
    def value(name: str, kind: int, *shape: str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, shape)

    inputs = [value(name, TensorProto.INT64, "batch", "length") for name in ("ids", "mask")]
    outputs = [
        value("scores", TensorProto.FLOAT, "batch", "fields", "length", "length"),
        value("parts", TensorProto.FLOAT, "batch", "length", "width"),
    ]
    made = helper.make_graph(graph.nodes, "tagger", inputs, outputs, graph.constants)
    return helper.make_model(made, opset_imports=[helper.make_opsetid(*o) for o in OPSETS], ir_version=10)
