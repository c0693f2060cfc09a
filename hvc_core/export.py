"""A trained cell's weights as what ships: a Keras folder, an ONNX file, and their parity.

May import: keras, onnx, onnxruntime, numpy, hvc_core.models, .session, .study, .video.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime

from hvc_core import models, study, video
from hvc_core.session import open_session

TOLERANCE = 1e-4  # largest difference of a probability between Keras and ONNX Runtime


class ExportError(ValueError):
    """A model whose two forms do not answer alike, or that is not there."""


def load_cell(
    weights: Path, architecture: str, num_classes: int, fused: bool = False
) -> keras.Model:
    """A Keras model with the weights that a cell kept: the plain one, or the faster form.

    Raises:
        ExportError: there is no such file, or it is of another net than the code builds now.
    """
    if not weights.exists():
        raise ExportError(
            f"{weights}: no such weights; they are kept where the cell was trained, so train "
            "that cell here, or export on the machine that did"
        )
    model = models.build(architecture, num_classes, fused=fused)
    with np.load(weights) as kept:
        values = [kept[f"arr_{i}"] for i in range(len(kept.files))]
    if [v.shape for v in values] != [w.shape for w in model.weights]:
        raise ExportError(
            f"{weights}: weights of another net than the code builds now for {architecture}; "
            "train that cell again, or check out the commit that trained it"
        )
    model.set_weights(values)
    return model


def write(
    model: keras.Model,
    architecture: str,
    folder: Path,
    classes: list[str],
    clips: np.ndarray,
) -> dict[str, Any]:
    """Writes models/<name>/: Keras config and weights, ONNX, preprocessing.json, labels.json.

    Args:
        model: keras.Model. The plain one.
        architecture: str. One of models.ARCHITECTURES.
        folder: Path. models/<name>; replaced as a whole, so it is never half of two.
        classes: list of str, in the order of the probabilities.
        clips: uint8 array (N, 20, H, W, 3). Clips that both forms must answer alike.

    Returns:
        dict. parity: {clips, largest_difference, tolerance}; parameters: {total, trainable,
        body, head}; weights_bytes.

    Raises:
        ExportError: ONNX Runtime's probabilities differ by more than TOLERANCE.
    """
    for left in folder.parent.glob(f"{folder.name}.*.tmp"):  # by a kill
        shutil.rmtree(left, ignore_errors=True)
    part = folder.with_name(f"{folder.name}.{os.getpid()}.tmp")
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        model.save(part, zipped=False)
        with contextlib.suppress(OSError):  # empty: none of these nets has assets
            (part / "assets").rmdir()
        form = _onnx_form(model, architecture)
        form.predict_on_batch(clips[:1].astype(np.float32))  # export wants a model that has run
        _to_onnx(form, part / "model.onnx")
        _round_up_scales(part / "model.onnx")
        parity = _parity(model, part / "model.onnx", clips)
        height, width = models.ARCHITECTURES[architecture].size
        study.write_json(
            part / "preprocessing.json",
            {
                "frames": video.FRAMES,
                "height": height,
                "width": width,
                "sampling": "middle of equal time segments",
                "color": "rgb",
                "range": [0, 255],
                "resize": "swscale area",
            },
        )
        study.write_json(part / "labels.json", classes)
        study.write_json(part / "parity.json", parity)
        old = folder.with_name(f"{folder.name}.old.tmp")
        if folder.exists():  # moved, not deleted in place: a kill leaves no half of it
            os.replace(folder, old)
        os.replace(part, folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return {
        "parity": parity,
        "parameters": parameters(model),
        "weights_bytes": (folder / "model.weights.h5").stat().st_size,
    }


def runner(model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """The model as a function in ONNX Runtime: one thread there takes half of TensorFlow's time.

    Args:
        model: keras.Model. One input, one output.

    Returns:
        A function of float32 (N, ...) to float32 (N, ...).
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        model.predict_on_batch(np.zeros((1, *model.input_shape[1:]), np.float32))
        _to_onnx(model, file)
        options = onnxruntime.SessionOptions()
        # 0 is all cores; a cell that runs beside others has a core (`training.ray_engine`).
        options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS") or 0)
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda x: session.run(None, {name: x})[0]


def parameters(model: keras.Model) -> dict[str, int]:
    """Parameters: total, trainable (in the architecture, frozen or not), body and head."""
    head = sum(layer.count_params() for layer in model.layers if layer.name.endswith("head"))
    total = model.count_params()
    buffers = sum(
        int(np.prod(w.shape))
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
        for w in (layer.moving_mean, layer.moving_variance)
    )
    return {"total": total, "trainable": total - buffers, "body": total - head, "head": head}


def _to_onnx(model: keras.Model, file: Path) -> None:
    with warnings.catch_warnings():
        # Keras's converter asks NumPy for a name that is to change: nothing for a user to mend.
        warnings.filterwarnings("ignore", "In the future", FutureWarning)
        model.export(file, format="onnx", verbose=False)


def _onnx_form(model: keras.Model, architecture: str) -> keras.Model:
    """The form whose graph runs fastest in ONNX Runtime, with the same weights."""
    if not models.ARCHITECTURES[architecture].fusible:
        return model
    fused = models.build(architecture, model.output_shape[-1], fused=True)
    fused.set_weights(model.get_weights())
    return fused


def _round_up_scales(file: Path) -> None:
    """Raises each broken scale of a Resize by one step of float32.

    As float32 1.4 is a little less than 1.4: 120 rows would become 168 only where a runtime
    multiplies in float32 too, and 167 elsewhere.
    """
    model = onnx.load(file)
    scales = {node.input[2] for node in model.graph.node if node.op_type == "Resize"}
    for tensor in model.graph.initializer:
        if tensor.name in scales:
            given = onnx.numpy_helper.to_array(tensor)
            above = np.nextafter(given, np.float32(np.inf))
            raised = np.where(given == np.rint(given), given, above).astype(np.float32)
            tensor.CopyFrom(onnx.numpy_helper.from_array(raised, tensor.name))
    onnx.save(model, file)


def _parity(model: keras.Model, onnx: Path, clips: np.ndarray) -> dict[str, Any]:
    """Both forms' probabilities of the same clips, compared."""
    session = open_session(onnx)
    name, largest = session.get_inputs()[0].name, 0.0
    for clip in clips:
        x = clip[None].astype(np.float32)
        ours = np.asarray(model.predict_on_batch(x))
        theirs = session.run(None, {name: x})[0]
        largest = max(largest, float(np.abs(ours - theirs).max()))
    if largest > TOLERANCE:
        raise ExportError(f"{onnx.parent.name}: ONNX differs from Keras by {largest:.2g}")
    return {"clips": len(clips), "largest_difference": largest, "tolerance": TOLERANCE}
