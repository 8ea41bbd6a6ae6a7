import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readConda, EnvironmentError, type PythonNeeds } from './conda';

/** Name of the scoring script that serves an MLflow model for which the deployment brings none. */
export const noCodeScript = 'mlflow_score.py';

/** Accepts what the service's own script accepts for MLflow models, and answers the predictions as a JSON list. */
const script = `import json
import os

import mlflow.pyfunc
import pandas as pd


def init():
    global model
    root = os.environ["AZUREML_MODEL_DIR"]
    found = [folder for folder, _, files in os.walk(root) if "MLmodel" in files]
    if not found:
        raise RuntimeError("There is no MLmodel file below " + root)
    model = mlflow.pyfunc.load_model(min(found, key=len))


def run(raw):
    body = json.loads(raw)
    if not isinstance(body, dict):
        raise ValueError("The body must be an object with input_data.")
    data = body.get("input_data", body.get("dataframe_split", body.get("inputs")))
    if data is None:
        raise ValueError("The body must hold input_data.")
    if isinstance(data, dict) and "data" in data:
        data = pd.DataFrame(data["data"], columns=data.get("columns"), index=data.get("index"))
    elif isinstance(data, dict):
        data = pd.DataFrame(data)
    else:
        import numpy
        data = numpy.array(data)
    result = model.predict(data, params=body["params"]) if body.get("params") else model.predict(data)
    if isinstance(result, (pd.DataFrame, pd.Series)):
        return json.loads(result.to_json(orient="records"))
    return result.tolist() if hasattr(result, "tolist") else result
`;

export async function writeNoCodeScript(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, noCodeScript), script);
}

/** What an MLflow model asks of Python: its own conda.yaml, else its requirements.txt. */
export async function modelNeeds(modelFolder: string): Promise<PythonNeeds> {
  const root = await modelRoot(modelFolder);
  if (root === undefined)
    throw new EnvironmentError(
      'The model has no MLmodel file: a deployment without environment and code needs an MLflow model.',
    );
  const conda = join(root, 'conda.yaml');
  const requirements = join(root, 'requirements.txt');
  const needs = existsSync(conda)
    ? readConda(await readFile(conda, 'utf8'))
    : { requirements: existsSync(requirements) ? lines(await readFile(requirements, 'utf8')) : [] };
  // Loading by pyfunc needs mlflow and pandas, which a model's own list may leave out.
  const named = (name: string): boolean =>
    needs.requirements.some((line) => new RegExp(`^${name}(?![\\w-])`, 'i').test(line));
  if (!named('mlflow') && !named('mlflow-skinny')) needs.requirements.push('mlflow-skinny');
  if (!named('pandas')) needs.requirements.push('pandas');
  return needs;
}

async function modelRoot(folder: string): Promise<string | undefined> {
  if (!existsSync(folder)) return undefined;
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(
    (entry) => entry.name === 'MLmodel',
  );
  return files.map((entry) => entry.parentPath).sort((a, b) => a.length - b.length)[0];
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
}
