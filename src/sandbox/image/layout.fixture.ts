import { mkdirSync, writeFileSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { sha256 } from '../../base/index.ts';

/** An OCI image layout to be written; every part can be replaced by a wrong one. */
export interface WrittenImage {
  readonly layers: readonly Buffer[];
  readonly environment?: readonly string[];
  readonly architecture?: string;
  readonly gzip?: boolean;
  readonly layerType?: string;
  readonly compress?: (archive: Buffer) => Buffer;
  readonly diffIds?: readonly string[];
  readonly platform?: { readonly os: string; readonly architecture: string };
}

export const OWN_ARCHITECTURE = arch() === 'arm64' ? 'arm64' : 'amd64';

export class Layout {
  readonly directory: string;
  readonly #manifests: object[] = [];

  /** `directory` is made. */
  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(join(directory, 'blobs/sha256'), { recursive: true });
    writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  }

  blob(bytes: Buffer | string, mediaType: string) {
    const digest = sha256(bytes);
    writeFileSync(this.path(digest), bytes);
    return { mediaType, digest, size: Buffer.byteLength(bytes) };
  }

  path(digest: string): string {
    return join(this.directory, 'blobs/sha256', digest.slice('sha256:'.length));
  }

  /** Adds an image, and writes the index anew. Gives the manifest's digest and those of the layers. */
  add(image: WrittenImage) {
    const gzip = image.gzip !== false;
    const type = image.layerType ?? `application/vnd.oci.image.layer.v1.tar${gzip ? '+gzip' : ''}`;
    const compress = image.compress ?? (gzip ? gzipSync : (bytes: Buffer) => bytes);
    const layers = image.layers.map((layer) => this.blob(compress(layer), type));
    const config = this.blob(
      JSON.stringify({
        architecture: image.architecture ?? OWN_ARCHITECTURE,
        os: 'linux',
        config: { Env: image.environment ?? [] },
        rootfs: { type: 'layers', diff_ids: image.diffIds ?? image.layers.map((layer) => sha256(layer)) },
      }),
      'application/vnd.oci.image.config.v1+json',
    );
    const manifest = this.blob(
      JSON.stringify({ schemaVersion: 2, config, layers }),
      'application/vnd.oci.image.manifest.v1+json',
    );
    this.#manifests.push({ ...manifest, ...(image.platform !== undefined && { platform: image.platform }) });
    this.index({ schemaVersion: 2, manifests: this.#manifests });
    return { digest: manifest.digest, layers: layers.map(({ digest }) => digest), config: config.digest };
  }

  index(value: unknown): void {
    writeFileSync(join(this.directory, 'index.json'), JSON.stringify(value));
  }
}
