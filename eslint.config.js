import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const TESTS = ['**/*.test.ts', '**/*.contract.ts', 'src/testing/**', 'src/**/testing.ts', 'e2e/**'];

export default defineConfig(
  // On its own: beside another key ESLint would take `ignores` for that object's only.
  { ignores: ['**/dist/', 'cache/', '**/artifacts/', '.tap/', '**/generated/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // dud's FindDirArtifactOwnerForPath was wrong for years behind a shadowed name.
      'no-shadow': 'off',
      // `t` is each tap test's own.
      '@typescript-eslint/no-shadow': ['error', { allow: ['t'] }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      eqeqeq: 'error',
      // TypeScript knows every name; ESLint would ask for the globals of Node to be listed.
      'no-undef': 'off',
      // Numbers are what messages are made of, and `${n}` of one is never a surprise.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `() => resolve()` and `() => list.push(x)` are the short way to say it.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // Ports are asynchronous; an implementation in memory has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      // An underscore says that a caller's signature asks for the argument.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // Removing a character from a terminal's stream takes naming it.
      'no-control-regex': 'off',
    },
  },
  {
    files: TESTS,
    rules: {
      // tap's tests are promises that the runner awaits.
      '@typescript-eslint/no-floating-promises': 'off',
      // A test may assert by `!` what it has just made; it fails where it stands.
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    // The outside enters at cli and leaves by ports: what is needed is passed as an argument.
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**', 'src/adapters/**/*-program.ts', ...TESTS],
    rules: {
      'no-restricted-globals': ['error', 'process', 'console'],
      'no-restricted-imports': ['error', 'node:process', 'process', 'node:console', 'console'],
    },
  },
  {
    // Pure: no file, clock, chance or process but through `ports`.
    files: ['src/{model,engine,ship}/**/*.ts'],
    ignores: TESTS,
    rules: {
      'no-restricted-globals': [
        'error',
        ...['process', 'console', 'fetch', 'performance', 'crypto'],
        ...['setTimeout', 'setInterval', 'setImmediate'],
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Time comes from ports.clock.' },
        { object: 'Math', property: 'random', message: 'Chance comes from ports.nonce.' },
      ],
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^node:', message: 'The outside is reached through ports.' }] },
      ],
    },
  },
);
