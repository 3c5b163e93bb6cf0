import type { Subject } from '../subject.ts';
import { STRANGERS_EVENTS } from '../taint/sources.ts';
import { EVERY, holdersIn } from './holders.ts';
import { takeoversIn } from './takeovers.ts';

/** `strange`: an event that a stranger causes; `taken`: a job in which a stranger's words or files become code. */
export type NodeKind = 'strange' | 'event' | 'taken' | 'job' | 'secret';

export interface GraphNode {
  readonly key: string;
  readonly label: string;
  readonly kind: NodeKind;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** `reached`: a stranger comes this way. */
  readonly kind: 'plain' | 'reached' | 'calls';
}

/** Events, jobs and secrets of a repository, and what leads from one to the other. Each edge is there once. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

export function graphOf(subject: Subject): Graph {
  const nodes = new Map<string, GraphNode>();
  const edges = new Map<string, GraphEdge>();
  const taken = new Set(takeoversIn(subject).map(({ job }) => job));
  const node = (key: string, label: string, kind: NodeKind): string => {
    if (!nodes.has(key)) nodes.set(key, { key, label, kind });
    return key;
  };
  const edge = (from: string, to: string, kind: GraphEdge['kind']): void => {
    edges.set(`${from}\0${to}\0${kind}`, { from, to, kind });
  };
  const jobs = new Map<object, string>();
  for (const file of subject.repository.workflows) {
    const name = file.source.path.split('/').at(-1) ?? '';
    for (const job of file.jobs)
      jobs.set(
        job,
        node(`job ${file.source.path} ${job.id}`, `${name}: ${job.id}`, taken.has(job) ? 'taken' : 'job'),
      );
    for (const job of file.jobs) {
      const id = jobs.get(job) ?? '';
      for (const { text } of job.needs) {
        const other = file.jobs.find((one) => one.id === text);
        if (other !== undefined) edge(jobs.get(other) ?? '', id, 'plain');
      }
      for (const { event } of file.triggers.filter((one) => one.event !== 'workflow_call')) {
        const strange = STRANGERS_EVENTS.has(event);
        const from = node(`event ${event}`, event, strange ? 'strange' : 'event');
        if (job.needs.length === 0) edge(from, id, strange && taken.has(job) ? 'reached' : 'plain');
      }
    }
  }
  for (const file of subject.repository.workflows)
    for (const { scope } of subject.callsOf(file))
      for (const job of file.jobs) {
        const from = scope.job === undefined ? undefined : jobs.get(scope.job);
        const to = jobs.get(job);
        if (from !== undefined && to !== undefined) edge(from, to, 'calls');
      }
  for (const { job, secret } of holdersIn(subject)) {
    const from = jobs.get(job);
    const to = node(`secret ${secret}`, secret === EVERY ? 'every secret' : secret, 'secret');
    if (from !== undefined) edge(from, to, taken.has(job) ? 'reached' : 'plain');
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}
