import { refusal } from '../../base/index.ts';
import { type Descriptor, readSmall, readWhole } from './blob.ts';
import { type ImageBounds, tooLarge, UnusableImage, unusable } from './bounds.ts';
import { type Fields, fields, list, text, wholeNumber } from './document.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

export interface Layer extends Descriptor {
  readonly compression: Compression;
  /** Of the archive when it is decompressed. */
  readonly diffId: string;
}

/** An image for this machine, found in a layout; its layers are named, and not read yet. */
export interface FoundImage {
  /** Of the manifest. */
  readonly digest: string;
  readonly layers: readonly Layer[];
  /** `Env` of its configuration, as it stands there. */
  readonly environment: readonly string[];
}

const INDEXES = new Set([
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]);
const MANIFESTS = new Set([
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]);
const CONFIGURATIONS = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);
const LAYERS: Readonly<Record<string, Compression>> = {
  'application/vnd.oci.image.layer.v1.tar': 'none',
  'application/vnd.oci.image.layer.v1.tar+gzip': 'gzip',
  'application/vnd.oci.image.layer.v1.tar+zstd': 'zstd',
  'application/vnd.docker.image.rootfs.diff.tar': 'none',
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'gzip',
  'application/vnd.docker.image.rootfs.diff.tar.zstd': 'zstd',
};
/** Node's names of architectures, in the words of images (those of Go). */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * Finds the one image for this architecture in an OCI image layout (OCI image specification 1.1, "Image Layout"). Every
 * document is held against its size and digest. Throws `UnusableImage`.
 */
export async function findImage(
  directory: string,
  architecture: string,
  bounds: ImageBounds,
): Promise<FoundImage> {
  const layout = fields(await readSmall(directory, 'oci-layout', bounds.documentBytes), 'oci-layout');
  if (layout['imageLayoutVersion'] !== '1.0.0')
    throw unusable('layout', 'its layout is not of version 1.0.0');
  const index = fields(await readSmall(directory, 'index.json', bounds.documentBytes), 'index.json');
  const wanted = ARCHITECTURES[architecture] ?? architecture;
  const candidates: Descriptor[] = [];
  await collect(directory, index, 1, wanted, candidates, bounds);
  const fitting = new Map<string, FoundImage>();
  const others = new Set<string>();
  for (const candidate of candidates) {
    const image = await readManifest(directory, candidate, bounds);
    if (image.os === 'linux' && image.architecture === wanted) fitting.set(image.found.digest, image.found);
    else others.add(`${image.os}/${image.architecture}`);
  }
  const [first, second] = [...fitting.values()];
  if (first === undefined) throw noneFits(candidates.length, others, wanted);
  if (second !== undefined) {
    const names = [...fitting.keys()].slice(0, 5).join(', ');
    throw unusable(
      'several',
      `${fitting.size} images are in it: ${names}`,
      'copy the one that is meant to a directory of its own',
    );
  }
  return first;
}

/** All manifests for this architecture, or of an architecture that only their configuration tells. */
async function collect(
  directory: string,
  index: Fields,
  depth: number,
  wanted: string,
  found: Descriptor[],
  bounds: ImageBounds,
): Promise<void> {
  if (index['schemaVersion'] !== 2) throw unusable('layout', 'an index is not of schema version 2');
  for (const entry of list(index, 'manifests', bounds.manifests)) {
    const platform = entry['platform'] === undefined ? undefined : fields(entry['platform'], 'a platform');
    const descriptor = descriptorOf(entry);
    if (INDEXES.has(descriptor.mediaType)) {
      if (depth >= bounds.indexDepth) throw tooLarge('indexes in one another', bounds.indexDepth);
      const bytes = await readWhole(directory, descriptor, bounds.documentBytes);
      await collect(directory, fields(bytes, 'an index'), depth + 1, wanted, found, bounds);
      continue;
    }
    if (!MANIFESTS.has(descriptor.mediaType)) continue;
    // What a builder states of an image (`unknown/unknown`), or an image of another platform, is not needed and may be absent.
    if (platform !== undefined && (platform['os'] !== 'linux' || platform['architecture'] !== wanted))
      continue;
    found.push(descriptor);
    if (found.length > bounds.manifests) throw tooLarge('the number of manifests', bounds.manifests);
  }
}

async function readManifest(directory: string, descriptor: Descriptor, bounds: ImageBounds) {
  const manifest = fields(await readWhole(directory, descriptor, bounds.documentBytes), 'a manifest');
  if (manifest['schemaVersion'] !== 2) throw unusable('layout', 'its manifest is not of schema version 2');
  if (manifest['mediaType'] !== undefined && manifest['mediaType'] !== descriptor.mediaType)
    throw unusable('media-type', 'its manifest is of another type than its index says');
  const named = descriptorOf(fields(manifest['config'], 'config'));
  if (!CONFIGURATIONS.has(named.mediaType))
    throw unusable('media-type', `${JSON.stringify(named.mediaType)} is not the configuration of an image`);
  const layers = list(manifest, 'layers', bounds.layers).map(descriptorOf);
  const configuration = fields(
    await readWhole(directory, named, bounds.configurationBytes),
    'its configuration',
  );
  const diffIds = strings(fields(configuration['rootfs'], 'rootfs')['diff_ids'], 'diff_ids', bounds.layers);
  if (diffIds.length !== layers.length)
    throw unusable('layout', 'its configuration names another number of layers');
  const run = fields(configuration['config'] ?? {}, 'config');
  return {
    os: text(configuration, 'os'),
    architecture: text(configuration, 'architecture'),
    found: {
      digest: descriptor.digest,
      environment: strings(run['Env'] ?? [], 'Env', 1_000),
      layers: layers.map((layer, at) => ({
        ...layer,
        compression: compressionOf(layer),
        diffId: diffIds[at] ?? '',
      })),
    } satisfies FoundImage,
  };
}

function compressionOf({ mediaType }: Descriptor): Compression {
  const compression = Object.hasOwn(LAYERS, mediaType) ? LAYERS[mediaType] : undefined;
  if (compression === undefined)
    throw unusable('media-type', `layers of type ${JSON.stringify(mediaType)} are not supported`);
  return compression;
}

function descriptorOf(from: Fields): Descriptor {
  return {
    mediaType: text(from, 'mediaType'),
    digest: text(from, 'digest'),
    size: wholeNumber(from, 'size'),
  };
}

function strings(value: unknown, name: string, most: number): readonly string[] {
  if (!Array.isArray(value) || !value.every((one): one is string => typeof one === 'string'))
    throw unusable('document', `${name} is not a list of words`);
  if (value.length > most) throw tooLarge(`the length of ${name}`, most);
  return value;
}

function noneFits(looked: number, others: ReadonlySet<string>, wanted: string): UnusableImage {
  const has = others.size === 0 ? 'none for linux' : [...others].slice(0, 5).join(', ');
  const why =
    looked === 0
      ? `it has no image for linux/${wanted}`
      : `it is for ${has}, and this machine is linux/${wanted}`;
  return new UnusableImage(
    refusal(
      'machine',
      'image/architecture',
      `the image cannot be used: ${why}`,
      `copy the image for linux/${wanted}`,
    ),
  );
}
