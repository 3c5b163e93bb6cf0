import { createHash } from 'node:crypto';
import { escaped, PAGE_STYLE } from '../gate/index.ts';
import { type Assessment, STATE_WORD, summary } from './assessment.ts';
import type { ItemJudged, State } from './checklist.ts';
import type { PlannedAction } from './plan.ts';

const MAX_PLACES = 8;
const OWN_STYLE = `
.state{white-space:nowrap;font-weight:700}.met .state{color:#14532d}.open .state{color:var(--high)}.unknown .state{color:var(--medium)}.partly .state{color:var(--low)}.none .state{color:var(--info)}
@media (prefers-color-scheme:dark){.met .state{color:#a7e8b8}}
.bar{display:flex;gap:.25rem;margin:1rem 0;height:.9rem}.bar span{flex:1;border-radius:.25rem;background:var(--info-bg)}
.bar .met{background:#2e7d46}.bar .partly{background:var(--low)}.bar .open{background:var(--high)}.bar .unknown{background:var(--medium)}
td ul{margin:0;padding-left:1.1rem}td:nth-child(3){min-width:4.5rem}tr.done{color:var(--soft)}
`;
const STYLE = PAGE_STYLE + OWN_STYLE;

/** The assessment as one page that stands alone, to be handed to somebody: no script, nothing to load, all foreign text escaped. */
export function assessPage({ facts, items, plan }: Assessment, version: string, today: string): string {
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`;
  const { records } = facts;
  const title = `CI security of ${escaped(facts.name, 200)}`;
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="referrer" content="no-referrer">',
    `<title>${title}</title><style>${STYLE}</style></head><body>`,
    `<header><h1>${title}</h1><p><strong>${summary(items)}</strong> of the operational checklist, on ${escaped(today)}.</p>`,
    `<div class="bar" role="img" aria-label="${summary(items)}">${sorted(items)
      .map(({ state }) => `<span class="${state}"></span>`)
      .join('')}</div>`,
    `<p class="soft">Judged from ${facts.workflows} workflows with ${facts.jobs} jobs, and from ${records.runs} whole records of runs on this machine${records.notWhole > 0 ? ` (${records.notWhole} more are not whole, and nothing of them counts)` : ''}. What is not seen is called not known, and never met.</p></header><main>`,
    '<section><h2>What to do first</h2><table><thead><tr><th>#</th><th>what</th><th>by</th><th>effort</th><th>exposure</th><th>begin with</th></tr></thead><tbody>',
    ...plan.map(action),
    '</tbody></table><p class="soft">Ranked by exposure removed for effort. Exposure weighs what speaks against an item (high 10, medium 3, low 1, at most five of a rule) and 5 for each item of which nothing is known.</p></section>',
    '<section><h2>The checklist</h2><table><thead><tr><th>item</th><th>state</th><th>evidence</th></tr></thead><tbody>',
    ...items.map(item),
    '</tbody></table></section>',
    `</main><footer>Made by cofferdam ${escaped(version)}. This page holds no script and asks nobody for anything. The places are told in full by cofferdam check.</footer>`,
    '</body></html>\n',
  ].join('\n');
}

const ORDER: readonly State[] = ['met', 'partly', 'unknown', 'open', 'none'];

function sorted(items: readonly ItemJudged[]): readonly ItemJudged[] {
  return items.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
}

function item({ title, state, evidence, findings }: ItemJudged): string {
  const places = findings
    .slice(0, MAX_PLACES)
    .map(
      ({ at, message }) =>
        `<li><code>${escaped(`${at.file}:${at.line}`, 300)}</code> ${escaped(message, 300)}</li>`,
    );
  const more = findings.length > MAX_PLACES ? `<li>and ${findings.length - MAX_PLACES} more</li>` : '';
  const list =
    places.length === 0
      ? ''
      : `<details><summary>where</summary><ul>${places.join('')}${more}</ul></details>`;
  return `<tr class="${state}"><th scope="row">${escaped(title)}</th><td class="state">${STATE_WORD[state]}</td><td>${evidence.map((one) => `<p>${escaped(one, 400)}</p>`).join('')}${list}</td></tr>`;
}

function action({ title, phase, effort, exposure, done, first }: PlannedAction, index: number): string {
  return `<tr${done ? ' class="done"' : ''}><td>${done ? '–' : index + 1}</td><th scope="row">${escaped(title)}</th><td>day ${phase}</td><td>${effort}</td><td>${done ? 'done, as far as is seen' : exposure}</td><td>${escaped(first, 400)}</td></tr>`;
}
