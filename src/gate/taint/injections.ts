import type { Text } from '../../workflow/index.ts';
import type { Span } from '../finding.ts';
import type { Site, Subject } from '../subject.ts';
import { leftOpen } from './conditions.ts';
import { codeInputs } from './known-actions.ts';
import { valueReferences } from './references.ts';
import { type Following, type Taint, worst } from './value.ts';

/** An expression whose value becomes code. */
export interface Injection {
  readonly at: Span;
  readonly source: string;
  /** What it becomes part of. */
  readonly what: string;
  readonly taint: Taint;
}

/** The expressions of a step that become code, and whose text somebody else decides. */
export function injectionsIn(taints: Following, site: Site): readonly Injection[] {
  const { subject } = taints;
  return [...codeOf(subject, site)].flatMap(({ text, what }) =>
    subject.expressions(site.file, text).flatMap(({ tree, at, source }) => {
      const decided = valueReferences(tree).flatMap((one) => taints.reference(one, site, at));
      const taint = worst(
        decided.flatMap((one) => (one.holds === 'text' ? (underConditions(subject, site, one) ?? []) : [])),
      );
      return taint === undefined ? [] : [{ at, source, what, taint }];
    }),
  );
}

/** What is left of it under the conditions of the step: where no stranger comes past them, whoever may push decides. */
function underConditions(subject: Subject, site: Site, taint: Taint): Taint | undefined {
  if (taint.by === 'caller') return taint;
  const events = leftOpen(subject, site, taint.events, 'stranger', taint.origin);
  if (events.length > 0) return events.length === taint.events.length ? taint : { ...taint, events };
  const own = leftOpen(subject, site, taint.events, 'writer');
  return own.length === 0 ? undefined : { ...taint, by: 'writer', events: own };
}

/** The texts of a step that become code. */
export function* codeOf(
  subject: Subject,
  site: Site,
): Iterable<{ readonly text: Text; readonly what: string }> {
  const { step } = site;
  if (step.run !== undefined)
    yield { text: step.run, what: `a script of ${subject.shell(site).slice(0, 40)}` };
  if (step.shell !== undefined) yield { text: step.shell, what: 'the command line of a shell' };
  const { uses } = step;
  if (uses?.kind !== 'repository') return;
  const inputs = codeInputs(uses.repository, uses.path);
  for (const { name, value } of step.with)
    if (inputs.includes(name.toLowerCase()))
      yield { text: value, what: `the code that ${uses.repository} runs` };
}
