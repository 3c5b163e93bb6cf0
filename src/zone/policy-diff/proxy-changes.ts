import type { LoadedConfiguration, ProxySettings } from '../../config/index.ts';
import type { PolicyChange } from './policy-diff.ts';

/**
 * What becomes of the proxy. Another one is neither more nor less, as nobody here knows what it lets through; to leave names to it
 * is more, as where they lead is then not checked.
 */
export function proxyChanges(
  before: LoadedConfiguration,
  after: LoadedConfiguration,
): readonly PolicyChange[] {
  const [was, is] = [before.configuration.proxy, after.configuration.proxy];
  const changes: PolicyChange[] = [];
  for (const key of ['url', 'credentials', 'authorities'] as const) {
    if (was?.[key] === is?.[key]) continue;
    const what = `${was?.[key] ?? 'nothing'} becomes ${is?.[key] ?? 'nothing'}`;
    changes.push({ direction: 'changed', key: `proxy.${key}`, what });
  }
  const unchecked = (one: ProxySettings | undefined): boolean => one?.resolves === 'proxy';
  if (unchecked(was) !== unchecked(is)) {
    const what = 'the proxy finds the addresses of allowed names, and they are not checked';
    changes.push({ direction: unchecked(is) ? 'opened' : 'closed', key: 'proxy.resolves', what });
  }
  const beyond = (a: ProxySettings | undefined, b: ProxySettings | undefined): readonly string[] =>
    (a?.except ?? []).filter((one) => !(b?.except ?? []).includes(one));
  for (const one of [...beyond(is, was), ...beyond(was, is)]) {
    const what = `${one} is ${is?.except?.includes(one) === true ? 'now' : 'no longer'} reached without the proxy`;
    changes.push({ direction: 'changed', key: 'proxy.except', what });
  }
  return changes;
}
