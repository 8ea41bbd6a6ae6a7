// `compile.cjs SCRIPT WORDS…` keeps what V8 compiles of a script while its `run(words)` works, for compiled.cjs.
const { readFileSync, writeFileSync } = require('node:fs');
const { createRequire, wrap } = require('node:module');
const path = require('node:path');
const { Script } = require('node:vm');

const [, , filename, ...words] = process.argv;
const script = new Script(wrap(readFileSync(filename, 'utf8')), { filename });
const made = { exports: {} };
script.runInThisContext()(made.exports, createRequire(filename), made, filename, path.dirname(filename));
made.exports.run(words).then((code) => {
  if (code === 0) writeFileSync(`${filename}.compiled`, script.createCachedData());
  process.exitCode = code;
});
