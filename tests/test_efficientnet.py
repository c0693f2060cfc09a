"""EfficientNet-Lite0: the published count, every weight of the file used, sensible answers.

May import: cv2, keras, numpy, pytest, sklearn (for its two photos), hvc_core.models.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
import sklearn

from hvc_core.models import efficientnet_lite, lrcn, torch_file
from tests.support import nets


class Watched(dict):
    """A dict that remembers which keys were asked for."""

    def __init__(self, *args):
        super().__init__(*args)
        self.asked = set()

    def __getitem__(self, key):
        self.asked.add(key)
        return super().__getitem__(key)


@pytest.fixture(scope="module")
def weights():
    return Watched(torch_file.read(efficientnet_lite.imagenet_file()))


@pytest.fixture(scope="module")
def classifier(weights):
    model = efficientnet_lite.build((224, 224, 3), 1000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch_file, "read", lambda path: weights)
        efficientnet_lite.load_imagenet(model)
    return model


def test_the_published_number_of_parameters(classifier):
    assert classifier.count_params() == 4_694_024
    assert efficientnet_lite.build((224, 224, 3)).count_params() == 4_694_024 - 1_281_000


def test_every_weight_of_the_file_is_used(classifier, weights):
    used = {key for key in weights if not key.endswith("num_batches_tracked")}
    assert weights.asked == used
    assert sum(weights.get(key).size for key in used) == classifier.count_params()


def test_every_layer_got_its_own_weights(classifier, weights):
    """No layer is left as it was made, and none has another's: each array is found once."""
    theirs = sorted(
        (array.size, float(np.sum(array, dtype=np.float64)))
        for key, array in weights.items()
        if not key.endswith("num_batches_tracked")
    )
    ours = sorted((w.size, float(np.sum(w, dtype=np.float64))) for w in classifier.get_weights())
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


@pytest.mark.parametrize(
    ("photo", "number", "probability"), [("flower.jpg", 985, 0.22), ("china.jpg", 698, 0.32)]
)
def test_photos_are_told(classifier, photo, number, probability):
    """A daisy and a palace, in ImageNet's numbering: scale, layers and their order are right."""
    file = Path(sklearn.__file__).parent / "datasets" / "images" / photo
    read = cv2.imread(str(file))
    assert read is not None
    image = cv2.cvtColor(read, cv2.COLOR_BGR2RGB)
    at = (image.shape[1] - image.shape[0]) // 2
    image = cv2.resize(image[:, at : at + image.shape[0]], (224, 224), interpolation=cv2.INTER_AREA)
    found = nets.given(classifier, image[None].astype(np.float32))[0]
    assert found.argmax() == number
    assert found.max() == pytest.approx(probability, abs=0.03)


def test_an_image_size_of_its_own_and_the_names_of_the_blocks():
    model = efficientnet_lite.build((120, 160, 3))
    assert model.output_shape == (None, 4, 5, 1280)
    numbers = {layer.name.split("_")[0] for layer in model.layers if layer.name.startswith("block")}
    assert numbers == {f"block{n}" for n in range(efficientnet_lite.BLOCKS)}
    assert efficientnet_lite.BLOCKS == 16
    assert model.get_layer("block15_project_conv").output.shape[-1] == 320


def test_lrcn_takes_the_same_weights():
    """`pretrained` fills the whole backbone; without it, it starts by chance."""
    filled = lrcn.build(4, (2, 32, 32, 3), pretrained=True).get_layer("efficientnet-lite0")
    alone = efficientnet_lite.build((32, 32, 3))
    efficientnet_lite.load_imagenet(alone)
    for ours, theirs in zip(filled.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    fresh = lrcn.build(4, (2, 32, 32, 3)).get_layer("efficientnet-lite0")
    assert (fresh.get_weights()[0] != filled.get_weights()[0]).any()


def test_another_net_is_refused():
    inputs = keras.Input((32, 32, 3))
    wrong = keras.Model(inputs, keras.layers.Conv2D(8, 3, use_bias=False, name="stem_conv")(inputs))
    with pytest.raises(ValueError):
        efficientnet_lite.load_imagenet(wrong)
    stranger = keras.Model(inputs, keras.layers.Conv2D(8, 3, name="mine")(inputs))
    with pytest.raises(KeyError, match="mine"):
        efficientnet_lite.load_imagenet(stranger)
