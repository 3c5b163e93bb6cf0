import { lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { err, ok, type Refusal, refusal, type Result } from '../base/index.ts';
import { ownerOf } from '../config/index.ts';

/** Where runs, records and keys are kept. All of it is private to the user who runs Cofferdam. */
export interface StateFolder {
  readonly directory: string;
  readonly keys: string;
  readonly runs: string;
  /** What only runs that still go have, a folder each. */
  readonly running: string;
}

/**
 * Finds and makes the state folder: `$COFFERDAM_STATE`, else `$XDG_STATE_HOME/cofferdam`, else
 * `~/.local/state/cofferdam`. Refused when somebody else could write to it or has put a link in its place: a record
 * there would prove nothing.
 */
export function openStateFolder(
  environment: Readonly<Record<string, string | undefined>>,
): Result<StateFolder, Refusal> {
  const directory = statePath(environment);
  if (directory === undefined || !isAbsolute(directory)) {
    return err(
      refusal(
        'usage',
        'state/path',
        'the state folder is not an absolute path',
        'set COFFERDAM_STATE to one',
      ),
    );
  }
  try {
    const planted = plantable(directory);
    if (planted !== undefined) {
      return err(
        refusal(
          'machine',
          'state/unsafe',
          `${planted}, and so the state folder, could be put there or replaced by somebody else`,
          'set COFFERDAM_STATE to a folder in your own home',
        ),
      );
    }
    for (const folder of [
      directory,
      join(directory, 'keys'),
      join(directory, 'runs'),
      join(directory, 'running'),
    ]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const found = lstatSync(folder);
      if (!found.isDirectory() || found.uid !== process.geteuid?.() || (found.mode & 0o022) !== 0) {
        return err(
          refusal(
            'machine',
            'state/unsafe',
            `${folder} is a link, or somebody else may write to it`,
            `chown it to yourself and chmod 700 ${folder}`,
          ),
        );
      }
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(
      refusal(
        'machine',
        'state/unwritable',
        `the state folder cannot be used: ${why}`,
        'set COFFERDAM_STATE to a folder that you can write to',
      ),
    );
  }
  return ok({
    directory,
    keys: join(directory, 'keys'),
    runs: join(directory, 'runs'),
    running: join(directory, 'running'),
  });
}

/**
 * The first part of the path that is anyone's to make or to replace, or undefined. In a folder that everyone can write to
 * (`/tmp`), what lies there must be root's or ours, and the folder must let nobody rename it (its sticky bit); so must a
 * link, whoever's folder it lies in.
 */
function plantable(path: string): string | undefined {
  const parts = path.split('/').filter((part) => part !== '');
  const prefixes = ['/', ...parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`)];
  let open = false;
  for (const prefix of prefixes) {
    const found = lstatSync(prefix, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    const owner = ownerOf(prefix, found);
    const ours = owner === 0 || owner === process.geteuid?.();
    if (!ours && (open || found.isSymbolicLink())) return prefix;
    if (found.isSymbolicLink()) {
      const behind = plantable(realpathSync(prefix));
      if (behind !== undefined) return behind;
      open = false;
      continue;
    }
    open = (found.mode & 0o002) !== 0;
    if (open && (found.mode & 0o1000) === 0) return prefix;
  }
  return undefined;
}

function statePath(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const own = environment['COFFERDAM_STATE'];
  if (own !== undefined && own !== '') return own;
  const state = environment['XDG_STATE_HOME'];
  if (state !== undefined && state !== '') return join(state, 'cofferdam');
  const home = environment['HOME'];
  return home === undefined || home === '' ? undefined : join(home, '.local/state/cofferdam');
}
