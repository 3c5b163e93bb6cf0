import type { Subject } from '../subject.ts';
import { type GraphEdge, graphOf, type NodeKind } from './graph.ts';

const MAX_EDGES = 1_000;

const SHAPE: Readonly<Record<NodeKind, readonly [string, string]>> = {
  strange: ['([', '])'],
  event: ['([', '])'],
  taken: ['[', ']'],
  job: ['[', ']'],
  secret: ['[/', '/]'],
};
const ARROW: Readonly<Record<GraphEdge['kind'], string>> = {
  plain: '-->',
  reached: '==>',
  calls: '-. calls .->',
};

/** The repository as a Mermaid flowchart: events, jobs, what calls and needs what, secrets; a stranger\u2019s ways stand out. */
export function mermaid(subject: Subject): string {
  const { nodes, edges } = graphOf(subject);
  const ids = new Map(nodes.map(({ key }, index) => [key, `n${index}`]));
  return [
    'flowchart LR',
    ...nodes.map(({ key, label, kind }) => {
      const [open, close] = SHAPE[kind];
      return `  ${ids.get(key)}${open}"${escaped(label)}"${close}:::${kind}`;
    }),
    ...edges
      .slice(0, MAX_EDGES)
      .map(({ from, to, kind }) => `  ${ids.get(from)} ${ARROW[kind]} ${ids.get(to)}`),
    ...(edges.length > MAX_EDGES ? [`  %% ${edges.length - MAX_EDGES} more edges are left out`] : []),
    '  classDef strange fill:#fde2e2,stroke:#b91c1c,color:#111',
    '  classDef taken fill:#fca5a5,stroke:#7f1d1d,color:#111,stroke-width:3px',
    '  classDef secret fill:#fef3c7,stroke:#92400e,color:#111',
    '  classDef job fill:#e0f2fe,stroke:#075985,color:#111',
    '  classDef event fill:#f1f5f9,stroke:#475569,color:#111',
    '',
  ].join('\n');
}

/** A label in which nothing ends it, and nothing is markup. */
function escaped(text: string): string {
  return text.slice(0, 120).replaceAll(/[^\w .:/*-]/g, (character) => `#${character.codePointAt(0)};`);
}
