import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { configurationIn, type LoadedConfiguration, operatorConfiguration } from '../../config/index.ts';
import type { CommandContext } from '../command.ts';
import { exitStatus, renderRefusal } from '../render/refusals.ts';

const MAX_BYTES = 262_144;
const DEFAULTS = Buffer.from('version: 1\n');

/** A file that a person named, which may be a stranger's: it is bounded, and checked as any configuration is. */
export async function policyFile(
  context: CommandContext,
  name: string,
): Promise<Result<LoadedConfiguration, readonly Refusal[]>> {
  if (name === 'defaults') return configurationIn(DEFAULTS, name, 'operator');
  const path = resolve(context.directory, name);
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true || found.size > MAX_BYTES) {
    const why =
      found === undefined ? `there is no file ${name}` : `${name} is no file of at most ${MAX_BYTES} bytes`;
    return err([refusal('usage', 'policy/file', why, 'name a cofferdam.yaml, or the word defaults')]);
  }
  return configurationIn(await readFile(path), path, 'operator');
}

const MAX_SMALL = 16_384;

/** A small file that a person named, which may be a stranger's. */
export async function smallFile(context: CommandContext, name: string): Promise<Result<Uint8Array, Refusal>> {
  const path = resolve(context.directory, name);
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() === true && found.size <= MAX_SMALL) return ok(await readFile(path));
  const why =
    found === undefined ? `there is no file ${name}` : `${name} is no file of at most ${MAX_SMALL} bytes`;
  return err(
    refusal(
      'usage',
      'policy/file',
      why,
      'name a text of cofferdam policy approve whose signature lies beside it',
    ),
  );
}

/** The policy that is meant: the named file, else the operator's own, else the defaults. */
export async function meantPolicy(
  context: CommandContext,
  name: string | undefined,
): Promise<Result<LoadedConfiguration, readonly Refusal[]>> {
  if (name !== undefined) return policyFile(context, name);
  const own = await operatorConfiguration(context.environment);
  if (!own.ok) return own;
  return own.value === undefined ? configurationIn(DEFAULTS, 'defaults', 'operator') : ok(own.value);
}

/** Tells why, and gives the exit status of it. */
export function refused(context: CommandContext, why: readonly Refusal[]): number {
  for (const one of why) context.stderr.write(renderRefusal(one));
  return exitStatus(why[0] ?? refusal('usage', 'policy/file', '', ''));
}

/** What stands in a file that `policyFile` found to be one. */
export async function policyText(context: CommandContext, name: string): Promise<string> {
  return readFile(resolve(context.directory, name), 'utf8');
}
