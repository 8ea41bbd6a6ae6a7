import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { icons } from '../../hub/app/icons';
import { asPackaged, localPolicy, packagedPolicy } from '../../scripts/hub-policy';

const root = path.resolve(__dirname, '..', '..');
const built = path.join(root, 'build', 'hub');
const pages = ['models.html', 'run.html', 'settings.html'];

/** JS and CSS of the first paint, gzipped. */
const mostBytes = 250 * 1024;
/** Everything together, also what is loaded later. */
const mostBytesOfAll = 400 * 1024;

function html(page: string): string {
  return readFileSync(path.join(built, page), 'utf8');
}

function weigh(file: string): number {
  return gzipSync(readFileSync(path.join(built, file)), { level: 9 }).length;
}

/** What the page names, and what these modules import at once. */
function firstPaint(page: string): Set<string> {
  const files = new Set([...html(page).matchAll(/(?:href|src)="(assets\/[^"]+)"/g)].map(([, file]) => file!));
  for (const file of files) {
    if (!file.endsWith('.js')) continue;
    const code = readFileSync(path.join(built, file), 'utf8');
    for (const [, to] of code.matchAll(/(?:\bfrom|\bimport)\s*"\.\/([^"]+\.js)"/g)) files.add(`assets/${to!}`);
  }
  return files;
}

/** Every source that the hub's modules come from: ours, and the library's. */
function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => path.join(folder, file));
}

describe('the built hub', () => {
  for (const page of pages) {
    it(`${page} loads at most ${mostBytes / 1024} KB of script and style before its first paint`, () => {
      const files = [...firstPaint(page)];
      assert.ok(
        files.some((file) => file.endsWith('.css')) && files.some((file) => file.endsWith('.js')),
        files.join(),
      );
      const bytes = files.map(weigh).reduce((sum, size) => sum + size, 0);
      assert.ok(bytes <= mostBytes, `${bytes} bytes in ${files.join(', ')}`);
    });

    it(`${page} names in advance every module it needs at once, so that none is found late`, () => {
      const named = new Set([...html(page).matchAll(/(?:href|src)="(assets\/[^"]+)"/g)].map(([, file]) => file!));
      assert.deepEqual(
        [...firstPaint(page)].filter((file) => !named.has(file)),
        [],
      );
    });

    it(`${page} has a language, a title, a main landmark and no script of its own`, () => {
      const text = html(page);
      assert.match(text, /<html lang="en">/);
      assert.match(text, /<title>[^<]+<\/title>/);
      assert.match(text, /<main id="root"><\/main>/);
      assert.doesNotMatch(text, /<script(?![^>]* src=)|\son\w+=|https?:\/\/(?!dev\.azure\.com|\*\.|127\.0\.0\.1)/);
    });

    it(`${page} may talk to this machine as built, and to Azure DevOps alone as packaged`, () => {
      const packaged = asPackaged(html(page));
      assert.ok(html(page).includes(localPolicy));
      assert.ok(packaged.includes(packagedPolicy));
      assert.doesNotMatch(packaged, /127\.0\.0\.1|localhost|http:/);
      assert.equal(packaged.replace(packagedPolicy, localPolicy), html(page));
    });
  }

  it('carries no font, no eval and at most 400 KB in all', () => {
    const files = readdirSync(path.join(built, 'assets')).map((file) => `assets/${file}`);
    assert.deepEqual(
      files.filter((file) => !/\.(js|css)$/.test(file)),
      [],
    );
    for (const file of files) {
      const text = readFileSync(path.join(built, file), 'utf8');
      assert.doesNotMatch(text, /@font-face|\beval\(|new Function\(/, file);
    }
    const bytes = files.map(weigh).reduce((sum, size) => sum + size, 0);
    assert.ok(bytes <= mostBytesOfAll, `${bytes} bytes`);
  });

  it('has a glyph for every icon that our pages name', () => {
    for (const file of sources(path.join(root, 'hub'))) {
      for (const [, name] of readFileSync(file, 'utf8').matchAll(/iconName[=:]\s*\{?\s*["']([A-Za-z0-9]+)["']/g))
        assert.ok(Object.hasOwn(icons, name!), `${name!} in ${path.relative(root, file)}`);
    }
  });

  it('has a glyph for every icon that the library brings along', () => {
    const code = readdirSync(path.join(built, 'assets')).map((file) =>
      file.endsWith('.js') ? readFileSync(path.join(built, 'assets', file), 'utf8') : '',
    );
    const names = code.flatMap((text) => [...text.matchAll(/iconName:"([A-Za-z0-9]+)"/g)].map(([, name]) => name!));
    assert.ok(names.length > 0);
    assert.deepEqual(
      names.filter((name) => !Object.hasOwn(icons, name)),
      [],
    );
  });
});

describe('packaging policy', () => {
  it('refuses a page that does not carry the policy it was built with', () => {
    assert.throws(() => asPackaged('<meta http-equiv="Content-Security-Policy" content="default-src *" />'), /policy/);
  });

  it('allows scripts of the extension only, and no form, base or frame', () => {
    for (const policy of [localPolicy, packagedPolicy]) {
      assert.match(policy, /default-src 'none'/);
      assert.match(policy, /script-src 'self';/);
      assert.match(policy, /form-action 'none'/);
      assert.match(policy, /base-uri 'none'/);
      assert.doesNotMatch(policy, /unsafe-eval|script-src[^;]*unsafe/);
    }
  });
});
