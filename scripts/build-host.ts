import { build } from 'esbuild';
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';

/** Builds the page of the local host, which shows the extension: one script, one style sheet, one document in `<out>`. */
export async function buildHost(out: string): Promise<void> {
  const page = path.resolve(__dirname, '..', 'local', 'devops', 'host', 'page');
  mkdirSync(out, { recursive: true });
  await build({
    entryPoints: [path.join(page, 'main.ts'), path.join(page, 'main.css')],
    outdir: out,
    bundle: true,
    minify: true,
    sourcemap: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'warning',
  });
  copyFileSync(path.join(page, 'index.html'), path.join(out, 'index.html'));
}

if (require.main === module) {
  buildHost(path.resolve(__dirname, '..', 'build', 'host')).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
