import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const commands = join(import.meta.dirname, '../../src/cli');

it('no command gives JSON in which a control character could stand: a whole line of it is made by jsonLine', () => {
  const sources = readdirSync(commands, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && path !== 'render/json-line.ts')
    .map((path) => [path, readFileSync(join(commands, path), 'utf8')] as const);
  const own = sources.filter(([, text]) =>
    /write\(\s*`?\$?\{?JSON\.stringify|JSON\.stringify\([^`}]*\)\}\\n`/.test(text),
  );
  expect(own.map(([path]) => path)).toEqual([]);
  expect(sources.filter(([, text]) => text.includes('jsonLine(')).length).toBeGreaterThan(5);
});
