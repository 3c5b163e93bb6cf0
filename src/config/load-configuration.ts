import { join } from 'node:path';
import { ok, type Refusal, refusal, type Result, err, sha256 } from '../base/index.ts';
import type { Configuration, Origin } from './configuration.ts';
import { readOperatorFile } from './operator-file.ts';
import { parseConfiguration } from './parse-configuration.ts';

/** A configuration with where it came from, for the record. */
export interface LoadedConfiguration {
  readonly origin: Origin;
  readonly path: string;
  readonly digest: string;
  readonly configuration: Configuration;
}

/** Where the operator's file is looked for, the first that exists: `--config`, the user's, the machine's. */
export function operatorPaths(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const base = environment['XDG_CONFIG_HOME'];
  const home = environment['HOME'];
  const own =
    base?.startsWith('/') === true ? base : home?.startsWith('/') ? join(home, '.config') : undefined;
  return [
    ...(own === undefined ? [] : [join(own, 'cofferdam/cofferdam.yaml')]),
    '/etc/cofferdam/cofferdam.yaml',
  ];
}

/**
 * The operator's configuration, or undefined when there is none. Refuses a file that others could have written, one that
 * lies in `notIn` (the repository under test), one that is wrong, and a file named with `--config` that does not exist.
 */
export async function operatorConfiguration(
  environment: Readonly<Record<string, string | undefined>>,
  options: { readonly named?: string; readonly notIn?: string } = {},
): Promise<Result<LoadedConfiguration | undefined, readonly Refusal[]>> {
  const { named, notIn } = options;
  for (const path of named === undefined ? operatorPaths(environment) : [named]) {
    const read = await readOperatorFile(path, notIn === undefined ? {} : { notIn });
    if (!read.ok) return err([read.error]);
    if (read.value === undefined) continue;
    return configurationIn(read.value, path, 'operator');
  }
  if (named === undefined) return ok(undefined);
  return err([
    refusal('usage', 'config/missing', `there is no file ${named}`, 'name a file that exists with --config'),
  ]);
}

/** Checks a configuration that was read elsewhere: from a protected branch, or from the head under test. */
export async function configurationIn(
  bytes: Uint8Array,
  path: string,
  origin: Origin,
): Promise<Result<LoadedConfiguration, readonly Refusal[]>> {
  const parsed = await parseConfiguration(bytes, path, origin);
  return parsed.ok ? ok({ origin, path, digest: sha256(bytes), configuration: parsed.value }) : parsed;
}
