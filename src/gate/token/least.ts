import type { JobPart, PermissionsPart, WorkflowFile } from '../repository/model.ts';
import type { Site, Subject } from '../subject.ts';
import { actionNeeds, type Level } from './action-needs.ts';
import { commandNeeds } from './command-needs.ts';

/** The least that a job's token must be allowed, as far as it is known. */
export interface Least {
  readonly scopes: ReadonlyMap<string, Level>;
  /** Every step is known: nothing else of the token can be in use. */
  readonly whole: boolean;
}

const MAX_CALLS = 10;

/**
 * What the steps of a job use of its token, by what is known of actions and commands. A script that runs other programs, an
 * action that nobody wrote down, or a token that is handed on leave the answer open (`whole` is false): nothing is guessed away.
 */
export function leastOf(subject: Subject, file: WorkflowFile, job: JobPart): Least {
  const scopes = new Map<string, Level>();
  let whole = job.uses === undefined;
  const visit = (site: Site, depth: number): void => {
    const needs = needsOf(subject, site);
    if (needs === 'inside') {
      const called = subject.calledAction(site.step, site.job);
      if (called === undefined || depth >= MAX_CALLS || called.using !== 'composite') whole = false;
      else for (const step of called.steps) visit({ file: called, step }, depth + 1);
      return;
    }
    if (needs === undefined) whole = false;
    for (const { scope, level } of needs ?? []) if (scopes.get(scope) !== 'write') scopes.set(scope, level);
  };
  for (const step of job.steps) visit({ file, job, step }, 0);
  return { scopes, whole };
}

/** What is granted to a job: its own `permissions`, or else those of its workflow. */
export function grantedTo(file: WorkflowFile, job: JobPart): PermissionsPart | undefined {
  return job.permissions ?? file.permissions;
}

function needsOf(
  subject: Subject,
  site: Site,
): readonly { readonly scope: string; readonly level: Level }[] | 'inside' | undefined {
  const { uses } = site.step;
  if (uses?.kind === 'local') return 'inside';
  if (uses?.kind === 'repository') {
    const name = uses.path === '' ? uses.repository : `${uses.repository}/${uses.path}`;
    return actionNeeds(
      name,
      new Map(site.step.with.map(({ name: input, value }) => [input.toLowerCase(), value.text])),
    );
  }
  if (uses !== undefined) return undefined;
  const script = subject.script(site);
  if (site.step.run === undefined) return [];
  if (script === undefined || !script.understood) return undefined;
  const needs = script.commands.map((command) => commandNeeds(command));
  return needs.includes(undefined) ? undefined : needs.flatMap((need) => need ?? []);
}
