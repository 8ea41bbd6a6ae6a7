import os


def init():
    global word
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model", "word.txt")) as file:
        word = file.read().strip()


def run(mini_batch):
    rows = []
    for path in mini_batch:
        with open(path) as file:
            rows.append(f"{os.path.basename(path)} {word} {file.read().strip()}")
    return rows
