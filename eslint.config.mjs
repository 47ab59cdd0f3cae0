// The strictest type-aware rules for all TypeScript, the import table of the rooms, and the conventions a compiler cannot see.
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { roomsRule } from './test/tools/importTable.mjs';

const NO_DEFAULT_EXPORT = { selector: 'ExportDefaultDeclaration', message: 'No default exports: one name for one thing.' };
const NO_EXPORT_ALL = { selector: 'ExportAllDeclaration', message: 'No barrel files: import from the file that declares it.' };
const NO_MODULE_STATE = {
  selector: 'Program > VariableDeclaration[kind="let"], Program > ExportNamedDeclaration > VariableDeclaration[kind="let"]',
  message: 'No mutable state in modules: inject it by constructor.',
};

export default defineConfig(
  { ignores: ['dist/**', 'node_modules/**', 'test/out/**', 'test/sample/**', 'test/fixtures/**', '**/testdata/**', '**/cases/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['src/**/*.ts', 'test/**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'max-lines': ['error', { max: 400 }],
      'no-restricted-syntax': ['error', NO_DEFAULT_EXPORT, NO_EXPORT_ALL, NO_MODULE_STATE],
      // Leaving properties out by destructuring is the way to omit them.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true, varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { plumbline: { rules: { rooms: roomsRule } } },
    rules: { 'plumbline/rooms': 'error', 'no-console': 'error' },
  },
  { files: ['src/cli/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['test/**/*.ts'],
    rules: {
      // node:test's `test()` and `describe()` return promises that the runner itself awaits.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            {
              from: 'package',
              package: 'node:test',
              name: ['test', 'describe', 'it', 'suite', 'before', 'after', 'beforeEach', 'afterEach'],
            },
          ],
        },
      ],
      'max-lines': ['error', { max: 600 }],
      // A cluster that all tests of a file share may be held in the module.
      'no-restricted-syntax': ['error', NO_DEFAULT_EXPORT, NO_EXPORT_ALL],
    },
  },
  {
    files: ['test/tools/**/*.mjs', 'eslint.config.mjs'],
    languageOptions: { ecmaVersion: 2024, sourceType: 'module' },
    rules: { 'max-lines': ['error', { max: 400 }], eqeqeq: 'error', 'no-unused-vars': 'error', 'prefer-const': 'error' },
  },
);
