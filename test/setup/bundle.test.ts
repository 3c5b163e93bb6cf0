import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const DIST = join(import.meta.dirname, '../../dist');

/** The modules that a bundle is made from, by the comments that esbuild leaves before each. */
function modulesOf(name: string): readonly string[] {
  const text = readFileSync(join(DIST, name), 'utf8');
  return [...text.matchAll(/^\/\/ (?:\.build|node_modules)\/\S+$/gm)].map((found) => found[0].slice(3));
}

test('exec starts without the code of workflows, and without any package', () => {
  const modules = modulesOf('cli-commands-exec.mjs');
  expect(modules).toContain('.build/sandbox/oci/open-sandbox.js');
  expect(
    modules.filter((path) => /^node_modules\/|^\.build\/(workflow|secrets|engine\/run)\//.test(path)),
  ).toEqual([]);
});

test('the gateway carries no package: what the job talks to is all ours', () => {
  const modules = modulesOf('gateway.mjs');
  expect(modules).toContain('.build/egress/connection.js');
  expect(modules.filter((path) => !/^\.build\/(base|config\/egress|egress)\//.test(path))).toEqual([]);
});

test('every part that a bundle loads later is there', () => {
  const files = readdirSync(DIST).filter((name) => name.endsWith('.mjs'));
  const bundles = readdirSync(DIST).filter((name) => /\.[cm]js$/.test(name));
  const later = bundles.flatMap((name) =>
    [
      ...readFileSync(join(DIST, name), 'utf8').matchAll(
        /\b(?:import|cofferdamImport)\("\.\/([a-z-]+\.mjs)"\)/g,
      ),
    ].map((found) => found[1] ?? ''),
  );
  expect(later).toContain('cli-commands-exec.mjs');
  expect(later.filter((name) => !files.includes(name))).toEqual([]);
});
