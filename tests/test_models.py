"""The architectures: parameters by hand, shapes, plain Keras, folded time, fused ConvLSTM.

May import: keras, numpy, pytest, hvc_core.models, tests.support.nets.
"""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from hvc_core import models, recipe
from hvc_core.models import convlstm, lrcn, lrcn_scratch, two_stream
from tests.support import nets

# Keras 3.15 asks TensorFlow's variables for an array in numpy 1's way when it saves or trains.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def lstm(inputs: int, units: int) -> int:
    """Parameters of an LSTM: four gates, each of input, state and bias."""
    return 4 * units * (inputs + units + 1)


def conv_lstm(inputs: int, filters: int) -> int:
    """Parameters of a ConvLSTM2D of 3x3."""
    return 4 * filters * (9 * (inputs + filters) + 1)


def dense(inputs: int, units: int) -> int:
    return units * (inputs + 1)


def by_hand(name: str, classes: int) -> int:
    """The parameters of an architecture, from the formulas of its layers."""
    if name == "convlstm":
        # 64 -> 62 -> 31 -> 29 -> 15 -> 13 -> 7 -> 5 -> 3 pixels a side
        flat = 20 * 3 * 3 * 16
        cells = sum(conv_lstm(*pair) for pair in ((3, 4), (4, 8), (8, 14), (14, 16)))
        return cells + dense(flat, classes)
    small = sum(dense(9 * a, b) for a, b in ((3, 16), (16, 32), (32, 64), (64, 64)))
    backbone = 4_694_024 - dense(1280, 1000)  # the published net without its top
    return {
        "mean-scratch": small + dense(64, classes),
        "lrcn-scratch": small + lstm(64, 32) + dense(32, classes),
        "mean": backbone + 2 * dense(1280, classes),
        "lrcn": backbone + 2 * (lstm(1280, 64) + dense(64, classes)),
        "convlstm-pretrained": backbone
        + 2 * (dense(1280, 64) + conv_lstm(64, 64) + dense(64, classes)),
    }[name]


# -- the registry ----------------------------------------------------------------------------------


def test_the_registry_and_the_recipes_know_the_same_architectures():
    assert list(models.ARCHITECTURES) == list(recipe.ARCHITECTURES)
    with pytest.raises(KeyError):
        models.build("resnet", 4)


@pytest.mark.parametrize(
    ("name", "classes", "count"),
    [
        ("convlstm", 4, 44_524),
        ("convlstm", 15, 76_215),
        ("convlstm", 50, 177_050),
        ("lrcn-scratch", 4, 73_060),
        ("lrcn-scratch", 15, 73_423),
        ("lrcn-scratch", 50, 74_578),
        ("lrcn", 4, 4_102_184),
        ("lrcn", 15, 4_103_614),
        ("lrcn", 50, 4_108_164),
        ("mean-scratch", 4, 60_772),
        ("mean-scratch", 15, 61_487),
        ("mean", 15, 3_451_454),
        ("convlstm-pretrained", 15, 4_169_278),
    ],
)
def test_parameters(name, classes, count):
    model = models.build(name, classes)
    assert model.count_params() == count == by_hand(name, classes)
    height, width = models.ARCHITECTURES[name].size
    assert model.input_shape == (None, 20, height, width, 3)
    assert model.output_shape == (None, classes)
    # export counts the heads by their names
    assert any(layer.name.endswith("head") for layer in model.layers)


@pytest.mark.parametrize("name", models.ARCHITECTURES)
def test_probabilities_and_plain_keras(name, tmp_path):
    """Any Keras 3 loads what is saved, in safe mode and without a class of this project's."""
    model = models.build(name, 15)
    x = nets.clips(1, *model.input_shape[1:])
    before = nets.given(model, x)
    assert before.shape == (1, 15)
    assert before.dtype == np.float32
    assert before.min() > 0
    np.testing.assert_allclose(before.sum(axis=1), 1, atol=1e-5)
    model.save(tmp_path / name, zipped=False)
    assert {f.name for f in (tmp_path / name).iterdir()} >= {
        "config.json",
        "metadata.json",
        "model.weights.h5",
    }
    assert "hvc_core" not in (tmp_path / name / "config.json").read_text()
    loaded = keras.saving.load_model(tmp_path / name, safe_mode=True)
    np.testing.assert_allclose(nets.given(loaded, x), before, atol=1e-6)
    assert loaded.count_params() == model.count_params()


def test_inputs_are_scaled_inside_the_graph():
    """Values of 0 to 255 go in; a net that did not scale them would saturate."""
    for name in ("convlstm", "lrcn-scratch"):
        scale = models.build(name, 4).get_layer("scale")
        assert scale.scale == pytest.approx(1 / 255)


@pytest.mark.parametrize(("name", "without"), [("mean", "lrcn"), ("mean-scratch", "lrcn-scratch")])
def test_a_mean_cannot_tell_the_order_and_an_lstm_can(name, without):
    """Moments (pairs of frames) in another order: to a mean the same clip."""
    for kind, blind in ((name, True), (without, False)):
        model = models.build(kind, 5)
        nets.randomise(model, 0.5)
        x = nets.clips(1, *model.input_shape[1:])
        order = np.random.default_rng(0).permutation(10)
        y = x.reshape(1, 10, 2, *x.shape[2:])[:, order].reshape(x.shape)
        gap = np.abs(nets.given(model, x) - nets.given(model, y)).max()
        assert (gap < 1e-5) == blind, (kind, gap)


# -- ConvLSTM, fused -------------------------------------------------------------------------------


def layer_pair(frames: int = 5, dropout: float = 0.0, padding: str = "valid") -> list[keras.Model]:
    """Keras's layer and the fused one, with the same large weights, as nets of (9, 11, 3)."""
    made = []
    for kind in (layers.ConvLSTM2D, convlstm.FusedConvLSTM2D):
        inputs = keras.Input((frames, 9, 11, 3))
        layer = kind(
            4, 3, padding=padding, return_sequences=True, recurrent_dropout=dropout, name="cell"
        )
        made.append(keras.Model(inputs, layer(inputs)))
    nets.randomise(made[0], 0.5)
    made[1].set_weights(made[0].get_weights())
    return made


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("frames", [1, 2, 7])
def test_the_fused_layer_is_the_layer(frames, padding):
    plain, fused = layer_pair(frames, padding=padding)
    x = np.random.default_rng(1).normal(0, 1, (3, frames, 9, 11, 3)).astype(np.float32)
    ours, theirs = nets.given(fused, x), nets.given(plain, x)
    assert ours.shape == (3, frames, *((7, 9) if padding == "valid" else (9, 11)), 4)
    assert theirs.std() > 0.2  # of -1 to 1: far from what any two nets would give
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_the_comparison_would_see_another_gate():
    plain, fused = layer_pair()
    kernel, recurrent, bias = fused.get_weights()
    x = np.random.default_rng(1).normal(0, 1, (2, 5, 9, 11, 3)).astype(np.float32)
    for wrong in (
        [np.roll(kernel, 4, axis=-1), recurrent, bias],
        [kernel, np.roll(recurrent, 4, axis=-1), bias],
        [kernel, recurrent[::-1], bias],
        [kernel, recurrent, -bias],
    ):
        fused.set_weights(wrong)
        assert np.abs(nets.given(fused, x) - nets.given(plain, x)).max() > 0.1


def test_the_fused_net_is_the_net_and_weights_go_both_ways():
    shape = (4, 40, 36, 3)
    plain, fused = convlstm.build(5, shape), convlstm.build(5, shape, fused=True)
    assert [w.shape for w in plain.weights] == [w.shape for w in fused.weights]
    assert [w.name for w in plain.weights] == [w.name for w in fused.weights]
    x = nets.clips(3, *shape)
    for source, target, seed in ((plain, fused, 0), (fused, plain, 1)):
        nets.randomise(source, 0.4, seed)
        target.set_weights(source.get_weights())
        ours, theirs = nets.logits(source, x), nets.logits(target, x)
        assert theirs.std() > 0.5
        np.testing.assert_allclose(ours, theirs, atol=1e-5 * max(1, np.abs(theirs).max()))


def test_fresh_weights_are_drawn_alike():
    plain, fused = layer_pair()
    plain, fused = (keras.models.clone_model(m) for m in (plain, fused))
    _, recurrent, bias = fused.get_weights()
    np.testing.assert_array_equal(bias, plain.get_weights()[2])  # the forget gate open
    for kernel in (recurrent, plain.get_weights()[1]):
        flat = kernel.reshape(-1, kernel.shape[-1])  # 36 x 16, orthogonal columns
        np.testing.assert_allclose(flat.T @ flat, np.eye(16), atol=1e-5)


def test_one_training_step_moves_both_alike():
    """The same gradients: after a step of plain descent the weights are still the same."""
    pair = []
    for cell in layer_pair():
        x = layers.Flatten()(cell.output)
        model = keras.Model(cell.input, layers.Dense(3, activation="softmax", name="head")(x))
        model.compile(keras.optimizers.SGD(0.5), "categorical_crossentropy")
        pair.append(model)
    plain, fused = pair
    plain.get_layer("head").kernel.assign(
        0.1 * nets.clips(*plain.get_layer("head").kernel.shape) / 255
    )
    fused.set_weights(plain.get_weights())
    before = plain.get_weights()
    x = np.random.default_rng(1).normal(0, 1, (6, 5, 9, 11, 3)).astype(np.float32)
    y = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2]]
    losses = [float(model.train_on_batch(x, y)) for model in pair]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    for old, a, b in zip(before, plain.get_weights(), fused.get_weights(), strict=True):
        assert np.abs(a - old).max() > 1e-3
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_recurrent_dropout_is_for_training_and_for_the_state_only():
    _, fused = layer_pair(frames=2, dropout=0.5)
    x = np.random.default_rng(1).normal(0, 1, (3, 2, 9, 11, 3)).astype(np.float32)
    still = [np.asarray(fused(x, training=False)) for _ in range(2)]
    np.testing.assert_array_equal(still[0], still[1])
    one, two = (np.asarray(fused(x, training=True)) for _ in range(2))
    np.testing.assert_allclose(one[:, 0], still[0][:, 0], atol=1e-6)  # no state yet to drop
    assert np.abs(one[:, 1] - still[0][:, 1]).max() > 0.01
    assert np.abs(one[:, 1] - two[:, 1]).max() > 0.01


# -- LRCN: folded time -----------------------------------------------------------------------------


def frame_by_frame(model, cnn, names, x):
    """The logits where the CNN sees one frame after another; `names` follow it, then the head."""
    features = np.stack([nets.given(cnn, x[:, t]) for t in range(x.shape[1])], axis=1)
    inputs = y = keras.Input(features.shape[1:])
    for name in (*names, "head"):
        y = model.get_layer(name)(y)
    return nets.logits(keras.Model(inputs, y), features)


def test_scratch_folded_time_is_frame_by_frame():
    model = lrcn_scratch.build(5, (6, 64, 64, 3))
    nets.randomise(model, 0.2)
    x = nets.clips(3, 6, 64, 64, 3)
    image = y = keras.Input((64, 64, 3))
    for layer in model.layers:
        if layer.name.startswith(("scale", "conv", "pool", "flatten")):
            y = layer(y)
    expected = frame_by_frame(model, keras.Model(image, y), ["lstm"], x)
    found = nets.logits(model, x)
    assert found.std() > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_scratch_folded_time_is_time_distributed():
    model = lrcn_scratch.build(5, (6, 64, 64, 3))
    inputs = keras.Input((6, 64, 64, 3))
    y = layers.Rescaling(1 / 255)(inputs)
    for filters, pool in ((16, 4), (32, 4), (64, 2), (64, 2)):
        conv = layers.Conv2D(filters, 3, padding="same", activation="relu")
        y = layers.TimeDistributed(conv)(y)
        y = layers.TimeDistributed(layers.MaxPooling2D(pool))(y)
        y = layers.Dropout(0.25)(y)
    y = layers.LSTM(32)(layers.TimeDistributed(layers.Flatten())(y))
    tutorial = keras.Model(inputs, layers.Dense(5, activation="softmax", name="head")(y))
    nets.randomise(tutorial, 0.2)
    model.set_weights(tutorial.get_weights())
    x = nets.clips(3, 6, 64, 64, 3)
    np.testing.assert_allclose(nets.logits(model, x), nets.logits(tutorial, x), atol=1e-5)


@pytest.fixture(scope="module")
def pretrained():
    """LRCN for small clips, ImageNet weights below and large random ones above."""
    model = lrcn.build(5, (6, 50, 70, 3), pretrained=True)
    for number, stream in enumerate(two_stream.STREAMS):
        nets.randomise(model.get_layer(f"{stream}_lstm"), 0.2, number)
        nets.randomise(model.get_layer(f"{stream}_head"), 0.2, 10 + number)
    return model


def test_the_cnn_sees_images_of_the_size_that_it_was_pretrained_on():
    cnn = lrcn.build(2).get_layer("efficientnet-lite0")
    assert cnn.input_shape == (None, 168, 224, 3)


def test_streams_are_every_second_frame_and_the_change_to_the_next():
    # Frames of one value each: enlarging them changes nothing.
    values = np.array([[10, 30, 20, 5], [1, 2, 3, 7]], np.float32).reshape(2, 4, 1, 1, 1)
    x = values * np.ones((1, 1, 50, 70, 3), np.float32)
    now, change = (np.asarray(s) for s in two_stream.streams(x))
    assert now.shape == change.shape == (2, 2, 70, 98, 3)
    np.testing.assert_allclose(now[:, :, 0, 0, 0], [[10, 20], [1, 3]], atol=1e-4)
    expected = [[127 + 20, 127 - 15], [127 + 1, 127 + 4]]
    np.testing.assert_allclose(change[:, :, -1, -1, 0], expected, atol=1e-4)


def test_lrcn_folded_time_is_image_by_image_and_time_distributed(pretrained):
    x = nets.clips(2, 6, 50, 70, 3)
    images_of = [np.asarray(s) for s in two_stream.streams(x)]
    backbone = pretrained.get_layer("efficientnet-lite0")
    pooled = layers.GlobalAveragePooling2D()(backbone.output)
    cnn = keras.Model(backbone.input, pooled)
    found = nets.logits(pretrained, x)
    assert found.std() > 0.02
    after = ("drop_features", "lstm", "mean", "drop_mean", "head")
    one_by_one, distributed = [], []
    for stream, images in zip(two_stream.STREAMS, images_of, strict=True):
        features = np.stack([nets.given(cnn, image) for image in images.swapaxes(0, 1)], axis=1)
        inputs = y = keras.Input(features.shape[1:])
        whole = keras.Input(images.shape[1:])
        z = layers.TimeDistributed(cnn)(whole)
        for name in after:
            y, z = (pretrained.get_layer(f"{stream}_{name}")(t) for t in (y, z))
        one_by_one.append(nets.logits(keras.Model(inputs, y), features))
        distributed.append(nets.logits(keras.Model(whole, z), images))
    np.testing.assert_allclose(found, np.mean(one_by_one, axis=0), atol=1e-5)
    np.testing.assert_allclose(found, np.mean(distributed, axis=0), atol=1e-5)


def test_the_answer_is_the_mean_of_the_streams(pretrained):
    x = nets.clips(2, 6, 50, 70, 3)
    features = nets.given(two_stream.stem(pretrained, 13), x)
    frames, motion = two_stream.tail(pretrained, 13, 3, together=False)(features, training=False)
    assert np.abs(frames - motion).max() > 0.01
    np.testing.assert_allclose((frames + motion) / 2, nets.given(pretrained, x), atol=1e-5)


def test_a_still_clip_has_no_motion_but_an_answer(pretrained):
    still = np.repeat(nets.clips(1, 1, 50, 70, 3), 6, axis=1)
    change = np.asarray(two_stream.streams(still)[1])
    np.testing.assert_allclose(change, np.full((1, 3, 70, 98, 3), 127), atol=1e-4)
    np.testing.assert_allclose(nets.given(pretrained, still).sum(), 1, atol=1e-5)


@pytest.mark.parametrize("block", [1, 9, 15])
def test_stem_and_tail_are_the_whole(pretrained, block):
    x = nets.clips(2, 6, 50, 70, 3)
    features = nets.given(two_stream.stem(pretrained, block), x)
    assert features.shape[:2] == (2, 6)
    tail = two_stream.tail(pretrained, block, 3)
    np.testing.assert_allclose(nets.logits(tail, features), nets.logits(pretrained, x), atol=1e-5)


@pytest.mark.parametrize("moments", [2, 5])
def test_the_tail_takes_any_number_of_moments(pretrained, moments):
    whole = lrcn.build(5, (2 * moments, 50, 70, 3))
    whole.set_weights(pretrained.get_weights())
    x = nets.clips(2, 2 * moments, 50, 70, 3, seed=1)
    features = nets.given(two_stream.stem(whole, 13), x)
    tail = two_stream.tail(pretrained, 13, moments)
    np.testing.assert_allclose(nets.logits(tail, features), nets.logits(whole, x), atol=1e-5)


def test_heads_first_moves_the_heads_only():
    model = lrcn.build(3, (6, 50, 50, 3))
    part = two_stream.tail(model, 14, 3, together=False, heads_only=True)
    found = {w.path for w in part.trainable_weights}
    assert found == {w.path for w in model.weights if w.path.startswith(two_stream.STREAMS)}
    assert len(found) == 2 * 5
    assert len(two_stream.tail(model, 14, 3).trainable_weights) > len(found)


def test_training_the_tail_moves_the_tail_and_no_normalisation():
    model = lrcn.build(3, (6, 50, 50, 3), pretrained=True)
    stem = two_stream.stem(model, 14)
    two_stream.tail(model, 14, 3, heads_only=True)  # what it holds still must move again
    tail = two_stream.tail(model, 14, 3, together=False)
    backbone = model.get_layer("efficientnet-lite0")
    before = {w.path: w.numpy().copy() for w in model.weights}
    x = nets.given(stem, nets.clips(4, 6, 50, 50, 3))
    tail.compile(keras.optimizers.SGD(0.1), ["categorical_crossentropy"] * 2)
    for _ in range(2):
        tail.train_on_batch(x, [np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]] * 2)
    moved = {w.path for w in model.weights if np.abs(w.numpy() - before[w.path]).max() > 0}
    # Normalisation: neither its statistics nor its scale and offset, in either part.
    norms = {w.path for la in backbone.layers if isinstance(la, layers.BatchNormalization)
             for w in la.weights}  # fmt: skip
    below = {w.path for w in stem.weights}
    assert len(norms) > 100
    assert not moved & norms
    assert not moved & below
    assert moved == set(before) - norms - below
    # As it is used from then on: statistics of the batch play no part, in training or out of it.
    layer = backbone.get_layer("block15_depthwise_norm")
    x = np.random.default_rng(0).normal(5, 3, (2, 4, 4, layer.gamma.shape[0])).astype(np.float32)
    np.testing.assert_array_equal(layer(x, training=True), layer(x, training=False))
