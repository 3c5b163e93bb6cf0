import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readArchive } from './archive.ts';
import { archive, END, entry, pax, type Written } from './archive.fixture.ts';
import { IMAGE_BOUNDS, type ImageBounds, UnusableImage } from './bounds.ts';
import { UnpackedTree } from './unpacked-tree.ts';

let place = '';
let root = '';
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'layers-'));
  root = join(place, 'inner/root');
  mkdirSync(root, { recursive: true });
  writeFileSync(join(place, 'outside'), 'untouched');
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

/** Unpacks the layers, handed over in small pieces; gives the rule that refused them, or undefined. */
async function unpack(
  layers: readonly Buffer[],
  bounds: ImageBounds = IMAGE_BOUNDS,
): Promise<string | undefined> {
  const tree = new UnpackedTree(root, bounds);
  try {
    for (const layer of layers) {
      tree.beginLayer();
      await readArchive(
        pieces(layer),
        bounds,
        (one) => tree.take(one),
        () => tree.done(),
      );
    }
    return undefined;
  } catch (error) {
    if (error instanceof UnusableImage) return error.refusal.rule;
    throw error;
  } finally {
    tree.done();
  }
}

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700);
}

/** Everything below a folder, in words; a link is never followed. */
function listed(folder: string, below = ''): readonly string[] {
  return readdirSync(join(folder, below)).flatMap((name) => {
    const path = below === '' ? name : `${below}/${name}`;
    const found = lstatSync(join(folder, path));
    if (found.isSymbolicLink()) return [`${path} -> ${readlinkSync(join(folder, path))}`];
    if (found.isDirectory()) return [`${path}/`, ...listed(folder, path)];
    return [`${path} = ${readFileSync(join(folder, path), 'latin1')}`];
  });
}

const file = (path: string, content = 'x'): Written => ({ path, content });
const folder = (path: string): Written => ({ path, type: '5' });
const link = (path: string, target: string): Written => ({ path, type: '2', target });
const hard = (path: string, target: string): Written => ({ path, type: '1', target });

describe('what an ordinary image holds', () => {
  test('is unpacked: files, folders, links, hard links, long names of both kinds, and missing parents made', async () => {
    const long = `long/${'n'.repeat(180)}`;
    const longer = `pax/${'p'.repeat(200)}`;
    const layer = archive(
      folder('./'),
      folder('./etc/'),
      file('etc/motd', 'hello'),
      file('deep/er/file', 'made'),
      link('lib', 'usr/lib'),
      hard('etc/same', 'etc/motd'),
      entry({ path: '././@LongLink', type: 'L', content: `${long}\0` }),
      file('cut', 'gnu'),
      pax({ path: longer, 'SCHILY.xattr.security.capability': 'all' }),
      file('cut', 'pax'),
      file('empty', ''),
    );
    expect(await unpack([layer])).toBeUndefined();
    expect(listed(root).toSorted()).toEqual(
      [
        'deep/',
        'deep/er/',
        'deep/er/file = made',
        'empty = ',
        'etc/',
        'etc/motd = hello',
        'etc/same = hello',
        'lib -> usr/lib',
        'long/',
        `${long} = gnu`,
        'pax/',
        `${longer} = pax`,
      ].toSorted(),
    );
    expect(statSync(join(root, 'etc/same')).ino).toBe(statSync(join(root, 'etc/motd')).ino);
  });

  test('keeps of modes only whether a program may be run: no set-user-id, no set-group-id, no sticky bit', async () => {
    await unpack([
      archive(
        { ...file('su'), mode: 0o6755 },
        { ...file('secret'), mode: 0o600 },
        { ...folder('t'), mode: 0o1777 },
      ),
    ]);
    expect([statSync(join(root, 'su')).mode & 0o7777, statSync(join(root, 'secret')).mode & 0o7777]).toEqual([
      0o555, 0o444,
    ]);
    expect(statSync(join(root, 't')).mode & 0o7777).toBe(0o755);
  });

  test('a later layer replaces and removes what earlier ones put there, and nothing of its own', async () => {
    const first = archive(file('a/one'), file('a/two'), file('b/one'), file('c', 'file'), file('d/deep/e'));
    const second = archive(
      file('a/.wh.one', ''),
      file('b/new', 'kept'),
      file('b/.wh..wh..opq', ''),
      folder('c'),
      file('c/now', 'folder'),
      file('d/deep/mine', 'kept'),
      file('.wh.d', ''),
      file('.wh.never', ''),
    );
    expect(await unpack([first, second])).toBeUndefined();
    expect(listed(root).toSorted()).toEqual([
      'a/',
      'a/two = x',
      'b/',
      'b/new = kept',
      'c/',
      'c/now = folder',
      'd/',
      'd/deep/',
      'd/deep/mine = kept',
    ]);
  });
});

describe('a hostile layer', () => {
  const refused: readonly (readonly [string, readonly (Written | Buffer)[], string])[] = [
    ['an absolute path', [file('/etc/passwd')], 'image/path'],
    ['a path with ..', [file('a/../../outside')], 'image/path'],
    ['a path of .. in a pax name', [pax({ path: '../outside' }), file('a')], 'image/path'],
    ['a path with a NUL', [pax({ path: 'a\0b' }), file('a')], 'image/path'],
    ['a file through a link out', [link('out', '../..'), file('out/outside', 'changed')], 'image/path'],
    ['a file through a link within', [folder('a'), link('b', 'a'), file('b/c')], 'image/path'],
    ['a folder through a link', [link('out', '../..'), folder('out/new')], 'image/path'],
    ['a link through a link', [link('out', '../..'), link('out/l', 'x')], 'image/path'],
    ['a file below a file', [file('a'), file('a/b')], 'image/path'],
    ['a hard link out of the root', [hard('a', '../../outside')], 'image/path'],
    ['a hard link to an absolute path', [hard('a', '/etc/passwd')], 'image/path'],
    ['a hard link through a link', [link('out', '../..'), hard('a', 'out/outside')], 'image/path'],
    ['a hard link to nothing', [hard('a', 'b')], 'image/entry'],
    ['a hard link to a folder', [folder('b'), hard('a', 'b')], 'image/entry'],
    ['a hard link over the folder of its target', [file('a/b'), hard('a', 'a/b')], 'image/entry'],
    ['a device', [{ path: 'disk', type: '4' }], 'image/entry'],
    ['a character device', [{ path: 'etc/null', type: '3' }], 'image/entry'],
    ['a pipe', [{ path: 'pipe', type: '6' }], 'image/entry'],
    ['a device that is /dev itself', [{ path: 'dev', type: '3' }], 'image/entry'],
    ['a removal of what is above', [file('.wh...', '')], 'image/entry'],
    ['a removal through a link', [link('out', '../..'), file('out/.wh.outside', '')], 'image/path'],
    ['a removal with a content', [file('.wh.a', 'x')], 'image/entry'],
    ['a removal that is a folder', [folder('.wh.a')], 'image/entry'],
    ['a folder named as a removal', [file('.wh.a/b')], 'image/entry'],
    ['a root that is a link', [link('./', '/')], 'image/path'],
    ['an old sparse file', [{ path: 'a', type: 'S' }], 'image/entry'],
    ['a sparse file of pax', [pax({ 'GNU.sparse.major': '1' }), file('a')], 'image/entry'],
    ['an entry of an unknown type', [{ path: 'a', type: 'Z' }], 'image/entry'],
    ['a link without a target', [link('a', '')], 'image/entry'],
    ['a folder with a content', [{ ...folder('a'), content: 'x' }], 'image/archive'],
    ['a header with a wrong sum', [{ ...file('a'), breakSum: true }], 'image/archive'],
    ['one name for all', [pax({ path: 'a' }, 'g'), file('b')], 'image/archive'],
    ['two names for one entry', [pax({ path: 'a' }), pax({ path: 'b' }), file('c')], 'image/archive'],
    [
      'an attribute of a wrong length',
      [entry({ path: 'x', type: 'x', content: '99 path=a\n' }), file('c')],
      'image/archive',
    ],
    [
      'an attribute without an end',
      [entry({ path: 'x', type: 'x', content: '9 path=aa' }), file('c')],
      'image/archive',
    ],
    ['a long name and then the end', [pax({ path: 'a' })], 'image/archive'],
    ['entries after its end', [file('a'), END, file('b')], 'image/archive'],
  ];
  test.each(refused)('with %s is refused, and nothing outside is touched', async (_, parts, rule) => {
    expect(await unpack([archive(...parts)])).toBe(rule);
    expect(readFileSync(join(place, 'outside'), 'utf8')).toBe('untouched');
    expect(readdirSync(place).toSorted()).toEqual(['inner', 'outside']);
  });

  const acrossLayers = refused.flatMap(([what, parts, rule]) =>
    parts.length > 1 && !parts.some((part) => Buffer.isBuffer(part)) ? [[what, parts, rule] as const] : [],
  );
  test.each(acrossLayers)(
    'with %s is refused as well when it comes a layer later',
    async (_, parts, rule) => {
      expect(await unpack(parts.map((part) => archive(part)))).toBe(rule);
      expect(readFileSync(join(place, 'outside'), 'utf8')).toBe('untouched');
      expect(readdirSync(place).toSorted()).toEqual(['inner', 'outside']);
    },
  );

  test('writes over no file through a link or a hard link: the other name keeps its content', async () => {
    const layer = archive(
      link('l', '../../outside'),
      file('l', 'mine'),
      file('a', 'first'),
      hard('b', 'a'),
      file('b', 'second'),
      link('d', '../..'),
      folder('d'),
      file('d/outside', 'inner'),
    );
    expect(await unpack([layer])).toBeUndefined();
    expect(listed(root).toSorted()).toEqual([
      'a = first',
      'b = second',
      'd/',
      'd/outside = inner',
      'l = mine',
    ]);
    expect(readFileSync(join(place, 'outside'), 'utf8')).toBe('untouched');
  });

  test('has its devices left out below /dev, where nothing of an image is shown', async () => {
    expect(await unpack([archive(folder('dev'), { path: 'dev/null', type: '3' })])).toBeUndefined();
    expect(listed(root)).toEqual(['dev/']);
  });

  test('that is cut anywhere is refused', async () => {
    const whole = archive(file('a', 'y'.repeat(600)), pax({ path: 'long' }), file('b'));
    for (let length = 0; length < whole.length; length += 300) {
      rmSync(root, { recursive: true });
      mkdirSync(root);
      expect(await unpack([whole.subarray(0, length)])).toBe('image/archive');
    }
  });

  test('is refused beyond each bound, and held within it', async () => {
    const tight = (bound: Partial<ImageBounds>): ImageBounds => ({ ...IMAGE_BOUNDS, ...bound });
    const held = async (layer: Buffer, bounds: ImageBounds): Promise<string | undefined> => {
      rmSync(root, { recursive: true });
      mkdirSync(root);
      return unpack([layer], bounds);
    };
    const three = archive(file('a'), file('b'), folder('c'));
    expect(await held(three, tight({ entries: 3 }))).toBeUndefined();
    expect(await held(three, tight({ entries: 2 }))).toBe('image/too-large');
    const path = archive(file('abcd/ef'));
    expect(await held(path, tight({ pathBytes: 7, nameBytes: 4 }))).toBeUndefined();
    expect(await held(path, tight({ pathBytes: 6 }))).toBe('image/too-large');
    expect(await held(path, tight({ nameBytes: 3 }))).toBe('image/too-large');
    const target = archive(link('l', 'abcd'));
    expect(await held(target, tight({ linkTargetBytes: 4 }))).toBeUndefined();
    expect(await held(target, tight({ linkTargetBytes: 3 }))).toBe('image/too-large');
    const long = archive(pax({ path: 'abc' }), file('b'));
    expect(await held(long, tight({ extensionBytes: 12 }))).toBeUndefined();
    expect(await held(long, tight({ extensionBytes: 11 }))).toBe('image/too-large');
  });
});

const name = fc.constantFrom(
  'a',
  'b',
  'a',
  'b',
  'out',
  'out',
  '.wh.a',
  '.wh.out',
  '.wh..wh..opq',
  '..',
  '.',
  '',
);
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));
const hostile = fc
  .record({
    path,
    kind: fc.constantFrom('file', 'hard-link', 'link', 'link', 'folder', 'special'),
    target: fc.oneof(path, fc.constantFrom('../..', '../../outside', '/', '.')),
    begins: fc.boolean(),
  })
  .map((one) => ({
    ...one,
    executable: false,
    size: one.kind === 'file' && !one.path.includes('.wh.') ? 3 : 0,
  }));

test('no entries whatever, in any order and whatever of them is refused, touch anything outside of their root', () => {
  let landed = 0;
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 24 }), (entries) => {
      rmSync(root, { recursive: true });
      mkdirSync(root);
      const before = lstatSync(join(place, 'outside'));
      const tree = new UnpackedTree(root, IMAGE_BOUNDS);
      tree.beginLayer();
      for (const one of entries) {
        if (one.begins) tree.beginLayer();
        try {
          tree.take(one)?.(Buffer.from('new'));
        } catch (error) {
          if (!(error instanceof UnusableImage)) throw error;
        }
        tree.done();
      }
      landed += readdirSync(root).length;
      expect(readdirSync(place).toSorted()).toEqual(['inner', 'outside']);
      expect(readdirSync(join(place, 'inner'))).toEqual(['root']);
      const after = lstatSync(join(place, 'outside'));
      expect([after.ino, after.nlink, after.mtimeMs]).toEqual([before.ino, before.nlink, before.mtimeMs]);
    }),
    { numRuns: 1_000 },
  );
  expect(landed).toBeGreaterThan(500);
});
