import { createHash } from 'node:crypto';
import { type Finding, SEVERITIES, type Severity } from '../../finding.ts';
import type { ToldMend } from '../../fix/mend.ts';
import { graphOf } from '../../reach/graph.ts';
import type { Source } from '../../repository/model.ts';
import { lineAt } from '../../repository/tree.ts';
import { RULES } from '../../rules.ts';
import type { Subject } from '../../subject.ts';
import type { Sifted } from '../../suppressions.ts';
import { counted } from '../markdown.ts';
import { escaped } from './escaped.ts';
import { findingArticle, type LineOf } from './finding-article.ts';
import { graphPicture } from './graph-picture.ts';
import { PAGE_STYLE } from './page-style.ts';

export interface HtmlReportParts {
  /** `drawnReach` of what was judged. */
  readonly picture: string;
  readonly lineOf: LineOf;
  readonly files: number;
  readonly mends: ReadonlyMap<Finding, ToldMend>;
  readonly version: string;
}

/** More would be no page any more; the count stays true, and what is left out is said. */
const MAX_SHOWN = 2_000;

/**
 * What was found as one page that stands alone: no script, no request to anywhere, and a policy that lets a browser do neither.
 * All text of the repository is escaped.
 */
export function htmlReport(
  sifted: Sifted,
  { picture, lineOf, files, mends, version }: HtmlReportParts,
): string {
  const { findings, suppressed } = sifted;
  const shown = findings.toSorted(byWeight).slice(0, MAX_SHOWN);
  const ids = new Map(shown.map((finding, index) => [finding, `f${index + 1}`]));
  const byFile = Map.groupBy(shown, ({ at }) => at.file);
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(PAGE_STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`;
  const sections = [...byFile].map(
    ([file, list]) =>
      `<section><h2>${escaped(file, 1_000)}</h2>${list.map((one) => findingArticle(one, ids.get(one) ?? '', lineOf, mends.get(one))).join('')}</section>`,
  );
  const title = `${counted(findings)} in ${files} ${files === 1 ? 'file' : 'files'}`;
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="referrer" content="no-referrer">',
    `<title>cofferdam check: ${title}</title><style>${PAGE_STYLE}</style></head><body>`,
    '<a class="skip" href="#findings">to the findings</a>',
    `<header><h1>cofferdam check</h1><p>${title}${suppressed.length === 0 ? '' : `, ${suppressed.length} suppressed`}.</p>${counts(findings)}</header>`,
    '<main>',
    overview([...byFile]),
    picture,
    `<div id="findings">${sections.join('')}</div>`,
    findings.length > shown.length
      ? `<p>${findings.length - shown.length} more are not on this page.</p>`
      : '',
    answered(sifted),
    ruleList(new Set(shown.map(({ rule }) => rule))),
    `</main><footer>Made by cofferdam ${escaped(version)}. This page holds no script and asks nobody for anything.</footer>`,
    '</body></html>\n',
  ].join('\n');
}

/** What is worst comes first, and its file with it. */
function byWeight(a: Finding, b: Finding): number {
  return SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity);
}

/** The lines of files that are found by their paths. */
export function linesOf(sourceAt: (path: string) => Source | undefined): LineOf {
  return (file, line) => {
    const source = sourceAt(file);
    return source === undefined || line > source.starts.length ? undefined : lineAt(source, line);
  };
}

/** How many of each severity; what is not ticked is not shown. */
function counts(findings: readonly Finding[]): string {
  const one = (severity: Severity): string => {
    const number = findings.filter((finding) => finding.severity === severity).length;
    return number === 0
      ? ''
      : `<label class="${severity}"><input type="checkbox" id="show-${severity}" checked> <b>${number}</b> ${severity}</label>`;
  };
  return findings.length === 0
    ? ''
    : `<fieldset class="counts"><legend>Shown</legend>${SEVERITIES.toReversed().map(one).join('')}</fieldset>`;
}

function overview(files: readonly (readonly [string, readonly Finding[]])[]): string {
  if (files.length === 0) return '<p>Nothing was found. Of what is not in the files, nothing is said.</p>';
  const rules = Map.groupBy(
    files.flatMap(([, list]) => list),
    ({ rule }) => rule,
  );
  const items = [...rules]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(
      ([rule, list]) =>
        `<li><a href="#rule-${escaped(rule)}">${escaped(rule)}</a> <span class="soft">${list.length} in ${new Set(list.map(({ at }) => at.file)).size} ${new Set(list.map(({ at }) => at.file)).size === 1 ? 'file' : 'files'}</span></li>`,
    );
  return `<section aria-labelledby="overview"><h2 id="overview">By rule</h2><ul class="overview">${items.join('')}</ul></section>`;
}

/** From events to secrets, as a picture of a page; empty where there is nothing to draw. */
export function drawnReach(subject: Subject): string {
  const drawn = graphPicture(graphOf(subject));
  return drawn === ''
    ? ''
    : `<section aria-labelledby="reach"><h2 id="reach">From events to secrets</h2>${drawn}</section>`;
}

function answered({ suppressed }: Sifted): string {
  if (suppressed.length === 0) return '';
  const rows = suppressed
    .slice(0, MAX_SHOWN)
    .map(
      ({ finding, by }) =>
        `<tr><td>${escaped(finding.rule)}</td><td><code>${escaped(`${finding.at.file}:${finding.at.line}`, 1_000)}</code></td><td>${escaped(by.reason, 500)}</td></tr>`,
    );
  return `<section><h2>What comments and policy answer for</h2><table><thead><tr><th>rule</th><th>where</th><th>reason</th></tr></thead><tbody>${rows.join('')}</tbody></table></section>`;
}

function ruleList(used: ReadonlySet<string>): string {
  const rows = RULES.filter(({ id }) => used.has(id)).map(
    ({ id, title, guide, alsoKnownAs }) =>
      `<tr id="rule-${id}"><td><code>${id}</code></td><td>${escaped(title)}</td><td>${escaped(guide.join(' '))}</td><td>${alsoKnownAs.map((name) => `<code>${escaped(name)}</code>`).join(' ')}</td></tr>`,
  );
  return rows.length === 0
    ? ''
    : `<section><h2>The rules</h2><table><thead><tr><th>rule</th><th>what</th><th>guide</th><th>elsewhere</th></tr></thead><tbody>${rows.join('')}</tbody></table></section>`;
}
