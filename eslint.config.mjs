import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import importX from 'eslint-plugin-import-x';
import { readdirSync } from 'node:fs';
import tseslint from 'typescript-eslint';

// A task is a room of its own: it never imports another task.
const tasks = readdirSync('tasks', { withFileTypes: true }).filter((entry) => entry.isDirectory());
const taskZones = tasks.map(({ name }) => ({
  target: `./tasks/${name}`,
  from: './tasks',
  except: [`./${name}`],
  message: 'A task never imports another task; what two tasks share belongs in lib/.',
}));

export default tseslint.config(
  { ignores: ['build/', 'node_modules/', 'coverage/', '.mlops/'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver()] },
    rules: {
      'max-lines': ['error', { max: 400 }],
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': [
        'error',
        {
          basePath: import.meta.dirname,
          zones: [
            ...taskZones,
            { target: './tasks', from: ['./local', './hub'], message: 'Imports run downwards: tasks → lib.' },
            { target: './lib', from: ['./tasks', './local', './hub'], message: 'lib imports nothing above it.' },
            {
              target: './local',
              from: ['./tasks', './lib', './hub'],
              message: 'local is an independent judge: it runs the built tasks and never reads their code.',
            },
            {
              target: './hub',
              from: ['./tasks', './lib', './local'],
              except: ['./evidence'],
              message: 'Of lib, the hub imports only the pure lib/evidence.',
            },
            {
              target: './lib/evidence',
              from: ['./lib/agent', './lib/azure', './lib/assets'],
              message: 'lib/evidence is pure: the hub imports it too.',
            },
          ],
        },
      ],
      'no-console': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unnecessary-condition': 'error',
    },
  },
  {
    files: ['test/**/*.ts', 'test/**/*.tsx'],
    rules: {
      'max-lines': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    // The window that components need would change what every test after it in the same process sees.
    files: ['test/hub/**/*.test.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ regex: '/(setup|support)$' }] }] },
  },
  { files: ['scripts/**/*.ts'], rules: { 'no-console': 'off' } },
  { files: ['**/*.mjs', '**/*.cjs'], ...tseslint.configs.disableTypeChecked },
  {
    files: ['**/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { process: 'readonly', __dirname: 'readonly', FormData: 'readonly' },
    },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  prettier,
);
