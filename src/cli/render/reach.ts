import { visible } from '../../audit/index.ts';
import type { Reach } from '../../gate/index.ts';
import type { Style } from './style.ts';

/** The answer to \u201ccan they reach it\u201d as text: each way with its places, and why the other holders are not reached. */
export function renderReach({ from, to, ways, unreached }: Reach, style: Style): string {
  const place = (file: string, line: number, column: number): string =>
    visible(`${file}:${line}:${column}`, 1_000);
  const lines = ways.flatMap(({ job, workflow, hops }) => [
    `${style.bad('path')}  ${from} \u2192 ${visible(to, 200)}  in the job ${visible(job, 100)} of ${visible(workflow)}`,
    ...hops.map(
      ({ at, what }, index) => `  ${index + 1}. ${place(at.file, at.line, at.column)}  ${visible(what, 300)}`,
    ),
    '',
  ]);
  const none = ways.length === 0 ? [`${style.good('no path')}  ${from} \u2192 ${visible(to, 200)}`] : [];
  const others = unreached.map(
    ({ job, workflow, why }) =>
      `  not in the job ${visible(job, 100)} of ${visible(workflow)}: ${visible(why, 400)}`,
  );
  return `${[...lines, ...none, ...others].join('\n')}\n`;
}
