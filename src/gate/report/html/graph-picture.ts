import type { Graph, GraphNode } from '../../reach/graph.ts';
import { escaped } from './escaped.ts';

const WIDTH = 190;
const HEIGHT = 30;
const GAP_X = 62;
const GAP_Y = 14;
const MARGIN = 12;
const MAX_LABEL = 22;
/** A larger picture shows nobody anything; the list of edges stays. */
const MAX_NODES = 120;
const MAX_EDGES = 400;

interface Placed extends GraphNode {
  readonly x: number;
  readonly y: number;
}

/** The graph as a picture, left to right: events, jobs behind what they need, secrets. Beside it stands the same as a list. */
export function graphPicture({ nodes, edges }: Graph): string {
  if (nodes.length === 0) return '';
  const list = edgeList({ nodes, edges });
  if (nodes.length > MAX_NODES || edges.length > MAX_EDGES)
    return `<p>The picture of ${nodes.length} nodes would show nothing.</p>${list}`;
  const placed = layOut({ nodes, edges });
  const at = new Map(placed.map((one) => [one.key, one]));
  const width = Math.max(...placed.map(({ x }) => x)) + WIDTH + MARGIN;
  const height = Math.max(...placed.map(({ y }) => y)) + HEIGHT + MARGIN;
  const lines = edges
    .toSorted((a, b) => Number(a.kind === 'reached') - Number(b.kind === 'reached'))
    .flatMap(({ from, to, kind }) => {
      const [a, b] = [at.get(from), at.get(to)];
      if (a === undefined || b === undefined) return [];
      const [x1, y1] = [a.x + WIDTH, a.y + HEIGHT / 2];
      const [x2, y2] = [b.x, b.y + HEIGHT / 2];
      const bend = Math.max(30, Math.abs(x2 - x1) / 2);
      return `<path class="${kind}" d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}"/>`;
    });
  const boxes = placed.map(
    ({ label, kind, x, y }) =>
      `<g class="${kind}"><title>${escaped(label, 300)} (${WORD[kind]})</title><rect x="${x}" y="${y}" width="${WIDTH}" height="${HEIGHT}" rx="${kind === 'event' || kind === 'strange' ? HEIGHT / 2 : 5}"/><text x="${x + 12}" y="${y + 20}">${escaped(label.length > MAX_LABEL ? `${label.slice(0, MAX_LABEL - 1)}…` : label)}</text></g>`,
  );
  return `<figure><div class="scroll" tabindex="0" role="region" aria-label="picture of events, jobs and secrets"><svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="events, jobs and secrets; the list below says the same">${lines.join('')}${boxes.join('')}</svg></div>${LEGEND}</figure>${list}`;
}

const WORD: Readonly<Record<GraphNode['kind'], string>> = {
  strange: 'an event that a stranger causes',
  event: 'an event',
  taken: 'a job in which a stranger\u2019s words or files become code',
  job: 'a job',
  secret: 'a secret',
};

const LEGEND =
  '<figcaption><span class="key strange">a stranger causes it</span> <span class="key taken">a stranger\u2019s code runs in it</span> <span class="key secret">a secret</span> <span class="key line">a way that a stranger comes</span></figcaption>';

function layOut({ nodes, edges }: Graph): readonly Placed[] {
  const depth = new Map(nodes.map(({ key, kind }) => [key, kind === 'event' || kind === 'strange' ? 0 : 1]));
  const ofJobs = edges.filter(
    ({ from, to }) =>
      depth.get(from) === 1 && depth.get(to) === 1 && from.startsWith('job ') && to.startsWith('job '),
  );
  // As often as a chain can be long; a circle ends there as well.
  for (let round = 0; round < 12; round += 1)
    for (const { from, to } of ofJobs)
      if ((depth.get(from) ?? 1) >= (depth.get(to) ?? 1))
        depth.set(to, Math.min(12, (depth.get(from) ?? 1) + 1));
  const last = Math.max(1, ...depth.values()) + 1;
  for (const { key, kind } of nodes) if (kind === 'secret') depth.set(key, last);
  const filled = new Map<number, number>();
  const columns = [...new Set(depth.values())].toSorted((a, b) => a - b);
  return nodes.map((node) => {
    const column = columns.indexOf(depth.get(node.key) ?? 0);
    const row = filled.get(column) ?? 0;
    filled.set(column, row + 1);
    return { ...node, x: MARGIN + column * (WIDTH + GAP_X), y: MARGIN + row * (HEIGHT + GAP_Y) };
  });
}

function edgeList({ nodes, edges }: Graph): string {
  const label = new Map(nodes.map((node) => [node.key, node.label]));
  const items = edges
    .slice(0, 2_000)
    .map(
      ({ from, to, kind }) =>
        `<li${kind === 'reached' ? ' class="reached"' : ''}>${escaped(label.get(from) ?? '', 300)} → ${escaped(label.get(to) ?? '', 300)}${kind === 'calls' ? ' (calls)' : kind === 'reached' ? ' (a stranger comes this way)' : ''}</li>`,
    );
  return `<details><summary>The same as a list</summary><ul class="edges">${items.join('')}</ul></details>`;
}
