import {
  partsOf,
  type Pin,
  pinOfUses,
  type RefFacts,
  repositoryUses,
  type Subject,
} from '../../gate/index.ts';
import { type Mirrors, originOf } from './mirrors.ts';
import { openOrigin, type OpenOrigin } from './open-origin.ts';
import { resolveRef } from './resolve-ref.ts';

/** What folders that were named know of the refs that a repository uses. Asks no server. What no folder has is left out. */
export async function mirrorFacts(subject: Subject, mirrors: Mirrors): Promise<ReadonlyMap<Pin, RefFacts>> {
  const facts = new Map<Pin, RefFacts>();
  const opened = new Map<string, OpenOrigin | undefined>();
  const pins = new Set(repositoryUses(subject).flatMap((one) => pinOfUses(one) ?? []));
  for (const pin of pins) {
    const { repository, ref } = partsOf(pin);
    if (!opened.has(repository)) {
      const origin = originOf(repository, { ...mirrors, offline: true });
      const open = origin === undefined ? undefined : await openOrigin(origin, {});
      opened.set(repository, open?.ok === true ? open.value : undefined);
    }
    const origin = opened.get(repository);
    if (origin === undefined) continue;
    const found = await resolveRef(origin.directory, pin);
    if (found.ok) facts.set(pin, { ...found.value, reachable: true });
    else if (found.error.rule === 'lock/impostor-commit')
      facts.set(pin, { kind: 'commit', commit: ref, tags: [], reachable: false });
    else if (found.error.rule === 'lock/ref-confusion')
      facts.set(pin, { kind: 'tag and branch', commit: '', tags: [], reachable: true });
  }
  return facts;
}
