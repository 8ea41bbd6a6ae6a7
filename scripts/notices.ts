import type { Metafile } from 'esbuild';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** What the extension carries of others: most licences want their text to go with every copy. */
interface Package {
  name: string;
  version: string;
  /** As package.json has it; an SPDX expression. */
  license: string;
  /** Contents of the files that hold licence and notices; none for a package that ships without. */
  texts: string[];
}

const title = `Third-party notices

The tasks and pages of this extension contain code of the packages below, each under its own licence.
`;

/**
 * One text with name, version and licence of every package that the bundles hold code of.
 *
 * @param root folder that the paths of the metafiles are relative to
 * @throws Error for a package that says nothing of its licence
 */
export function thirdPartyNotices(root: string, metafiles: readonly Metafile[]): string {
  const outputs = metafiles.flatMap((metafile) => Object.values(metafile.outputs));
  const inputs = outputs.flatMap((output) => Object.entries(output.inputs));
  const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  const folders = new Set(used.flatMap(([file]) => packageFolder(path.resolve(root, file)) ?? []));
  const packages = [...folders].map(readPackage);
  // Two copies of one version in node_modules are one package.
  const sections = new Map(packages.map((found) => [`${found.name} ${found.version}`, section(found)]));
  return [title, ...[...sections].sort(byName).map(([, text]) => text)].join(`\n${'-'.repeat(80)}\n\n`);
}

/** The innermost package that a file belongs to; `undefined` for a file of our own. */
function packageFolder(file: string): string | undefined {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file.replaceAll('\\', '/'))?.[0];
}

function readPackage(folder: string): Package {
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Record<string, unknown>;
  const { name, version, license } = manifest;
  if (typeof name !== 'string' || typeof version !== 'string') throw new Error(`${folder} is no package.`);
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)([._-].*)?$/i.test(file));
  const read = (file: string): string => readFileSync(path.join(folder, file), 'utf8').trim();
  const texts = files.length > 0 ? files.sort().map(read) : readmes(folder).flatMap((file) => licenceIn(read(file)));
  if (typeof license !== 'string' && texts.length === 0) throw new Error(`${name} says nothing of its licence.`);
  return { name, version, license: typeof license === 'string' ? license : 'see below', texts };
}

function readmes(folder: string): string[] {
  return readdirSync(folder).filter((file) => /^readme(\.md)?$/i.test(file));
}

/** Some packages have their licence as the last chapter of what they say of themselves. */
function licenceIn(readme: string): string[] {
  const [, text = ''] = /^(?:#+ *licen[cs]e|licen[cs]e\n-+) *\n(.*)$/ims.exec(readme) ?? [];
  return text === '' ? [] : [text.trim()];
}

function section({ name, version, license, texts }: Package): string {
  const text = texts.length === 0 ? ['The package ships without a licence text.'] : texts;
  return `${[`${name} ${version}\nLicence: ${license}`, ...text].join('\n\n')}\n`;
}

function byName([left]: [string, string], [right]: [string, string]): number {
  return left < right ? -1 : 1;
}
