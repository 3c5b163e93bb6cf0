import type { CustomRule, LoadedConfiguration } from '../../config/index.ts';

/** The rules of all files together: a rule only denies, so that no file can take away what another says. */
export function rulesOf(files: readonly LoadedConfiguration[]): readonly CustomRule[] {
  return files.flatMap(({ configuration }) => configuration.rules ?? []);
}
