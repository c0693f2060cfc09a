"""The programs that the cards show: they run as they stand, with a clip of one's own beside them.

No import: texts with places for a repository's name and tag.
"""

ONNX = """\
import json
from pathlib import Path

import av
import numpy as np
import onnxruntime
from huggingface_hub import snapshot_download

CLIP = "clip.mp4"  # any video
folder = Path(snapshot_download("{repo}", revision="{tag}"))
labels = json.loads((folder / "labels.json").read_text())
shape = json.loads((folder / "preprocessing.json").read_text())

# The frame in the middle of each of so many equal time segments, squashed to the model's size.
with av.open(CLIP) as file:
    frames = list(file.decode(video=0))
middles = [int((k + 0.5) * len(frames) / shape["frames"]) for k in range(shape["frames"])]
size = {{"width": shape["width"], "height": shape["height"], "interpolation": "AREA"}}
images = [frames[i].reformat(format="rgb24", **size).to_ndarray() for i in middles]
clip = np.stack(images)[None].astype("float32")  # (1, T, H, W, 3), 0 to 255

session = onnxruntime.InferenceSession(folder / "model.onnx")
probabilities = session.run(None, {{session.get_inputs()[0].name: clip}})[0][0]
for i in probabilities.argsort()[::-1][:3]:
    print(f"{{labels[i]}} {{probabilities[i]:.3f}}")
"""

KERAS = """\
import keras

model = keras.saving.load_model("hf://{repo}")  # the newest; layers of Keras alone
probabilities = model.predict(clip)[0]  # the clip of above
"""

STUDY = """\
import pandas as pd
from huggingface_hub import hf_hub_download

file = hf_hub_download(
    "{repo}", "predictions.parquet", repo_type="dataset", revision="{tag}"
)
answers = pd.read_parquet(file)  # a row a clip, model, seed and fold, with all probabilities
print(answers.groupby(["protocol", "model"])["clip"].nunique())
"""
