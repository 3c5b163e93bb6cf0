import type { LoadedConfiguration } from '../../config/index.ts';
import { waiverText } from '../waivers.ts';
import type { PolicyChange } from './policy-diff.ts';

/**
 * Waivers that only one policy has: by every word of them, so that a longer one is one closed and one opened. Who may sign,
 * and the machine's pool, are neither more nor less.
 */
export function waiverChanges(
  before: LoadedConfiguration,
  after: LoadedConfiguration,
): readonly PolicyChange[] {
  const of = ({ configuration }: LoadedConfiguration): ReadonlyMap<string, string> =>
    new Map(
      (configuration.waivers ?? []).map((one) => [
        waiverText(one),
        `job ${one.job} of ${one.workflow} of ${one.repository} may be privileged in zone ${one.zone} until ${one.expires}${one.signature === undefined ? ', once it is signed' : ''}`,
      ]),
    );
  const [old, fresh] = [of(before), of(after)];
  const beyond = (
    a: ReadonlyMap<string, string>,
    b: ReadonlyMap<string, string>,
    direction: 'opened' | 'closed',
  ): readonly PolicyChange[] =>
    [...a].filter(([text]) => !b.has(text)).map(([, what]) => ({ direction, key: 'waivers', what }));
  const settled = (['waiverSigners', 'pool'] as const).flatMap((key): readonly PolicyChange[] => {
    const [was, is] = [before.configuration[key], after.configuration[key]];
    const what = `${was ?? 'nothing'} becomes ${is ?? 'nothing'}`;
    return was === is ? [] : [{ direction: 'changed', key, what }];
  });
  return [...beyond(fresh, old, 'opened'), ...beyond(old, fresh, 'closed'), ...settled];
}
