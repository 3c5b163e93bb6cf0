import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../../base/index.ts';
import { archive } from './archive.fixture.ts';
import { IMAGE_BOUNDS, UnusableImage } from './bounds.ts';
import { Layout, OWN_ARCHITECTURE } from './layout.fixture.ts';
import { findImage } from './layout.ts';
import { openImage } from './open-image.ts';
import { unpack } from './unpack.ts';

let place = '';
let state = '';
let layout: Layout;
beforeEach(() => {
  place = realpathSync(mkdtempSync(join(tmpdir(), 'image-')));
  state = join(place, 'state');
  mkdirSync(state, { mode: 0o700 });
  layout = new Layout(join(place, 'layout'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const layer = archive({ path: 'bin/bash', content: 'shell', mode: 0o755 });
const other = OWN_ARCHITECTURE === 'amd64' ? 'arm64' : 'amd64';

/** Opens the layout; gives the refusal's kind and rule, and that nothing of it was kept. */
async function refused(): Promise<string> {
  const opened = await openImage(layout.directory, state, () => undefined);
  expect(kept()).toEqual([]);
  return opened.ok ? 'opened' : `${opened.error.kind} ${opened.error.rule}`;
}

function kept(): readonly string[] {
  const images = join(state, 'images/v1');
  return readdirSync(state).length === 0 ? [] : readdirSync(images);
}

describe('an image directory', () => {
  test('is unpacked once for each manifest, into the state folder, with its variables read', async () => {
    const { digest, layers } = layout.add({ layers: [layer], environment: ['PATH=/bin', 'A=b=c'] });
    const first = await openImage(layout.directory, state, () => undefined);
    if (!first.ok) throw new Error(first.error.why);
    expect(first.value).toEqual({
      root: {
        kind: 'image',
        digest,
        directory: join(state, 'images/v1', digest.replace(':', '-'), 'root'),
      },
      environment: { PATH: '/bin', A: 'b=c' },
      hasBash: true,
    });
    expect(readFileSync(join(first.value.root.directory, 'bin/bash'), 'utf8')).toBe('shell');
    expect(statSync(join(state, 'images')).mode & 0o777).toBe(0o700);
    for (const one of layers) unlinkSync(layout.path(one));
    expect(await openImage(layout.directory, state, () => undefined)).toEqual(first);
    expect(kept()).toHaveLength(1);
  });

  test('may have plain, gzip and zstd layers, in the words of OCI and of Docker', async () => {
    const digests = new Set<string>();
    const forms = [
      { gzip: false },
      { gzip: true },
      { layerType: 'application/vnd.docker.image.rootfs.diff.tar.gzip' },
      { layerType: 'application/vnd.oci.image.layer.v1.tar+zstd', compress: zlib.zstdCompressSync },
    ];
    for (const [at, form] of forms.entries()) {
      layout = new Layout(join(place, `layout-${at}`));
      layout.add({ layers: [layer, archive({ path: 'two', content: 'x' })], ...form });
      const opened = await openImage(layout.directory, state, () => undefined);
      if (!opened.ok) throw new Error(opened.error.why);
      expect(readdirSync(opened.value.root.directory).toSorted()).toEqual(['bin', 'two']);
      digests.add(opened.value.root.digest);
    }
    expect(digests.size).toBe(forms.length);
  });

  test('gives the image for this architecture out of several, also out of an index in the index', async () => {
    const own = { os: 'linux', architecture: OWN_ARCHITECTURE };
    layout.add({ layers: [layer], architecture: other, platform: { os: 'linux', architecture: other } });
    layout.add({ layers: [layer], platform: { os: 'unknown', architecture: 'unknown' } });
    const { digest } = layout.add({ layers: [layer, layer], platform: own });
    const inner = layout.blob(
      readFileSync(join(layout.directory, 'index.json')),
      'application/vnd.oci.image.index.v1+json',
    );
    layout.index({ schemaVersion: 2, manifests: [inner] });
    expect(await openImage(layout.directory, state, () => undefined)).toMatchObject({
      ok: true,
      value: { root: { digest } },
    });
  });

  test('has no bash when that is a folder, a link out of it, or nothing', async () => {
    const cases = [
      [archive({ path: 'x' }), false],
      [archive({ path: 'bin/bash', type: '5' }), false],
      [archive({ path: 'bin/bash', type: '2', target: '../../../../../../bin/sh' }), false],
      [archive({ path: 'bin', type: '2', target: 'usr/bin' }, { path: 'usr/bin/bash', content: 'x' }), true],
    ] as const;
    for (const [at, [tree, has]] of cases.entries()) {
      layout = new Layout(join(place, `layout-${at}`));
      layout.add({ layers: [tree] });
      expect(await openImage(layout.directory, state, () => undefined)).toMatchObject({
        ok: true,
        value: { hasBash: has },
      });
    }
  });

  test('leaves alone what another process unpacks, and drops what a dead one left', async () => {
    const { pid } = spawnSync('true');
    const images = join(state, 'images/v1');
    mkdirSync(join(images, `.${pid}-dead/root`), { recursive: true });
    mkdirSync(join(images, `.${process.pid}-living/root`), { recursive: true });
    layout.add({ layers: [layer] });
    expect((await openImage(layout.directory, state, () => undefined)).ok).toBe(true);
    expect(kept().filter((name) => name.startsWith('.'))).toEqual([`.${process.pid}-living`]);
  });
});

describe('refused, with nothing kept, is', () => {
  test('what is no image directory', async () => {
    expect(await openImage(join(place, 'none'), state, () => undefined)).toMatchObject({
      error: { kind: 'usage', rule: 'image/absent' },
    });
    expect(await openImage(state, state, () => undefined)).toMatchObject({ error: { rule: 'image/absent' } });
    expect(await refused()).toBe('usage image/missing');
    layout.index({ schemaVersion: 2, manifests: [] });
    expect(await refused()).toBe('machine image/architecture');
    for (const text of ['', '[]', '{"schemaVersion":2', '{"schemaVersion":2,"manifests":[1]}', '\xff'])
      expect([writeFileSync(join(layout.directory, 'index.json'), text), await refused()][1]).toBe(
        'usage image/document',
      );
  });

  test('an image for another architecture, whether the index says so or only the image', async () => {
    layout.add({ layers: [layer], architecture: other, platform: { os: 'linux', architecture: other } });
    expect(await refused()).toBe('machine image/architecture');
    layout = new Layout(join(place, 'second'));
    layout.add({
      layers: [layer],
      architecture: other,
      platform: { os: 'linux', architecture: OWN_ARCHITECTURE },
    });
    expect(await refused()).toBe('machine image/architecture');
  });

  test('two images of which either could be meant', async () => {
    layout.add({ layers: [layer] });
    layout.add({ layers: [layer, layer] });
    expect(await refused()).toBe('usage image/several');
  });

  test('a blob with another content or another size than its digest says, wherever it is', async () => {
    const { digest, layers, config } = layout.add({ layers: [layer] });
    for (const blob of [digest, config, layers[0] ?? '']) {
      const path = layout.path(blob);
      const right = readFileSync(path);
      const wrong = Buffer.from(right);
      wrong[wrong.length - 5] = (wrong[wrong.length - 5] ?? 0) ^ 1;
      writeFileSync(path, wrong);
      expect(await refused()).toMatch(/^usage image\/(digest|archive)$/);
      truncateSync(path, right.length - 1);
      expect(await refused()).toBe('usage image/size');
      unlinkSync(path);
      expect(await refused()).toBe('usage image/missing');
      // A link to the very bytes is a link.
      writeFileSync(join(place, 'elsewhere'), right);
      symlinkSync(join(place, 'elsewhere'), path);
      expect(await refused()).toBe('usage image/missing');
      unlinkSync(path);
      spawnSync('mkfifo', [path]);
      expect(await refused()).toBe('usage image/missing');
      unlinkSync(path);
      writeFileSync(path, right);
    }
    expect((await openImage(layout.directory, state, () => undefined)).ok).toBe(true);
  });

  test('a digest that names a path', async () => {
    const { digest, size, mediaType } = layout.blob('{}', 'application/vnd.oci.image.manifest.v1+json');
    for (const wrong of [
      `sha256:../../${digest.slice(-10)}`,
      'sha512:00',
      digest.toUpperCase(),
      `${digest}/..`,
    ]) {
      layout.index({ schemaVersion: 2, manifests: [{ mediaType, size, digest: wrong }] });
      expect(await refused()).toBe('usage image/digest');
    }
  });

  test('a layer that decompresses to something else than the configuration names', async () => {
    layout.add({ layers: [layer], diffIds: [sha256('another')] });
    expect(await refused()).toBe('usage image/digest');
  });

  test('a layer that is cut, not compressed as it says, or followed by something', async () => {
    const ways: readonly ((bytes: Buffer) => Buffer)[] = [
      (bytes) => zlib.gzipSync(bytes).subarray(0, -9),
      (bytes) => bytes,
      (bytes) => Buffer.concat([zlib.gzipSync(bytes), Buffer.alloc(1_000_000, 'x')]),
      (bytes) => zlib.gzipSync(bytes.subarray(0, -512)),
    ];
    for (const [at, compress] of ways.entries()) {
      layout = new Layout(join(place, `layout-${at}`));
      layout.add({ layers: [layer], compress });
      expect(await refused()).toBe('usage image/archive');
    }
  });

  test('a layer, a configuration or an index of a type that is not supported', async () => {
    layout.add({
      layers: [layer],
      layerType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    });
    expect(await refused()).toBe('usage image/media-type');
    layout = new Layout(join(place, 'second'));
    layout.add({ layers: [layer], layerType: 'constructor' });
    expect(await refused()).toBe('usage image/media-type');
  });

  test('indexes in one another without an end', async () => {
    let inner = layout.blob('{"schemaVersion":2,"manifests":[]}', 'application/vnd.oci.image.index.v1+json');
    for (let depth = 0; depth < 3; depth += 1)
      inner = layout.blob(JSON.stringify({ schemaVersion: 2, manifests: [inner] }), inner.mediaType);
    layout.index({ schemaVersion: 2, manifests: [inner] });
    expect(await refused()).toBe('limit image/too-large');
  });

  test('what is above a bound: documents, layers, and what a small archive decompresses to', async () => {
    const bomb = Buffer.concat([archive({ path: 'zeros', content: Buffer.alloc(3_000_000) })]);
    layout.add({ layers: [layer, bomb] });
    const at = (bounds: Partial<typeof IMAGE_BOUNDS>) => within({ ...IMAGE_BOUNDS, ...bounds });
    expect(await at({ unpackedBytes: bomb.length + layer.length })).toBeUndefined();
    expect(await at({ unpackedBytes: bomb.length })).toBe('image/too-large');
    expect(await at({ layers: 1 })).toBe('image/too-large');
    expect(await at({ configurationBytes: 100 })).toBe('image/too-large');
    expect(await at({ documentBytes: 100 })).toBe('image/too-large');
    layout.index({ schemaVersion: 2, manifests: Array.from({ length: 300 }, () => ({})) });
    expect(await at({})).toBe('image/too-large');
  });
});

async function within(bounds: typeof IMAGE_BOUNDS): Promise<string | undefined> {
  const into = mkdtempSync(join(place, 'root-'));
  try {
    const image = await findImage(layout.directory, process.arch, bounds);
    await unpack(layout.directory, image, into, bounds);
    return undefined;
  } catch (error) {
    if (error instanceof UnusableImage) return error.refusal.rule;
    throw error;
  }
}
