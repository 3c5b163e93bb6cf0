import type { Finding, Span } from '../../finding.ts';
import type { ToldMend } from '../../fix/mend.ts';
import { escaped } from './escaped.ts';

const CONTEXT = 2;
const MAX_LINE = 300;

/** Gives the text of a line of a file; undefined behind its end. */
export type LineOf = (file: string, line: number) => string | undefined;

/** One finding with its lines, its way, and what would mend it. */
export function findingArticle(finding: Finding, id: string, lineOf: LineOf, mend?: ToldMend): string {
  const { severity, confidence, rule, at, job, message, fix, flow = [] } = finding;
  const way = flow.map(
    (hop) => `<li><code>${place(hop.at)}</code> ${escaped(hop.what, 300)}${frame(hop.at, lineOf, 0)}</li>`,
  );
  const where = [
    `<code>${place(at)}</code>`,
    ...(job === undefined ? [] : [`job <code>${escaped(job, 100)}</code>`]),
    `<a href="#rule-${escaped(rule)}">${escaped(rule)}</a>`,
    `confidence ${confidence}`,
  ];
  return [
    `<article class="${severity}" id="${id}" aria-labelledby="${id}-title">`,
    `<h3 id="${id}-title"><span class="badge">${severity}</span> ${escaped(message, 800)}</h3>`,
    `<p class="where">${where.join(' <span aria-hidden="true">·</span> ')}</p>`,
    frame(at, lineOf, CONTEXT),
    `<p class="fix"><strong>Fix</strong> ${escaped(fix, 600)}</p>`,
    way.length === 0
      ? ''
      : `<details><summary>The way, in ${way.length} ${way.length === 1 ? 'step' : 'steps'}</summary><ol>${way.join('')}</ol></details>`,
    mend === undefined ? '' : mended(mend),
    '</article>',
  ].join('');
}

/** Lines around a place, the stretch marked. */
function frame(at: Span, lineOf: LineOf, context: number): string {
  const rows: string[] = [];
  for (let line = Math.max(1, at.line - context); line <= at.line + context; line += 1) {
    const text = lineOf(at.file, line);
    if (text === undefined) continue;
    const shown = line === at.line ? marked(text, at) : escaped(text, MAX_LINE);
    rows.push(
      `<span class="row${line === at.line ? ' here' : ''}"><span class="number">${line}</span>${shown}</span>`,
    );
  }
  return rows.length === 0 ? '' : `<pre tabindex="0"><code>${rows.join('\n')}</code></pre>`;
}

function marked(text: string, { column, length }: Span): string {
  const start = column - 1;
  const from = start > MAX_LINE - 60 ? start - 60 : 0;
  const before = `${from > 0 ? '…' : ''}${text.slice(from, start)}`;
  const within = text.slice(start, start + Math.min(length, MAX_LINE));
  const behind = text.slice(start + within.length, from + MAX_LINE);
  return `${escaped(before)}<mark>${escaped(within)}</mark>${escaped(behind)}`;
}

/** Each line that a mend changes, before and after. */
function mended({ title, safety, edits, source }: ToldMend): string {
  const rows = edits.flatMap(({ start, end, text }) => {
    const from = source.text.lastIndexOf('\n', start - 1) + 1;
    const stop = source.text.indexOf('\n', end);
    const to = stop === -1 ? source.text.length : stop;
    const old = source.text.slice(from, to);
    const whole = start === end && start === from && text.endsWith('\n');
    const fresh = whole
      ? text.replace(/\r?\n$/, '')
      : source.text.slice(from, start) + text + source.text.slice(end, to);
    return [
      ...(whole || old === ''
        ? []
        : old.split('\n').map((line) => `<del>- ${escaped(line.replace(/\r$/, ''), MAX_LINE)}</del>`)),
      ...fresh.split('\n').map((line) => `<ins>+ ${escaped(line.replace(/\r$/, ''), MAX_LINE)}</ins>`),
    ];
  });
  const how = safety === 'safe' ? 'cofferdam check --fix' : 'cofferdam check --fix=unsafe, and look at it';
  return `<details><summary>Can be mended: ${escaped(title, 300)} (${safety})</summary><pre tabindex="0"><code>${rows.join('\n')}</code></pre><p><code>${how}</code></p></details>`;
}

function place({ file, line, column }: Span): string {
  return escaped(`${file}:${line}:${column}`, 1_000);
}
