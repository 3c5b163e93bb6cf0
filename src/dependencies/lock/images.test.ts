import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sha256 } from '../../base/index.ts';
import { readImages } from './images.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cofferdam-layout-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const MANIFEST = Buffer.from('{"schemaVersion":2}');
const DIGEST = sha256(MANIFEST);

function layout(manifests: readonly unknown[], blob: Buffer | undefined = MANIFEST): void {
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  if (blob !== undefined) writeFileSync(join(folder, 'blobs/sha256', DIGEST.slice(7)), blob);
}
const called = (name: string, digest = DIGEST) => ({
  digest,
  annotations: { 'org.opencontainers.image.ref.name': name },
});
const read = (name = 'node:24') => readImages([`${name}=${folder}`], '/');

test('the digest of the one image of a layout is taken, and of several that which is called as the tag or the name', () => {
  layout([{ digest: DIGEST }]);
  expect(read()).toEqual({ ok: true, value: new Map([['node:24', DIGEST]]) });
  for (const reference of ['24', 'node:24']) {
    layout([called('22', `sha256:${'0'.repeat(64)}`), called(reference)]);
    expect(read()).toMatchObject({ ok: true });
  }
  layout([called('latest'), called('22', `sha256:${'0'.repeat(64)}`)]);
  expect(read('ghcr.test/o/tool')).toMatchObject({ ok: true });
});

test.each([
  ['none', []],
  ['several that are called nothing', [{ digest: DIGEST }, { digest: DIGEST }]],
  ['several of one name', [called('24'), called('24')]],
  ['a digest that is none', [{ digest: 'sha256:x' }]],
  ['a way out of the layout', [{ digest: 'sha256:../../../etc/passwd' }]],
  ['what it does not hold', [{ digest: `sha256:${'1'.repeat(64)}` }]],
])('a layout with %s is refused', (_, manifests) => {
  layout(manifests);
  expect(read()).toMatchObject({ ok: false, error: { rule: 'lock/image' } });
});

test('a document that was changed, a link, and what is no layout are refused', () => {
  layout([{ digest: DIGEST }], Buffer.from('{"schemaVersion":3}'));
  expect(read().ok).toBe(false);
  rmSync(join(folder, 'blobs/sha256', DIGEST.slice(7)));
  writeFileSync(join(folder, 'elsewhere'), MANIFEST);
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'blobs/sha256', DIGEST.slice(7)));
  expect(read().ok).toBe(false);
  for (const text of [
    '',
    'null',
    '[]',
    '{"manifests":{}}',
    '{"manifests":[null,1,"x"]}',
    '[['.repeat(9_000),
  ]) {
    writeFileSync(join(folder, 'index.json'), text);
    expect(read().ok, text.slice(0, 20)).toBe(false);
  }
  for (const given of ['node:24', '=x', '-x=y', 'a b=c', '../x=y'])
    expect(readImages([given], '/').ok).toBe(false);
});
