import { createHash } from 'node:crypto';
import { pipeline, Readable, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { readArchive } from './archive.ts';
import { readBlob } from './blob.ts';
import { type ImageBounds, tooLarge, UnusableImage, unusable } from './bounds.ts';
import type { FoundImage, Layer } from './layout.ts';
import { UnpackedTree } from './unpacked-tree.ts';

/**
 * Unpacks an image's layers into an empty folder of ours. When it ends without an error, every blob was what its digest
 * says, compressed and decompressed. Throws `UnusableImage`; what is in the folder then is worth nothing.
 */
export async function unpack(
  directory: string,
  image: FoundImage,
  into: string,
  bounds: ImageBounds,
): Promise<void> {
  const tree = new UnpackedTree(into, bounds);
  let left = bounds.unpackedBytes;
  for (const layer of image.layers) {
    tree.beginLayer();
    const hash = createHash('sha256');
    const chunks = counted(decompressed(directory, layer), (chunk) => {
      left -= chunk.length;
      if (left < 0) throw tooLarge('the size of its layers in bytes', bounds.unpackedBytes);
      hash.update(chunk);
    });
    try {
      await readArchive(
        chunks,
        bounds,
        (entry) => tree.take(entry),
        () => tree.done(),
      );
    } finally {
      tree.done();
      await chunks.return(undefined);
    }
    if (`sha256:${hash.digest('hex')}` !== layer.diffId)
      throw unusable('digest', `layer ${layer.digest} has another content than its configuration says`);
  }
}

async function* counted(
  chunks: AsyncIterable<Buffer>,
  count: (chunk: Buffer) => void,
): AsyncGenerator<Buffer, undefined> {
  for await (const chunk of chunks) {
    count(chunk);
    yield chunk;
  }
  return undefined;
}

async function* decompressed(directory: string, layer: Layer): AsyncGenerator<Buffer> {
  const blob = readBlob(directory, layer);
  const through = transform(layer);
  if (through === undefined) {
    yield* blob;
    return;
  }
  let whole = false;
  const source = Readable.from(
    (async function* () {
      yield* blob;
      whole = true;
    })(),
  );
  // Either stream's error ends the other; whoever reads gets it from the last.
  pipeline(source, through, () => undefined);
  try {
    for await (const chunk of through) yield chunk as Buffer;
    // A decompressor may end before its input does; what was not read was not held against its digest.
    if (!whole) throw unusable('archive', `something follows the end of layer ${layer.digest}`);
  } catch (error) {
    throw source.errored instanceof UnusableImage ? source.errored : notDecompressed(layer, error);
  } finally {
    source.destroy();
    through.destroy();
  }
}

function transform({ compression }: Layer): Transform | undefined {
  if (compression === 'none') return undefined;
  if (compression === 'gzip') return zlib.createGunzip();
  if (typeof zlib.createZstdDecompress === 'function') return zlib.createZstdDecompress();
  throw unusable(
    'media-type',
    'its layers are compressed with zstd, which this Node.js cannot read',
    'copy it with gzip layers',
  );
}

function notDecompressed({ digest, compression }: Layer, error: unknown): UnusableImage {
  if (error instanceof UnusableImage) return error;
  const why = error instanceof Error ? error.message : String(error);
  return unusable('archive', `layer ${digest} cannot be decompressed with ${compression}: ${why}`);
}
