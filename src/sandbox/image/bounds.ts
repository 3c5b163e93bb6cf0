import { type Refusal, refusal } from '../../base/index.ts';

/** What an image may hold at most. Whoever made it may have made it to harm: everything of it is bounded. */
export interface ImageBounds {
  /** Bytes of an index or a manifest (as registries bound them), and of a configuration. */
  readonly documentBytes: number;
  readonly configurationBytes: number;
  /** Manifests named by one index, and indexes in one another. */
  readonly manifests: number;
  readonly indexDepth: number;
  readonly layers: number;
  /** Bytes of all layers as archives, decompressed. */
  readonly unpackedBytes: number;
  /** Entries of all layers' archives. */
  readonly entries: number;
  readonly pathBytes: number;
  readonly nameBytes: number;
  readonly linkTargetBytes: number;
  /** Bytes of one entry's long names and attributes. */
  readonly extensionBytes: number;
}

export const IMAGE_BOUNDS: ImageBounds = {
  documentBytes: 4 * 2 ** 20,
  configurationBytes: 8 * 2 ** 20,
  manifests: 256,
  indexDepth: 2,
  layers: 128,
  unpackedBytes: 16 * 2 ** 30,
  entries: 500_000,
  pathBytes: 2_048,
  nameBytes: 255,
  linkTargetBytes: 4_095,
  extensionBytes: 2 ** 20,
};

/** Ends reading an image from wherever it is; caught by `openImage`, which gives the refusal. */
export class UnusableImage extends Error {
  readonly refusal: Refusal;

  constructor(why: Refusal) {
    super(why.why);
    this.refusal = why;
  }
}

export function unusable(
  rule: string,
  why: string,
  fix = 'make the image again and copy it anew',
): UnusableImage {
  return new UnusableImage(refusal('usage', `image/${rule}`, `the image cannot be used: ${why}`, fix));
}

export function tooLarge(what: string, bound: number): UnusableImage {
  return new UnusableImage(
    refusal(
      'limit',
      'image/too-large',
      `the image cannot be used: ${what} is above ${bound}`,
      'use a smaller image',
    ),
  );
}
