import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { err, ok, type Refusal, refusal, type Result, sha256 } from '../../base/index.ts';

/** Names of images as workflows write them, with the digest that an image layout has of each: `sha256:` and 64 digits. */
export type KnownImages = ReadonlyMap<string, string>;

const MAX_DOCUMENT = 4 * 2 ** 20;
const REFERENCE = 'org.opencontainers.image.ref.name';

/**
 * Reads `NAME=FOLDER`: a folder is an OCI image layout (specification 1.1), as `skopeo copy` and `docker buildx` write it, and gives the
 * digest by which a registry has the image. It must hold that document, whole and unchanged; of several it is the one that the
 * layout calls by the name or its tag. No registry is asked. A layout may be a stranger's: no link is followed.
 */
export function readImages(given: readonly string[], directory: string): Result<KnownImages, Refusal> {
  const found = new Map<string, string>();
  for (const one of given) {
    const at = one.indexOf('=');
    const name = one.slice(0, at);
    if (at <= 0 || !/^[a-z0-9][\w./:-]{0,250}$/i.test(name))
      return refuse(`--image ${JSON.stringify(one.slice(0, 200))} is not NAME=FOLDER`);
    const digest = digestIn(resolve(directory, one.slice(at + 1)), name);
    if (!digest.ok) return digest;
    found.set(name, digest.value);
  }
  return ok(found);
}

function digestIn(folder: string, name: string): Result<string, Refusal> {
  const index = documentAt(join(folder, 'index.json'));
  const all =
    index === undefined ? undefined : (JSON.parse(index.toString('utf8')) as { manifests?: unknown });
  const listed = Array.isArray(all?.manifests) ? all.manifests.flatMap(described) : [];
  const tag = /:([\w.-]+)$/.exec(name)?.[1] ?? 'latest';
  const named = listed.filter(({ reference }) => reference === name || reference === tag);
  const meant = listed.length === 1 ? listed : named;
  const [one, other] = meant;
  if (one === undefined || other !== undefined)
    return refuse(
      `${folder} has ${listed.length} images, and ${meant.length} of them are called ${name} or ${tag}`,
    );
  const bytes = documentAt(join(folder, 'blobs/sha256', one.digest.slice('sha256:'.length)));
  return bytes === undefined || sha256(bytes) !== one.digest
    ? refuse(`${folder} does not hold ${one.digest} as it was written`)
    : ok(one.digest);
}

function described(
  value: unknown,
): readonly { readonly digest: string; readonly reference: string | undefined }[] {
  if (typeof value !== 'object' || value === null || !('digest' in value)) return [];
  const { digest } = value;
  if (typeof digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(digest)) return [];
  const annotations: unknown = 'annotations' in value ? value.annotations : undefined;
  const reference =
    typeof annotations === 'object' && annotations !== null && Object.hasOwn(annotations, REFERENCE)
      ? (annotations as Readonly<Record<string, unknown>>)[REFERENCE]
      : undefined;
  return [{ digest, reference: typeof reference === 'string' ? reference : undefined }];
}

/** A plain file that is JSON, of at most 4 MiB. */
function documentAt(path: string): Buffer | undefined {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const status = fstatSync(file);
      if (!status.isFile() || status.size > MAX_DOCUMENT) return undefined;
      const bytes = Buffer.alloc(status.size);
      let length = 0;
      for (let got = 1; got > 0 && length < bytes.length; length += got)
        got = readSync(file, bytes, length, bytes.length - length, null);
      const whole = bytes.subarray(0, length);
      JSON.parse(whole.toString('utf8'));
      return whole;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

function refuse(why: string): Result<never, Refusal> {
  return err(
    refusal(
      'usage',
      'lock/image',
      why,
      'name an image as the workflow does, and a folder with its OCI layout: skopeo copy docker://NAME oci:FOLDER',
    ),
  );
}
