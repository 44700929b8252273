/** Rules of the sources. There is no way round them in a file: inline configuration is off. */
import js from '@eslint/js';
import { fileURLToPath } from 'node:url';
import tseslint from 'typescript-eslint';

const root = fileURLToPath(new URL('../..', import.meta.url));

const houseRules = {
  'no-restricted-syntax': [
    'error',
    { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
    { selector: 'ExportAllDeclaration', message: 'List the names.' },
  ],
  eqeqeq: 'error',
  '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
  '@typescript-eslint/consistent-type-exports': 'error',
  // `bytes[i]!` and `bytes[i] as number` both say "the index is in range", which noUncheckedIndexedAccess cannot know.
  '@typescript-eslint/no-non-null-assertion': 'off',
  '@typescript-eslint/non-nullable-type-assertion-style': 'off',
  // It takes a group of a regular expression for always present.
  '@typescript-eslint/no-useless-default-assignment': 'off',
  '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
  // Parsers of wire texts name control characters on purpose.
  'no-control-regex': 'off',
};

export default tseslint.config(
  {
    ignores: [
      'dist/**',
      'dist.*/**',
      'coverage/**',
      '**/node_modules/**',
      'halfkey-out/**',
      'test/vectors/**',
      'src/crypto/curve/generated/**',
    ],
  },
  { linterOptions: { noInlineConfig: true } },
  {
    files: ['src/**/*.ts'],
    extends: [js.configs.recommended, ...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: 'tsconfig.test.json', tsconfigRootDir: root } },
    rules: houseRules,
  },
  {
    files: ['test/**/*.ts', 'examples/**/*.ts'],
    extends: [js.configs.recommended, ...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: 'tsconfig.test.json', tsconfigRootDir: root } },
    rules: {
      ...houseRules,
      // Vectors are read as JSON, and a test says by its assertions what it takes them for.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // Hostile inputs are cast on purpose.
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['**/*.mjs', 'tools/**/*.ts', '*.config.ts'],
    extends: [js.configs.recommended, ...tseslint.configs.recommended],
    languageOptions: {
      globals: Object.fromEntries(
        ['process', 'console', 'Buffer', 'URL', 'setTimeout', 'clearTimeout', 'performance'].map((name) => [
          name,
          false,
        ]),
      ),
    },
    rules: { eqeqeq: 'error' },
  },
);
