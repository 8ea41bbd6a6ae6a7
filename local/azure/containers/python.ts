import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PythonEnvironment, PythonEnvironments } from '../ml/python';
import type { Rootfs } from './rootfs';

/** Python inside a container: an interpreter of this machine that sees the image's packages. */
export interface ContainerPython {
  environment: PythonEnvironment;
  /** Variables that make it so. */
  variables: Record<string, string>;
}

/**
 * What runs at the start of every Python of a container: makes the image's packages importable (with their .pth files, as
 * the image's own interpreter would), and moves what binds to all interfaces to the container's own address and port.
 */
const startup = `import json, os, site, socket

for folder in os.environ.get("CONTAINER_SITE_PACKAGES", "").split(os.pathsep):
    if folder:
        site.addsitedir(folder)

_address = os.environ["CONTAINER_ADDRESS"]
_ports = {int(k): v for k, v in json.loads(os.environ["CONTAINER_PORTS"]).items()}
_bind = socket.socket.bind


def bind(self, address):
    if isinstance(address, tuple) and self.family in (socket.AF_INET, socket.AF_INET6):
        host, port = address[0], address[1]
        if host in ("", "0.0.0.0", "::"):
            host = _address if self.family == socket.AF_INET else "::ffff:" + _address
            address = (host, _ports.get(port, port)) + tuple(address[2:])
    return _bind(self, address)


socket.socket.bind = bind
`;

/**
 * Prepares Python for a root folder that holds Python packages; `undefined` when it holds none and promises no Python.
 * @param folder the container's private folder, outside of its root.
 */
export async function preparePython(
  rootfs: Rootfs,
  folder: string,
  pythons: PythonEnvironments,
  where: { ip: string; ports: Map<number, number> },
  report: (line: string) => void,
): Promise<ContainerPython> {
  const packages = await rootfs.packageFolders();
  const version = packages.map((path) => /python(3\.\d+)/.exec(path)?.[1]).find((found) => found !== undefined);
  const environment = await pythons.ensure(
    { requirements: [], ...(version === undefined ? {} : { python: version }) },
    report,
  );
  const library = join(folder, 'python');
  await mkdir(library, { recursive: true });
  await writeFile(join(library, 'sitecustomize.py'), startup);
  await pointScripts(rootfs, environment.python);
  return {
    environment,
    variables: {
      PYTHONPATH: library,
      CONTAINER_SITE_PACKAGES: packages.map((path) => rootfs.path(path)).join(':'),
      CONTAINER_ADDRESS: where.ip,
      CONTAINER_PORTS: JSON.stringify(Object.fromEntries(where.ports)),
      ...(gunicornHasControlSocket(rootfs, packages) ? { GUNICORN_CMD_ARGS: '--no-control-socket' } : {}),
    },
  };
}

/** Newer gunicorns share one control socket per user; an older one would refuse the option. */
function gunicornHasControlSocket(rootfs: Rootfs, packages: string[]): boolean {
  return packages.some((path) => {
    const file = rootfs.path(join(path, 'gunicorn/config.py'));
    return existsSync(file) && readFileSync(file, 'utf8').includes('no-control-socket');
  });
}

/** Scripts of the image name the image's interpreter, which is not there: this root's copies start the machine's. */
async function pointScripts(rootfs: Rootfs, python: string): Promise<void> {
  for (const folder of ['/usr/local/bin', '/usr/bin', '/bin']) {
    if (!rootfs.isFolder(folder)) continue;
    for (const name of await readdir(rootfs.path(folder))) {
      const file = rootfs.path(join(folder, name));
      if (!lstatSync(file).isFile()) continue;
      const content = readFileSync(file);
      if (content.length > 1_000_000 || !/^#![^\n]*python/.test(content.subarray(0, 200).toString('latin1'))) continue;
      // The kernel limits a first line's length; a shell that hands over to the interpreter has no such limit.
      const handOver = `#!/bin/sh\n'''exec' "${python}" "$0" "$@"\n' '''\n`;
      await rm(file);
      await writeFile(file, content.toString('utf8').replace(/^#![^\n]*\n/, handOver));
      await chmod(file, 0o755);
    }
  }
}
