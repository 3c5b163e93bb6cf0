import type { Piece } from '../../workflow/index.ts';
import type { Finding } from '../finding.ts';
import { lineAt } from '../repository/tree.ts';
import type { Site, Subject } from '../subject.ts';
import type { MendPlan } from './mend.ts';
import { siteAround, stepPath } from './sites.ts';

/** What of a script a finding marks, wherever in the script it stands in the same words. */
interface ScriptPiece {
  readonly site: Site;
  readonly text: string;
  /** Offsets in the script. */
  readonly places: readonly number[];
}

const MAX_PLACES = 100;

function scriptPieceAt(subject: Subject, finding: Finding): ScriptPiece | undefined {
  const { at } = finding;
  const site = siteAround(subject, finding);
  const run = site?.step.run;
  if (site === undefined || run === undefined) return undefined;
  const text = lineAt(site.file.source, at.line).slice(at.column - 1, at.column - 1 + at.length);
  if (text.trim() === '') return undefined;
  const places: number[] = [];
  for (
    let from = run.text.indexOf(text);
    from !== -1 && places.length < MAX_PLACES;
    from = run.text.indexOf(text, from + text.length)
  )
    places.push(from);
  return places.length === 0 ? undefined : { site, text, places };
}

/** A plan that writes what a finding marks in a script in other words, all of it or the parts that `rewrite` gives. */
export function scriptPlan(
  subject: Subject,
  finding: Finding,
  plan: Omit<MendPlan, 'operations'>,
  rewrite: (text: string, site: Site) => readonly Piece[] | undefined,
): MendPlan | undefined {
  const found = scriptPieceAt(subject, finding);
  const parts = found === undefined ? undefined : rewrite(found.text, found.site);
  if (found === undefined || parts === undefined || parts.length === 0) return undefined;
  const pieces = found.places.flatMap((place) =>
    parts.map(({ start, end, text }) => ({ start: place + start, end: place + end, text })),
  );
  return {
    ...plan,
    operations: [{ kind: 'rewrite', path: [...stepPath(found.site), 'run'], pieces }],
  };
}
