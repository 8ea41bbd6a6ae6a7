/**
 * The program of a parallel node: `parallel_driver.py SETTINGS ARGUMENTS…`. Worker processes load the entry script, call its
 * `init()` once and `run(files)` for each mini-batch; a mini-batch that fails or takes too long is tried again. Rows are
 * written in the order of the mini-batches. It exits with 1 when more has failed than the thresholds allow.
 */
export const parallelDriver = String.raw`
import importlib.util
import json
import multiprocessing
import multiprocessing.connection
import os
import sys
import time
import traceback

with open(sys.argv[1]) as file:
    settings = json.load(file)
sys.argv = [settings["entry_script"], *sys.argv[2:]]
context = multiprocessing.get_context("fork")


def rows_of(result):
    if hasattr(result, "itertuples"):
        return [" ".join(str(cell) for cell in row) for row in result.itertuples(index=False)]
    if isinstance(result, (list, tuple)):
        return [str(row) for row in result]
    raise TypeError("run() must return a list, a tuple or a DataFrame, not " + type(result).__name__)


def work(connection):
    sys.path.insert(0, os.getcwd())
    spec = importlib.util.spec_from_file_location("entry_script", settings["entry_script"])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    getattr(module, "init", lambda: None)()
    while (files := connection.recv()) is not None:
        try:
            connection.send((True, rows_of(module.run(files))))
        except Exception:
            connection.send((False, traceback.format_exc()))
    getattr(module, "shutdown", lambda: None)()


class Worker:
    def __init__(self):
        self.start()

    def start(self):
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(theirs,))
        self.process.start()
        theirs.close()
        self.batch = None

    def give(self, batch):
        self.batch = batch
        self.deadline = time.monotonic() + settings["timeout"]
        self.connection.send(batch["files"])

    def take(self):
        try:
            return self.connection.recv()
        except EOFError:
            self.process.join()
            return (False, "The worker process ended with exit code %s." % self.process.exitcode)

    def restart(self):
        self.process.kill()
        self.process.join()
        self.start()


def listed(path):
    if os.path.isfile(path):
        return [path]
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)


def main():
    files = listed(settings["input"])
    size = settings["mini_batch_size"]
    batches = [
        {"index": start // size, "files": files[start : start + size], "tries": 0, "rows": []}
        for start in range(0, len(files), size)
    ]
    waiting = list(batches)
    workers = [Worker() for _ in range(min(settings["workers"], len(batches)))]
    failed_files = failed_batches = 0
    print("Processing %d files in %d mini-batches with %d workers." % (len(files), len(batches), len(workers)))
    while True:
        for worker in workers:
            if worker.batch is None and waiting:
                worker.give(waiting.pop(0))
        busy = [worker for worker in workers if worker.batch is not None]
        if not busy:
            break
        pause = max(0, min(worker.deadline for worker in busy) - time.monotonic())
        ready = multiprocessing.connection.wait([worker.connection for worker in busy], pause)
        for worker in busy:
            batch = worker.batch
            if worker.connection in ready:
                good, result = worker.take()
            elif time.monotonic() >= worker.deadline:
                good, result = False, "The mini-batch took longer than %s s." % settings["timeout"]
                worker.restart()
            else:
                continue
            worker.batch = None
            if not worker.process.is_alive():
                worker.restart()
            if good:
                batch["rows"] = result
                failed_files += max(0, len(batch["files"]) - len(result))
                continue
            batch["tries"] += 1
            print("Mini-batch %d failed (attempt %d): %s" % (batch["index"], batch["tries"], result))
            if batch["tries"] <= settings["max_retries"]:
                waiting.append(batch)
            else:
                failed_files += len(batch["files"])
                failed_batches += 1
        check("error_threshold", failed_files, "files", workers)
        check("mini_batch_error_threshold", failed_batches, "mini-batches", workers)
    for worker in workers:
        worker.connection.send(None)
        worker.process.join()
    if settings["rows"] is not None:
        with open(settings["rows"], "w") as file:
            file.writelines(row + "\n" for batch in batches for row in batch["rows"])
    print("The parallel run has ended: %d files failed." % failed_files)


def check(name, failed, what, workers):
    if 0 <= settings[name] < failed:
        for worker in workers:
            worker.process.kill()
        sys.exit("The %s of %d was exceeded: %d %s have failed." % (name, settings[name], failed, what))


main()
`;
