import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Place } from '../e2e/cofferdam.fixture.ts';

// Needs the package registry of this machine's npm: run by `npm run test:network`.
let place: Place;
let project = '';
beforeEach(() => {
  place = new Place();
  project = join(place.directory, 'project');
  mkdirSync(project);
  // A tree of some sixty packages from as many people.
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'p', version: '1.0.0', dependencies: { express: '5.1.0', commander: '14.0.0' } }),
  );
});
afterEach(() => place.remove());

const env = {
  HOME: process.env['HOME'] ?? '/root',
  ...(process.env['NODE_EXTRA_CA_CERTS'] !== undefined && {
    NODE_EXTRA_CA_CERTS: process.env['NODE_EXTRA_CA_CERTS'],
  }),
};
const exec = (...args: readonly string[]) => place.run(['exec', '--workdir', project, ...args], { env });

test('a real npm install, then npm ci from its lockfile, pass through the gateway, and nothing is denied on the way', async () => {
  const ran = await exec(
    '--allow',
    '@npm',
    '--',
    'sh',
    '-ec',
    "npm install --no-audit --no-fund; rm -rf node_modules; npm ci --no-audit --no-fund; ls node_modules | wc -l; node -e \"require('express')(); console.log('works')\"",
  );
  expect(ran.status, ran.stderr + ran.stdout).toBe(0);
  expect(ran.stdout).toContain('works');
  expect(Number(/^(\d+)$/m.exec(ran.stdout)?.[1])).toBeGreaterThan(50);
  expect(ran.stderr).toContain('PASSED  0 denied');
  expect(readdirSync(project)).toEqual(['package.json']);
});

test('with another registry allowed and not this one, npm is told at once, and the end names npm, the host and the way to allow it', async () => {
  const started = Date.now();
  const ran = await exec(
    '--allow',
    'registry.test',
    '--',
    'npm',
    'install',
    '--no-audit',
    '--fetch-retries=0',
  );
  expect(Date.now() - started).toBeLessThan(30_000);
  expect(ran.status).not.toBe(0);
  expect(ran.stderr).toMatch(/! denied {2}resolve {2}\S+ {3}by \S*(?:npm|node)/);
  expect(ran.stderr).toMatch(/fix {3}cofferdam exec --allow \S+/);
  expect(existsSync(join(project, 'node_modules'))).toBe(false);
});
