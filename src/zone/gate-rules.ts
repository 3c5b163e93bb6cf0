import type { LoadedConfiguration, ZoneId } from '../config/index.ts';

/** By these a stranger's words become code: no job that holds anything is started with one of them. */
const BY_DEFAULT = [
  'environment-file-injection',
  'shell-evaluation',
  'template-injection',
  'untrusted-checkout',
];

/** What is refused in a zone where no file says anything: nothing where there is nothing to lose. */
const DEFAULTS: Readonly<Record<ZoneId, readonly string[]>> = {
  untrusted: [],
  internal: BY_DEFAULT,
  release: BY_DEFAULT,
};

/** The rules whose findings keep a job of a zone from starting. The operator's file says which; any other can only add. */
export function refusedRules(zone: ZoneId, files: readonly LoadedConfiguration[]): ReadonlySet<string> {
  const said = (file: LoadedConfiguration | undefined): readonly string[] | undefined =>
    file?.configuration.gate?.refuse?.[zone];
  const operator = said(files.find(({ origin }) => origin === 'operator'));
  const added = files.filter(({ origin }) => origin !== 'operator').flatMap((file) => said(file) ?? []);
  return new Set([...(operator ?? DEFAULTS[zone]), ...added]);
}
