import type { Core } from '../service';
import { artifactContainer } from './assets';

/** Names of the job's inputs that are not the caller's. */
export const driverInput = 'azureml_batch_driver';
export const modelInput = 'azureml_batch_model';

/** The command of a scoring job: paths reach it through variables, so that no name in them is read by the shell. */
export const driverCommand = `python "$AZURE_ML_INPUT_${driverInput}"`;

/** What the driver is told, as JSON in the variable of this name. */
export const settingsVariable = 'AZUREML_BATCH_SETTINGS';

export interface DriverSettings {
  /** Name of the caller's input. */
  input: string;
  /** Path of the scoring script in the job's code; absent for an MLflow model that is served by the driver itself. */
  script?: string;
  /** The model's own name in its folder; absent without a model. */
  model?: string;
  miniBatchSize: number;
  /** Failed files that are ignored; -1 for all. */
  errorThreshold: number;
  maxRetries: number;
  /** Limit of one call of the scoring script. */
  timeoutSeconds: number;
  /** Absent when the script writes its results itself (outputAction SummaryOnly). */
  outputFile?: string;
}

/**
 * Calls `init()` once and `run(mini_batch)` for each group of files, as the service's parallel step does: each element that
 * run returns stands for a file that went well, what is missing counts against the threshold, and rows are appended.
 */
const driver = `import importlib.util
import json
import os
import shutil
import signal
import sys
import tempfile
import traceback

settings = json.loads(os.environ["${settingsVariable}"])


def files_of(path):
    if os.path.isfile(path):
        return [path]
    found = [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names]
    return sorted(found)


def model_folder():
    path = os.environ.get("AZURE_ML_INPUT_${modelInput}")
    if path is None:
        return None
    folder = tempfile.mkdtemp(prefix="model-")
    # Real files, as in the service: scripts look for them with globs, which do not follow links.
    target = os.path.join(folder, settings["model"])
    shutil.copytree(path, target) if os.path.isdir(path) else shutil.copy(path, target)
    return folder


def user_script():
    path = os.path.abspath(settings["script"])
    sys.path.insert(0, os.path.dirname(path))
    spec = importlib.util.spec_from_file_location("scoring_script", path)
    if spec is None or not os.path.isfile(path):
        raise RuntimeError("There is no scoring script " + settings["script"])
    module = importlib.util.module_from_spec(spec)
    sys.modules["scoring_script"] = module
    spec.loader.exec_module(module)
    for name in ("init", "run"):
        if not callable(getattr(module, name, None)):
            raise RuntimeError("The scoring script has no function %s()" % name)
    return module.init, module.run


def mlflow_script():
    import mlflow.pyfunc
    import pandas as pd

    state = {}

    def init():
        root = os.environ["AZUREML_MODEL_DIR"]
        found = [folder for folder, _, names in os.walk(root, followlinks=True) if "MLmodel" in names]
        if not found:
            raise RuntimeError("There is no MLmodel file below " + root)
        state["model"] = mlflow.pyfunc.load_model(min(found, key=len))

    def run(mini_batch):
        parts = []
        for path in mini_batch:
            data = pd.read_parquet(path) if path.endswith((".parquet", ".pqt")) else pd.read_csv(path)
            predictions = state["model"].predict(data)
            rows = pd.DataFrame({"prediction": list(getattr(predictions, "values", predictions))})
            rows["file"] = os.path.basename(path)
            parts.append(rows)
        return pd.concat(parts).reset_index() if parts else pd.DataFrame()

    return init, run


def too_slow(*_):
    raise TimeoutError("run() took longer than %s s" % settings["timeoutSeconds"])


def attempt(run, batch):
    for left in range(settings["maxRetries"], -1, -1):
        signal.setitimer(signal.ITIMER_REAL, settings["timeoutSeconds"])
        try:
            result = run(list(batch))
            signal.setitimer(signal.ITIMER_REAL, 0)
            if result is None or isinstance(result, str) or not hasattr(result, "__len__"):
                raise TypeError("run() must return a list or a pandas DataFrame, not " + type(result).__name__)
            return result
        except Exception:
            # One stream keeps the log in order.
            traceback.print_exc(file=sys.stdout)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        print("The mini-batch failed; %d attempts are left." % left, flush=True)
    return None


def write(result, target):
    if hasattr(result, "to_csv"):
        result.to_csv(target, header=False, index=False, sep=" " if "script" in settings else ",")
    else:
        target.writelines("%s\\n" % (row,) for row in result)
    target.flush()


def main():
    signal.signal(signal.SIGALRM, too_slow)
    files = files_of(os.environ["AZURE_ML_INPUT_" + settings["input"]])
    if not files:
        sys.exit("The input holds no file.")
    output = os.environ["AZURE_ML_OUTPUT_score"]
    os.environ["AZUREML_BI_OUTPUT_PATH"] = output
    model = model_folder()
    if model is not None:
        os.environ["AZUREML_MODEL_DIR"] = model
    init, run = user_script() if "script" in settings else mlflow_script()
    init()
    target = open(os.path.join(output, settings["outputFile"]), "a") if "outputFile" in settings else None
    size = settings["miniBatchSize"]
    batches = [files[start:start + size] for start in range(0, len(files), size)]
    failed = 0
    for batch in batches:
        result = attempt(run, batch)
        failed += len(batch) if result is None else max(0, len(batch) - len(result))
        if result is not None and target is not None:
            write(result, target)
        if 0 <= settings["errorThreshold"] < failed:
            sys.exit("%d files failed: more than the error threshold of %d." % (failed, settings["errorThreshold"]))
    print("%d files in %d mini-batches, %d failed." % (len(files), len(batches), failed))


main()
`;

/** Puts the driver where jobs find it, and gives its address. */
export async function placeDriver(core: Core): Promise<string> {
  await core.blobs.write(artifactContainer, 'batch/driver.py', Buffer.from(driver), 'text/x-python');
  return 'azureml://datastores/workspaceartifactstore/paths/batch/driver.py';
}
