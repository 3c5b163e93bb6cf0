import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { err, ok, type Json, type Refusal, refusal, type Result } from '../../base/index.ts';
import { operatorPaths, readOperatorFile } from '../../config/index.ts';
import {
  type AdvisorySnapshot,
  MAX_ADVISORY_BYTES,
  mergedAdvisories,
  readAdvisories,
  shippedAdvisories,
} from '../../gate/index.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** After so many days a snapshot is told to be old. */
export const OLD_AFTER_DAYS = 60;

export interface KnownAdvisories extends AdvisorySnapshot {
  /** The file of the user that is among them. */
  readonly file?: string;
}

/** Where a user\u2019s advisories lie: beside the operator\u2019s file. */
export function advisoriesPath(environment: Environment): string {
  return join(dirname(operatorPaths(environment)[0] ?? '/etc/cofferdam/cofferdam.yaml'), 'advisories.json');
}

/** All advisories that are known here: those that this version was shipped with, and the user\u2019s. A file that others could have written is refused. */
export async function knownAdvisories(environment: Environment): Promise<Result<KnownAdvisories, Refusal>> {
  const path = advisoriesPath(environment);
  const kept = await readOperatorFile(path, { maxBytes: MAX_ADVISORY_BYTES });
  if (!kept.ok) return kept;
  if (kept.value === undefined) return ok(shippedAdvisories());
  const read = readAdvisories(kept.value.toString('utf8'));
  if (!read.ok) return err({ ...read.error, where: { file: path } });
  return ok({ ...mergedAdvisories(shippedAdvisories(), read.value), file: path });
}

/** Keeps advisories that were read and are whole, in the place of those that the user had. */
export async function keepAdvisories(
  environment: Environment,
  text: string,
  source: string,
  now: Date,
): Promise<Result<AdvisorySnapshot & { readonly file: string }, Refusal>> {
  const read = readAdvisories(text);
  if (!read.ok) return read;
  if (read.value.advisories.length + read.value.withdrawn.length === 0)
    return err(
      refusal(
        'usage',
        'advisories/none',
        'none of these advisories is for an action',
        'give those of the ecosystem GitHub Actions',
      ),
    );
  const whole = JSON.parse(text) as Json;
  const list = Array.isArray(whole)
    ? whole
    : typeof whole === 'object' && whole !== null && 'advisories' in whole
      ? whole['advisories']
      : [whole];
  const file = advisoriesPath(environment);
  const kept = JSON.stringify({
    date: read.value.date,
    source,
    fetched: now.toISOString(),
    advisories: list,
  });
  const fresh = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(fresh, kept, { flag: 'wx', mode: 0o600 });
    await rename(fresh, file);
  } catch (error) {
    await rm(fresh, { force: true });
    return err(
      refusal(
        'machine',
        'advisories/unwritable',
        `${file} cannot be written (${(error as NodeJS.ErrnoException).code})`,
        'see that you can write there',
      ),
    );
  }
  return ok({ ...read.value, file });
}

/** Whole days from one day to another, both UTC. */
export function daysBetween(date: string, now: Date): number {
  return Math.floor((now.getTime() - Date.parse(`${date}T00:00:00Z`)) / 86_400_000);
}
