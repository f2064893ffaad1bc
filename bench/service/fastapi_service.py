"""The service as one writes it with FastAPI: what bench/service/run.ts compares ours with.

MODEL is the ONNX file that our service makes of the same weights (it normalises by itself), THREADS the threads of
one call. Everything that costs and is not needed is left out: no access log, no metrics, no checks of the upload.
"""

import json
import os

import numpy as np
import onnxruntime as ort
from fastapi import FastAPI, File, UploadFile
from PIL import Image, ImageOps

with open(os.environ["CONTRACT"]) as file:
    contract = json.load(file)
size = (contract["input"]["width"], contract["input"]["height"])
labels = contract["labels"]

options = ort.SessionOptions()
options.intra_op_num_threads = int(os.environ["THREADS"])
options.inter_op_num_threads = 1
options.add_session_config_entry("session.intra_op.allow_spinning", "0")
session = ort.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])

app = FastAPI()


@app.get("/readyz")
def ready():
    return {"status": "ready"}


# `def` and not `async def`: FastAPI then runs it in its pool of threads, beside the event loop.
@app.post("/infer_image")
def infer_image(bird_image: UploadFile = File()):
    image = ImageOps.exif_transpose(Image.open(bird_image.file)).convert("RGB")
    if image.size != size:
        image = image.resize(size, Image.Resampling.BILINEAR)
    pixels = np.asarray(image, dtype=np.uint8)[None]
    probabilities = session.run(["probabilities"], {"pixels": pixels})[0][0]
    top = [
        {"species": labels[index], "probability": round(float(probabilities[index]), 6)}
        for index in np.argsort(-probabilities)[:5]
    ]
    return {**top[0], "top": top}
