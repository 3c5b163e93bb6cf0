import type { Text } from '../../workflow/index.ts';
import type { Span } from '../finding.ts';
import type { WorkflowFile } from '../repository/model.ts';
import { pieceSpan, spanOf, textsIn, valueOf } from '../repository/tree.ts';
import { invocationOf, operands } from '../shell/invocation.ts';
import type { ShellCommand, ShellWord } from '../shell/script.ts';
import type { Site, Subject } from '../subject.ts';
import { wordTaint } from './script-flow.ts';
import { type Following, type Taint, unique } from './value.ts';

/** That a step starts another run of this repository, and what it gives it. */
interface Dispatch {
  readonly site: Site;
  readonly at: Span;
  /** The workflow's file or name, or the type of a `repository_dispatch`; absent: it is computed. */
  readonly names?: string;
  readonly by: 'workflow_dispatch' | 'repository_dispatch';
  /** What is given, by the name of the input; without one it may be any. */
  readonly given: readonly { readonly name?: string; readonly word?: ShellWord; readonly text?: Text }[];
}

/** What decides over an input, or a field of the payload, of a workflow that other runs of this repository start. */
export function dispatched(
  taints: Following,
  file: WorkflowFile,
  by: Dispatch['by'],
  name: string,
): readonly Taint[] {
  const found = taints.subject
    .once(dispatches)
    .filter((one) => one.by === by && one.site.file !== file && starts(one, file));
  if (found.length === 0) return [];
  return unique(
    found.flatMap(({ site, at, given }) =>
      given
        .filter((one) => name === '*' || one.name === undefined || one.name.toLowerCase() === name)
        .flatMap(({ word, text }) => [
          ...(word === undefined ? [] : wordTaint(taints, word, site)),
          ...(text === undefined ? [] : taints.of(text, site)),
        ])
        .map((taint) => ({
          ...taint,
          hops: [...taint.hops, { at, what: `is given to a run of ${file.source.path}` }],
        })),
    ),
  );
}

/** Whether any run of this repository starts the workflow. */
export function isDispatched(subject: Subject, file: WorkflowFile): boolean {
  return subject.once(dispatches).some((one) => one.site.file !== file && starts(one, file));
}

/** Which file starts runs of which, as far as it is written; one that computes what it starts may start each. */
export function filesStarted(subject: Subject): readonly (readonly [from: Site['file'], to: WorkflowFile])[] {
  const targets = new Map<string, readonly WorkflowFile[]>();
  const pairs = new Map<string, readonly [Site['file'], WorkflowFile]>();
  for (const one of subject.once(dispatches)) {
    const key = `${one.by} ${one.names ?? '*'}`;
    const started =
      targets.get(key) ?? subject.repository.workflows.filter((workflow) => starts(one, workflow));
    targets.set(key, started);
    for (const to of started)
      pairs.set(`${one.site.file.source.path}\0${to.source.path}`, [one.site.file, to]);
  }
  return [...pairs.values()];
}

function starts({ by, names }: Dispatch, { source, name, triggers }: WorkflowFile): boolean {
  const trigger = triggers.find(({ event }) => event === by);
  if (trigger === undefined) return false;
  if (names === undefined) return true;
  if (by === 'workflow_dispatch')
    return names === name?.text || source.path.endsWith(`/${names.slice(names.lastIndexOf('/') + 1)}`);
  const types = textsIn(valueOf(trigger.value, 'types')).map(({ text }) => text);
  return types.length === 0 || types.includes(names);
}

function dispatches(subject: Subject): readonly Dispatch[] {
  return subject.sites.flatMap((site) => {
    const { uses, run } = site.step;
    if (uses?.kind === 'repository') return byAction(site);
    if (run === undefined || !/workflow\s+run|dispatches/.test(run.text)) return [];
    return (subject.script(site)?.commands ?? []).flatMap((command) => {
      const found = byCommand(command);
      return found === undefined
        ? []
        : [{ ...found, site, at: pieceSpan(site.file.source, run, command.text) }];
    });
  });
}

function byAction({ file, job, step }: Site): readonly Dispatch[] {
  const { uses } = step;
  if (uses?.kind !== 'repository') return [];
  const input = (wanted: string): Text | undefined =>
    step.with.find(({ name }) => name.toLowerCase() === wanted)?.value;
  const elsewhere = input('repository') ?? input('repo');
  if (elsewhere !== undefined && !/github\.repository\b/.test(elsewhere.text)) return [];
  const site = { file, step, ...(job !== undefined && { job }) };
  const at = spanOf(file.source, uses.at, uses.text.length);
  const of = (by: Dispatch['by'], name: Text | undefined, payload: Text | undefined): readonly Dispatch[] => [
    {
      site,
      at,
      by,
      given: payload === undefined ? [] : [{ text: payload }],
      ...(name !== undefined && !name.text.includes('${{') && { names: name.text }),
    },
  ];
  switch (uses.repository) {
    case 'peter-evans/repository-dispatch':
      return of('repository_dispatch', input('event-type'), input('client-payload'));
    case 'benc-uk/workflow-dispatch':
      return of('workflow_dispatch', input('workflow'), input('inputs'));
    case 'the-actions-org/workflow-dispatch':
      return of('workflow_dispatch', input('workflow'), input('inputs'));
    case 'convictional/trigger-workflow-and-wait':
      return of('workflow_dispatch', input('workflow_file_name'), input('client_payload'));
    default:
      return [];
  }
}

const FIELDS = new Set(['-f', '-F', '--field', '--raw-field']);

function byCommand(command: ShellCommand): Omit<Dispatch, 'site' | 'at'> | undefined {
  const invocation = invocationOf(command);
  if (invocation === undefined) return undefined;
  const { program, args } = invocation;
  const [first, second, third] = operands(invocation, [
    ...FIELDS,
    '-r',
    '--ref',
    '-R',
    '--repo',
    '-X',
    '--method',
    '-H',
  ]);
  if (program === 'gh' && first?.value === 'workflow' && second?.value === 'run')
    return { by: 'workflow_dispatch', given: fieldsOf(args), ...named(third) };
  const path = args.find(({ value }) => value.endsWith('/dispatches'));
  if (path === undefined || !((program === 'gh' && first?.value === 'api') || program === 'curl'))
    return undefined;
  const [, workflow] = /\/actions\/workflows\/([^/]{1,200})\/dispatches$/.exec(path.value) ?? [];
  // The body of curl is one text, of which any part may be any input.
  const body = args.filter(
    ({ value }, at) => value.startsWith('{') || /^(?:-d|--data\S*)$/.test(args[at - 1]?.value ?? ''),
  );
  const given = program === 'gh' ? fieldsOf(args) : body.map((word) => ({ word }));
  const fed = command.fed.map((word) => ({ word }));
  const type = args
    .map(
      ({ value }) =>
        /^event_type=(.{1,100})$/.exec(value)?.[1] ?? /"event_type"\s*:\s*"([^"$]{1,100})"/.exec(value)?.[1],
    )
    .find((one) => one !== undefined);
  if (workflow !== undefined)
    return {
      by: 'workflow_dispatch',
      given: [...given, ...fed],
      ...(!isComputed(workflow) && { names: workflow }),
    };
  return { by: 'repository_dispatch', given: [...given, ...fed], ...(type !== undefined && { names: type }) };
}

function named(word: ShellWord | undefined): { readonly names?: string } {
  return word === undefined || word.variables.length > 0 || isComputed(word.value)
    ? {}
    : { names: word.value };
}

/** Expressions are private characters in a value. */
function isComputed(text: string): boolean {
  return /[$\u{e000}-\u{f8ff}]/u.test(text);
}

function fieldsOf(args: readonly ShellWord[]): Dispatch['given'] {
  return args.flatMap((word, at) => {
    const inline = /^--(?:raw-)?field=/.test(word.value);
    if (!inline && !FIELDS.has(args[at - 1]?.value ?? '')) return [];
    const [, name] =
      /^(?:--(?:raw-)?field=)?(?:inputs\[|client_payload\[)?([\w.-]{1,100})\]?=/.exec(word.value) ?? [];
    return [name === undefined ? { word } : { name, word }];
  });
}
