import type { Subject } from '../subject.ts';
import { STRANGERS_EVENTS } from '../taint/sources.ts';
import { EVERY, holdersIn } from './holders.ts';
import { takeoversIn } from './takeovers.ts';

const MAX_EDGES = 1_000;

/** The repository as a Mermaid flowchart: events, jobs, what calls and needs what, secrets; a stranger\u2019s ways stand out. */
export function mermaid(subject: Subject): string {
  const ids = new Map<string, string>();
  const nodes: string[] = [];
  const edges = new Set<string>();
  const node = (key: string, label: string, shape: readonly [string, string], kind: string): string => {
    const known = ids.get(key);
    if (known !== undefined) return known;
    const id = `n${ids.size}`;
    ids.set(key, id);
    nodes.push(`  ${id}${shape[0]}"${escaped(label)}"${shape[1]}:::${kind}`);
    return id;
  };
  const taken = new Set(takeoversIn(subject).map(({ job }) => job));
  const jobs = new Map<object, string>();
  for (const file of subject.repository.workflows) {
    const name = file.source.path.split('/').at(-1) ?? '';
    for (const job of file.jobs) {
      const id = node(
        `job ${file.source.path} ${job.id}`,
        `${name}: ${job.id}`,
        ['[', ']'],
        taken.has(job) ? 'taken' : 'job',
      );
      jobs.set(job, id);
      for (const need of job.needs) {
        const other = file.jobs.find((one) => one.id === need.text);
        if (other !== undefined)
          edges.add(
            `  ${node(`job ${file.source.path} ${other.id}`, `${name}: ${other.id}`, ['[', ']'], taken.has(other) ? 'taken' : 'job')} --> ${id}`,
          );
      }
      for (const { event } of file.triggers.filter((one) => one.event !== 'workflow_call')) {
        const strange = STRANGERS_EVENTS.has(event);
        const from = node(`event ${event}`, event, ['([', '])'], strange ? 'strange' : 'event');
        if (job.needs.length === 0) edges.add(`  ${from} ${strange && taken.has(job) ? '==>' : '-->'} ${id}`);
      }
    }
  }
  for (const { scope, called } of callsIn(subject)) {
    const from = scope === undefined ? undefined : jobs.get(scope);
    for (const job of called) {
      const to = jobs.get(job);
      if (from !== undefined && to !== undefined) edges.add(`  ${from} -. calls .-> ${to}`);
    }
  }
  for (const { job, secret } of holdersIn(subject)) {
    const from = jobs.get(job);
    const to = node(`secret ${secret}`, secret === EVERY ? 'every secret' : secret, ['[/', '/]'], 'secret');
    if (from !== undefined) edges.add(`  ${from} ${taken.has(job) ? '==>' : '-->'} ${to}`);
  }
  const shown = [...edges];
  return [
    'flowchart LR',
    ...nodes,
    ...shown.slice(0, MAX_EDGES),
    ...(shown.length > MAX_EDGES ? [`  %% ${shown.length - MAX_EDGES} more edges are left out`] : []),
    '  classDef strange fill:#fde2e2,stroke:#b91c1c,color:#111',
    '  classDef taken fill:#fca5a5,stroke:#7f1d1d,color:#111,stroke-width:3px',
    '  classDef secret fill:#fef3c7,stroke:#92400e,color:#111',
    '  classDef job fill:#e0f2fe,stroke:#075985,color:#111',
    '  classDef event fill:#f1f5f9,stroke:#475569,color:#111',
    '',
  ].join('\n');
}

function callsIn(
  subject: Subject,
): readonly { readonly scope: object | undefined; readonly called: readonly object[] }[] {
  return subject.repository.workflows.flatMap((file) =>
    subject.callsOf(file).map(({ scope }) => ({ scope: scope.job, called: file.jobs })),
  );
}

/** A label in which nothing ends it, and nothing is markup. */
function escaped(text: string): string {
  return text.slice(0, 120).replaceAll(/[^\w .:/*-]/g, (character) => `#${character.codePointAt(0)};`);
}
