import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { get } from 'node:https';
import { resolve } from 'node:path';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { MAX_ADVISORY_BYTES } from '../../gate/index.ts';

const TIMEOUT_MS = 60_000;

/**
 * The text at an https address, or of a file below `directory`. Follows no redirect, at most 16 MiB and a minute; another protocol is
 * refused. `authorities` are certificates to trust besides (PEM).
 */
export async function fetchAdvisories(
  place: string,
  directory: string,
  authorities?: string,
): Promise<Result<string, Refusal>> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(place)?.[1]?.toLowerCase();
  if (scheme === undefined) return fromFile(resolve(directory, place));
  if (scheme !== 'https' || !URL.canParse(place))
    return bad(place, `is no https:// address, and what comes by ${scheme} could be anybody\u2019s`);
  const bytes = await new Promise<Buffer | string>((settle) => {
    const parts: Buffer[] = [];
    let size = 0;
    const request = get(
      place,
      { timeout: TIMEOUT_MS, ...(authorities !== undefined && { ca: authorities }) },
      (answer) => {
        if (answer.statusCode !== 200) {
          answer.destroy();
          settle(
            `answers ${answer.statusCode}${answer.headers.location === undefined ? '' : ', with another address, which is not followed'}`,
          );
          return;
        }
        answer.on('data', (part: Buffer) => {
          size += part.length;
          if (size <= MAX_ADVISORY_BYTES) parts.push(part);
          else request.destroy(new Error(`gives more than ${MAX_ADVISORY_BYTES} bytes`));
        });
        answer.on('end', () => settle(Buffer.concat(parts)));
        answer.on('error', (error) => settle(error.message));
      },
    );
    const late = setTimeout(() => request.destroy(new Error('takes more than a minute')), TIMEOUT_MS);
    request.on('timeout', () => request.destroy(new Error('does not answer')));
    request.on('error', (error) => settle(error.message));
    request.on('close', () => clearTimeout(late));
  });
  return typeof bytes === 'string' ? bad(place, bytes, 'machine') : decoded(place, bytes);
}

async function fromFile(path: string): Promise<Result<string, Refusal>> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = await file.stat();
      if (!found.isFile()) return bad(path, 'is no plain file');
      const { size } = found;
      const bytes = Buffer.alloc(Math.min(size, MAX_ADVISORY_BYTES) + 1);
      let length = 0;
      for (let got = 1; got > 0 && length < bytes.length; length += got)
        got = (await file.read(bytes, length, bytes.length - length, null)).bytesRead;
      return length > MAX_ADVISORY_BYTES
        ? bad(path, `is larger than ${MAX_ADVISORY_BYTES} bytes`)
        : decoded(path, bytes.subarray(0, length));
    } finally {
      await file.close();
    }
  } catch (error) {
    return bad(path, `cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function decoded(place: string, bytes: Uint8Array): Result<string, Refusal> {
  try {
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return bad(place, 'is no text in UTF-8');
  }
}

function bad(place: string, why: string, kind: 'usage' | 'machine' = 'usage'): Result<never, Refusal> {
  return err(
    refusal(
      kind,
      'advisories/place',
      `${JSON.stringify(place.slice(0, 300))} ${why}`,
      'name a file, or an https:// address',
    ),
  );
}
