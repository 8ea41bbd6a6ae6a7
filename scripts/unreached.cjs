// Stands for packages that a task carries but never reaches (interactive sign-in, file patterns, child processes).
module.exports = new Proxy(
  {},
  {
    get(_target, name) {
      throw new Error(`A package that the build leaves out was reached (${String(name)}): see scripts/build.ts.`);
    },
  },
);
