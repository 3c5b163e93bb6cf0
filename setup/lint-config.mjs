// Writes .oxlintrc.json: the import order of the rooms (setup/rooms.json) as lint rules.
// A room may import the index.ts of a room above it in the list. The enforcing rooms never import one another.
import { readFileSync, writeFileSync } from 'node:fs';

const rooms = JSON.parse(readFileSync(new URL('./rooms.json', import.meta.url), 'utf8'));
const enforcing = ['sandbox', 'egress', 'secrets', 'identity', 'provenance'];
const overrides = rooms.map((room, position) => {
  const below = rooms.slice(position + 1);
  const siblings = enforcing.includes(room) ? enforcing.filter((other) => other !== room) : [];
  const forbidden = [...new Set([...below, ...siblings])];
  const allowed = rooms.filter((other) => other !== room && !forbidden.includes(other));
  const patterns = [];
  if (allowed.length > 0) {
    patterns.push({
      group: allowed.flatMap((other) => [
        `../${other}/*`,
        `../../${other}/*`,
        `!../${other}/index.ts`,
        `!../../${other}/index.ts`,
      ]),
      message: 'Import a room only through its index.ts.',
    });
  }
  if (forbidden.length > 0) {
    patterns.push({
      regex: `^(\\.\\./)+(${forbidden.join('|')})/`,
      message: `Room ${room} may not import this room (the order is in setup/rooms.json).`,
    });
  }
  return { files: [`src/${room}/**/*.ts`], rules: { 'no-restricted-imports': ['error', { patterns }] } };
});
const config = {
  $schema: './node_modules/oxlint/configuration_schema.json',
  plugins: ['typescript', 'import', 'unicorn', 'promise', 'node'],
  categories: { correctness: 'error', suspicious: 'error' },
  rules: {
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'import/no-default-export': 'error',
    'import/no-cycle': 'error',
    'no-var': 'error',
    eqeqeq: 'error',
    'no-await-in-loop': 'off',
    'no-control-regex': 'off',
    'no-underscore-dangle': 'off',
    'unicorn/no-array-sort': 'off',
    'unicorn/no-array-reverse': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'no-shadow': 'off',
    'import/no-named-as-default-member': 'off',
    'import/no-named-as-default': 'off',
  },
  overrides: [...overrides, { files: ['vitest.config.ts'], rules: { 'import/no-default-export': 'off' } }],
};
const text = `${JSON.stringify(config, null, 2)}\n`;
const target = new URL('../.oxlintrc.json', import.meta.url);
if (process.argv[2] === '--check') {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('.oxlintrc.json is stale: run node setup/lint-config.mjs');
    process.exit(1);
  }
} else writeFileSync(target, text);
