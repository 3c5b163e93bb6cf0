import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { entriesOf, entryOf, lineAt, spanOf, valueOf } from '../../repository/tree.ts';
import type { JobPart, WorkflowFile } from '../../repository/model.ts';
import type { Entry, Text } from '../../../workflow/index.ts';
import type { Scope, Site } from '../../subject.ts';
import { actionFacts } from '../../known/popular-actions.ts';
import { nearest } from '../../syntax/nearest.ts';
import { typeMismatch } from './input-type.ts';

export const rule: Rule = {
  id: 'call-inputs',
  title: 'A call gives what is not taken, or leaves out what must be given',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§7'],
  alsoKnownAs: ['actionlint/action', 'actionlint/workflow-call'],
  check,
};

/** What is asked of one input. */
interface Input {
  readonly name: string;
  readonly required: boolean;
  readonly deprecated: boolean;
}

function* check(subject: Subject): Iterable<Found> {
  for (const site of subject.sites) yield* step(subject, site);
  for (const file of subject.repository.workflows)
    for (const job of file.jobs) if (job.uses !== undefined) yield* call(subject, file, job, job.uses);
}

function* step(subject: Subject, site: Site): Iterable<Found> {
  const { uses } = site.step;
  if (uses === undefined) return;
  const given = givenTo(site);
  const called = subject.calledAction(site.step, site.job);
  if (called !== undefined) {
    const inputs = called.inputs.map(({ name, required, default: fallback }) => ({
      name,
      required: required && fallback === undefined,
      deprecated: entryOf(valueOf(valueOf(called.tree, 'inputs'), name), 'deprecationMessage') !== undefined,
    }));
    yield* judged(
      site,
      uses,
      called.source.path,
      inputs,
      given,
      called.using === 'docker' ? CONTAINER_INPUTS : [],
    );
    return;
  }
  const facts =
    uses.kind === 'repository' ? actionFacts(uses, lineAt(site.file.source, uses.at.line ?? 0)) : undefined;
  if (facts === undefined || uses.kind !== 'repository') return;
  const name = uses.text.split('@', 1)[0] ?? '';
  yield* judged(
    site,
    uses,
    `${name} ${facts.version}`,
    facts.inputs,
    given,
    facts.using === 'docker' ? CONTAINER_INPUTS : [],
  );
}

/** A step that is a container may be given these, whatever its metadata name. */
const CONTAINER_INPUTS = ['args', 'entrypoint'];

function givenTo({ file, job, step: { index } }: Site): readonly Entry[] {
  const steps =
    file.kind === 'workflow' ? valueOf(job?.tree, 'steps') : valueOf(valueOf(file.tree, 'runs'), 'steps');
  return entriesOf(valueOf(steps?.kind === 'sequence' ? steps.items[index] : undefined, 'with'));
}

function* call(subject: Subject, file: WorkflowFile, job: JobPart, uses: Text): Iterable<Found> {
  const called = subject.calledWorkflow(job);
  const of = { at: spanOf(file.source, uses.at, uses.text.length), job: job.id };
  if (called === undefined) {
    const path = uses.text.replace(/^(?:\.|\$)\//, '');
    const isOwn = path !== uses.text && /\/workflows\/[^/@]+\.ya?ml$/.test(path);
    if (isOwn && !subject.repository.unread.some((one) => one.path === path))
      yield {
        ...of,
        message: `${path.slice(0, 200)} does not exist`,
        fix: 'correct the path, or add the workflow',
      };
    return;
  }
  const trigger = called.triggers.find(({ event }) => event === 'workflow_call');
  const path = called.source.path;
  if (trigger === undefined) {
    yield {
      ...of,
      message: `${path} cannot be called: it has no workflow_call`,
      fix: 'add workflow_call to its on',
    };
    return;
  }
  const inputs = trigger.inputs.map(({ name, required, default: fallback }) => ({
    name,
    required: required && fallback === undefined,
    deprecated: false,
  }));
  const given = entriesOf(valueOf(job.tree, 'with'));
  yield* judged({ file, job }, uses, path, inputs, given, []);
  for (const { key, value } of given) {
    const input = trigger.inputs.find(({ name }) => name.toLowerCase() === key.toLowerCase());
    const why = input === undefined ? undefined : typeMismatch(input.type, value);
    if (why !== undefined)
      yield {
        at: spanOf(file.source, value.at, value.kind === 'scalar' ? value.text.length : 1),
        job: job.id,
        message: `the input ${key} of ${path} is a ${input?.type ?? 'string'}, and ${why}`,
        fix: 'give it a value of that type',
      };
  }
  yield* secrets(
    { file, job },
    uses,
    path,
    entriesOf(valueOf(trigger.value, 'secrets')),
    trigger.value !== undefined && entryOf(trigger.value, 'secrets') !== undefined,
  );
}

function* secrets(
  { file, job }: { readonly file: WorkflowFile; readonly job: JobPart },
  uses: Text,
  path: string,
  known: readonly Entry[],
  named: boolean,
): Iterable<Found> {
  if (job.inheritsSecrets !== undefined) return;
  const given = entriesOf(valueOf(job.tree, 'secrets'));
  const names = new Set(known.map(({ key }) => key.toLowerCase()));
  for (const { key, keyAt } of given)
    if (!names.has(key.toLowerCase()))
      yield {
        at: spanOf(file.source, keyAt, key.length),
        job: job.id,
        message: `${path} takes no secret ${key}${named ? '' : ': it names none'}`,
        fix: `use one of its secrets: ${[...names].slice(0, 12).join(', ') || 'none'}`,
      };
  for (const { key, value } of known) {
    const required = valueOf(value, 'required');
    if (required?.kind !== 'scalar' || required.text !== 'true') continue;
    if (!given.some((one) => one.key.toLowerCase() === key.toLowerCase()))
      yield {
        at: spanOf(file.source, uses.at, uses.text.length),
        job: job.id,
        message: `${path} must be given the secret ${key}`,
        fix: `add ${key} below secrets`,
      };
  }
}

function* judged(
  scope: Scope,
  uses: Text,
  path: string,
  inputs: readonly Input[],
  given: readonly Entry[],
  also: readonly string[],
): Iterable<Found> {
  const of = scope.job === undefined ? {} : { job: scope.job.id };
  const byName = new Map(inputs.map((input) => [input.name.toLowerCase(), input]));
  const known = [...byName.keys()].slice(0, 12).join(', ') || 'none';
  for (const { key, keyAt } of given.slice(0, MAX_GIVEN)) {
    const input = byName.get(key.toLowerCase());
    const at = spanOf(scope.file.source, keyAt, key.length);
    if (input === undefined && !also.includes(key.toLowerCase()))
      yield {
        ...of,
        at,
        message: `${path} has no input ${key}`,
        fix: nearestFix(key, [...byName.keys()], known),
      };
    if (input?.deprecated === true)
      yield {
        ...of,
        at,
        severity: 'low',
        message: `the input ${key} of ${path} is deprecated`,
        fix: 'see its documentation for what takes its place',
      };
  }
  for (const { name, required } of inputs)
    if (required && !given.some(({ key }) => key.toLowerCase() === name.toLowerCase()))
      yield {
        ...of,
        at: spanOf(scope.file.source, uses.at, uses.text.length),
        message: `${path} must be given the input ${name}`,
        fix: `add ${name} below with`,
      };
}

/** GitHub takes no call with more. */
const MAX_GIVEN = 300;

function nearestFix(key: string, names: readonly string[], known: string): string {
  const near = names.length <= MAX_GIVEN ? nearest(key, names) : undefined;
  return near === undefined ? `use one of its inputs: ${known}` : `did you mean ${near}?`;
}
