import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { spanOf } from '../../repository/tree.ts';
import type { InputPart } from '../../repository/model.ts';
import type { Assignment, Text } from '../../../workflow/index.ts';
import type { Scope } from '../../subject.ts';

export const rule: Rule = {
  id: 'call-inputs',
  title: 'A call gives what is not taken, or leaves out what must be given',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  guide: ['§7'],
  alsoKnownAs: ['actionlint/action', 'actionlint/workflow-call'],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  for (const site of subject.sites) {
    const called = subject.calledAction(site.step, site.job);
    if (called !== undefined && site.step.uses !== undefined)
      yield* judged(site, site.step.uses, called.source.path, called.inputs, site.step.with);
  }
  for (const file of subject.repository.workflows)
    for (const job of file.jobs) {
      const called = subject.calledWorkflow(job);
      const trigger = called?.triggers.find(({ event }) => event === 'workflow_call');
      if (called === undefined || job.uses === undefined) continue;
      if (trigger === undefined)
        yield {
          at: spanOf(file.source, job.uses.at, job.uses.text.length),
          job: job.id,
          message: `${called.source.path} cannot be called: it has no workflow_call`,
          fix: 'add workflow_call to its on',
        };
      else yield* judged({ file, job }, job.uses, called.source.path, trigger.inputs, job.with);
    }
}

function* judged(
  scope: Scope,
  uses: Text,
  path: string,
  inputs: readonly InputPart[],
  given: readonly Assignment[],
): Iterable<Found> {
  const of = scope.job === undefined ? {} : { job: scope.job.id };
  const names = new Set(inputs.map(({ name }) => name.toLowerCase()));
  const known = [...names].slice(0, 12).join(', ') || 'none';
  for (const { name, value } of given)
    if (!names.has(name.toLowerCase()))
      yield {
        ...of,
        at: spanOf(scope.file.source, value.at, value.text.length),
        message: `${path} has no input ${name}`,
        fix: `use one of its inputs: ${known}`,
      };
  for (const { name, required, default: fallback } of inputs)
    if (
      required &&
      fallback === undefined &&
      !given.some((one) => one.name.toLowerCase() === name.toLowerCase())
    )
      yield {
        ...of,
        at: spanOf(scope.file.source, uses.at, uses.text.length),
        message: `${path} must be given the input ${name}`,
        fix: `add ${name} below with`,
      };
}
