import type { Text } from '../../workflow/index.ts';
import type { Hop, Span } from '../finding.ts';
import type { StepPart } from '../repository/model.ts';
import { pieceSpan, spanOf } from '../repository/tree.ts';
import type { ShellCommand } from '../shell/script.ts';
import type { Scope, Site } from '../subject.ts';
import { leftOpen } from './conditions.ts';
import { isDispatched } from './dispatches.ts';
import { executedAfter, type Place } from './execution.ts';
import { folderOf } from './folder.ts';
import { PRIVILEGED_EVENTS } from './sources.ts';
import { wordTaint } from './script-flow.ts';
import { HEAD_BRANCH } from './told.ts';
import type { Following, Taint } from './value.ts';

/** How a stranger's files come into a job's workspace. */
export interface Filled {
  readonly by: 'checkout' | 'artifact';
  readonly at: Span;
  readonly step: StepPart;
  readonly taint: Taint;
  /** Where they come to lie. */
  readonly place: Place;
  /** Where within it they are run, when the step is an action of this repository that fetches and runs them. */
  readonly ran?: Hop;
}

const ARTIFACTS = new Set([
  'actions/download-artifact',
  'dawidd6/action-download-artifact',
  'bettermarks/action-artifact-download',
  'aochmann/actions-download-artifact',
]);

export function inputOf(step: StepPart, name: string): Text | undefined {
  return step.with.find((one) => one.name.toLowerCase() === name)?.value;
}

export function isCheckout(step: StepPart): boolean {
  return (
    step.uses?.kind === 'repository' &&
    step.uses.path === '' &&
    /^(?:actions|forgejo|gitea)\/checkout$/.test(step.uses.repository)
  );
}

/** Every step of a job, in a run with the repository's rights, that fills the workspace from somewhere that a stranger decides. */
export function filledBy(taints: Following, scope: Scope): readonly Filled[] {
  const events = taints.subject.reaching(scope.file).filter(({ event }) => PRIVILEGED_EVENTS.has(event));
  const started = scope.file.kind === 'workflow' && isDispatched(taints.subject, scope.file);
  if (events.length === 0 && !started) return [];
  const steps = scope.job?.steps ?? (scope.file.kind === 'action' ? scope.file.steps : []);
  const found = steps.flatMap((step) => {
    const site = { file: scope.file, step, ...(scope.job !== undefined && { job: scope.job }) };
    const all =
      step.uses?.kind === 'local'
        ? fromAction(taints, site)
        : [fromCheckout(taints, site) ?? fromCommand(taints, site) ?? fromArtifact(taints, site)];
    return all.flatMap((filled) => {
      if (filled === undefined) return [];
      const open = leftOpen(taints.subject, site, filled.taint.events, 'stranger', filled.taint.origin);
      if (!open.some((event) => PRIVILEGED_EVENTS.has(event))) return [];
      return [{ ...filled, taint: { ...filled.taint, events: open } }];
    });
  });
  return found.length === 0 ? found : besides(found, steps);
}

/** What others have checked out into folders of their own is not what the stranger wrote. */
function besides(found: readonly Filled[], steps: readonly StepPart[]): readonly Filled[] {
  const own = steps.flatMap((step) => {
    if (!isCheckout(step) || found.some((filled) => filled.step === step)) return [];
    const path = inputOf(step, 'path');
    const folder = path === undefined ? '' : (folderOf(path.text) ?? '');
    return folder === '' ? [] : [folder];
  });
  if (own.length === 0) return found;
  return found.map((filled) => ({
    ...filled,
    place: { ...filled.place, others: own.filter((folder) => folder !== filled.place.folder) },
  }));
}

/** An action of this repository that fetches them for its caller. */
function fromAction(taints: Following, site: Site): readonly Filled[] {
  const { uses } = site.step;
  const called = taints.subject.calledAction(site.step, site.job);
  if (called === undefined || uses === undefined) return [];
  const calls = taints.subject.callsOf(called);
  const { line } = spanOf(site.file.source, uses.at);
  return taints
    .filled({ file: called })
    .filter(
      ({ taint }) =>
        calls.length === 1 ||
        taint.hops.some(({ at }) => at.file === site.file.source.path && at.line === line),
    )
    .map((filled) => {
      const ran = executedAfter(taints, { file: called, step: filled.step }, filled.place);
      return {
        ...filled,
        step: site.step,
        place: placeFor(site, filled.place),
        ...(ran !== undefined && { ran }),
      };
    });
}

function privileged(taint: Taint): boolean {
  return taint.by === 'stranger' && taint.events.some((event) => PRIVILEGED_EVENTS.has(event));
}

function fromCheckout(taints: Following, site: Site): Filled | undefined {
  if (!isCheckout(site.step)) return undefined;
  const given = [inputOf(site.step, 'ref'), inputOf(site.step, 'repository')];
  for (const text of given) {
    if (text === undefined) continue;
    const named = taints
      .of(text, site)
      .filter(({ origin }) => given[1] !== undefined || origin !== HEAD_BRANCH);
    const taint = named.find(privileged) ?? merged(taints, text, site);
    if (taint === undefined) continue;
    const at = spanOf(site.file.source, text.at, text.text.length);
    const hop: Hop = { at, what: 'checks out the code that it names' };
    return {
      by: 'checkout',
      at,
      step: site.step,
      taint: { ...taint, hops: [...taint.hops, hop] },
      place: placeOf(inputOf(site.step, 'path')?.text),
    };
  }
  return undefined;
}

/** `refs/pull/N/merge`, with whatever number. */
function merged(taints: Following, text: Text, site: Site): Taint | undefined {
  if (!/refs\/pull\/|pull\/\$\{\{/.test(text.text)) return undefined;
  const reaching = taints.subject.reaching(site.file).filter(({ event }) => PRIVILEGED_EVENTS.has(event));
  return {
    origin: 'the head of a pull request',
    by: 'stranger',
    holds: 'text',
    events: reaching.map(({ event }) => event),
    hops: reaching[0]?.via ?? [],
  };
}

function fromCommand(taints: Following, site: Site): Filled | undefined {
  const { run } = site.step;
  if (run === undefined || !/checkout|fetch|pull|clone|download|apply|\bam\b|patch/.test(run.text))
    return undefined;
  for (const command of taints.subject.script(site)?.commands ?? []) {
    const kind = fills(taints, command, site);
    if (kind === undefined) continue;
    const reaching = taints.subject.reaching(site.file).filter(({ event }) => PRIVILEGED_EVENTS.has(event));
    const at = pieceSpan(site.file.source, run, command.text);
    const taint: Taint = {
      origin: kind === 'checkout' ? 'the head of a pull request' : 'an artifact of the run before',
      by: 'stranger',
      holds: 'text',
      events: reaching.map(({ event }) => event),
      hops: [
        ...(reaching[0]?.via ?? []),
        {
          at,
          what:
            kind === 'checkout'
              ? 'checks out code that a stranger wrote'
              : 'downloads what a stranger\u2019s run made',
        },
      ],
    };
    const flag = command.words.findIndex(({ value }) => value === '-D' || value === '--dir');
    const into = flag === -1 ? undefined : command.words[flag + 1]?.text;
    return { by: kind, at, step: site.step, taint, place: placeOf(into) };
  }
  return undefined;
}

function fills(taints: Following, command: ShellCommand, site: Site): Filled['by'] | undefined {
  const [first = '', second = ''] = command.words.map(({ value }) => value);
  if (command.name === 'gh' && first === 'pr' && second === 'checkout') return 'checkout';
  if (command.name === 'gh' && first === 'run' && second === 'download' && onWorkflowRun(taints, site))
    return 'artifact';
  if (patches(taints, command, site)) return 'checkout';
  if (
    command.name !== 'git' ||
    !['checkout', 'fetch', 'pull', 'clone', 'switch', 'reset', 'merge'].includes(first)
  )
    return undefined;
  const named = command.words.slice(1);
  if (named.some(({ value }) => /(?:^|[+:/])(?:refs\/)?pull\//.test(value))) return 'checkout';
  // A number in the name of one of the repository's own branches leads to no stranger's commit.
  return named.some((word) =>
    wordTaint(taints, word, site).some(
      (taint) => privileged(taint) && (taint.holds === 'text' || !/^\+?(?:refs\/)?heads\//.test(word.value)),
    ),
  )
    ? 'checkout'
    : undefined;
}

/** `gh pr diff | git apply`, and what curl fetches by an address of the payload. */
function patches(taints: Following, { name, words, pipedFrom }: ShellCommand, site: Site): boolean {
  const applies = name === 'patch' || (name === 'git' && ['apply', 'am'].includes(words[0]?.value ?? ''));
  if (!applies || pipedFrom === undefined) return false;
  const [first, second] = pipedFrom.words.map(({ value }) => value);
  if (pipedFrom.name === 'gh') return first === 'pr' && second === 'diff';
  return (
    ['curl', 'wget'].includes(pipedFrom.name) &&
    pipedFrom.words.some((word) => wordTaint(taints, word, site).some(privileged))
  );
}

function onWorkflowRun(taints: Following, site: Site): boolean {
  return taints.subject.reaching(site.file).some(({ event }) => event === 'workflow_run');
}

function fromArtifact(taints: Following, site: Site): Filled | undefined {
  const { uses } = site.step;
  const known = uses?.kind === 'repository' && ARTIFACTS.has(uses.repository);
  const script = inputOf(site.step, 'script');
  const fetched =
    uses?.kind === 'repository' &&
    uses.repository === 'actions/github-script' &&
    script?.text.includes('downloadArtifact') === true;
  if (uses === undefined || (!known && !fetched) || !onWorkflowRun(taints, site)) return undefined;
  // Without a run to take it from, the artifact is this run's own.
  const foreign =
    uses.kind !== 'repository' ||
    uses.repository !== 'actions/download-artifact' ||
    inputOf(site.step, 'run-id') !== undefined;
  const reaching = taints.subject.reaching(site.file).find(({ event }) => event === 'workflow_run');
  if (!foreign || reaching === undefined || !fromStrangersRun(taints, site)) return undefined;
  const at = spanOf(site.file.source, uses.at, uses.text.length);
  const taint: Taint = {
    origin: 'an artifact of the run before',
    by: 'stranger',
    holds: 'text',
    events: ['workflow_run'],
    hops: [...reaching.via, { at, what: 'downloads what a stranger\u2019s run made' }],
  };
  const into = fetched ? unpackedTo(taints, site) : inputOf(site.step, 'path')?.text;
  return { by: 'artifact', at, step: site.step, taint, place: placeOf(into) };
}

/** A folder that is computed may be any. */
function placeOf(path: string | undefined): Place {
  return { folder: path === undefined ? '' : (folderOf(path) ?? ''), written: path ?? '', others: [] };
}

/** A place that an action names by its input, as its caller knows it. */
function placeFor(caller: Site, place: Place): Place {
  const { written = '' } = place;
  if (!written.includes('${{')) return place;
  const path = written.replaceAll(
    /\$\{\{\s*inputs\.([\w-]{1,100})\s*\}\}/g,
    (whole, name: string) => inputOf(caller.step, name.toLowerCase())?.text ?? whole,
  );
  return { ...placeOf(path), others: place.others };
}

/** Where what a script fetched as an archive is unpacked by a later step. */
function unpackedTo(taints: Following, site: Site): string | undefined {
  const steps = site.job?.steps ?? (site.file.kind === 'action' ? site.file.steps : []);
  for (const step of steps)
    for (const { name, words } of step.index > site.step.index
      ? (taints.subject.script({ ...site, step })?.commands ?? [])
      : []) {
      if (name !== 'unzip') continue;
      const flag = words.findIndex(({ value }) => value === '-d');
      return flag === -1 ? undefined : words[flag + 1]?.text;
    }
  return undefined;
}

/** Whether one of the workflows whose end starts this one runs on pull requests; those that are not here may. */
function fromStrangersRun(taints: Following, { file }: Site): boolean {
  if (file.kind !== 'workflow') return true;
  const trigger = file.triggers.find(({ event }) => event === 'workflow_run');
  const names =
    trigger?.value?.kind === 'mapping'
      ? trigger.value.entries.find(({ key }) => key === 'workflows')
      : undefined;
  const wanted =
    names === undefined ? [] : names.value.kind === 'sequence' ? names.value.items : [names.value];
  const titles = wanted.flatMap((one) => (one.kind === 'scalar' ? [one.text] : []));
  const before = taints.subject.repository.workflows.filter(({ name, source }) =>
    titles.includes(name?.text ?? source.path),
  );
  return (
    before.length < titles.length ||
    before.some(
      (one) =>
        taints.subject.reaching(one).some(({ event }) => event.startsWith('pull_request')) ||
        // One that itself began with a stranger's artifact may hand it on.
        (one !== file && one.jobs.some((job) => taints.filled({ file: one, job }).length > 0)),
    )
  );
}
