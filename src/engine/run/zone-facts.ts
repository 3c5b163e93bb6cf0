import type { RecordedFact } from '../../audit/index.ts';
import type { RunEvent } from '../event/event.ts';

export interface ZoneDecision {
  readonly zone: 'untrusted';
  readonly because: readonly string[];
  readonly facts: readonly RecordedFact[];
}

/**
 * What is known of a run's trust, each fact with its source and whether the job or its author could have forged it, and
 * the zone that follows. A local run has nobody to vouch for it: its event is the operator's say-so about a folder that
 * anyone may have written, so it stays at the floor.
 */
export function decideZone(event: RunEvent): ZoneDecision {
  const fromFile = event.payloadSource === 'event-file';
  const source = fromFile ? 'event-file' : 'command-line';
  const facts: RecordedFact[] = [
    { name: 'event', value: event.name, source: 'command-line', forgeable: false },
    { name: 'fork', value: String(event.fork), source, forgeable: fromFile },
    { name: 'repository', value: event.repository, source: 'git', forgeable: true },
    { name: 'ref', value: event.ref, source: 'git', forgeable: true },
    { name: 'runner', value: 'local', source: 'machine', forgeable: false },
  ];
  const because = event.fork
    ? ['head is a fork']
    : event.name === 'pull_request_target' || event.name === 'workflow_run'
      ? [`${event.name} may carry what somebody else wrote`]
      : ['nothing proves who wrote this: a local run has no protected branch and no verified tag'];
  return { zone: 'untrusted', because, facts };
}

const SECRET = /\bsecrets\s*(?:\.\s*([A-Za-z_][A-Za-z0-9_]{0,200})|\[\s*'([^']{1,200})'\s*\])/g;

/** Names of the secrets that a text asks for. */
export function secretNames(text: string): readonly string[] {
  return [...text.slice(0, 1_048_576).matchAll(SECRET)].flatMap((match) => match[1] ?? match[2] ?? []);
}
