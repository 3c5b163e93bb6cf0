import type { Found } from '../../finding.ts';
import { spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Site, Subject } from '../../subject.ts';
import type { Text } from '../../../workflow/index.ts';

export const rule: Rule = {
  id: 'misfeature',
  title: 'Something is used that is hard to use safely',
  severity: 'low',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§2', '§7'],
  alsoKnownAs: ['zizmor/misfeature'],
  check,
};

/** Inputs that do what a step of its own does better. Source: each action's documentation. */
const INPUTS: Readonly<Record<string, Readonly<Record<string, readonly [string, string]>>>> = {
  'actions/setup-python': {
    'pip-install': [
      'pip-install installs into the machine’s own Python, without a lock and without digests',
      'install in a step of its own, into a virtual environment, with --require-hashes',
    ],
  },
};

const CMD: readonly [string, string] = [
  'cmd has no strict mode and goes on after a command that failed, and what a variable holds is read as code',
  'use pwsh or bash',
];

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows) {
    if (file.defaultShell !== undefined) yield* shell({ file }, file.defaultShell);
    for (const job of file.jobs)
      if (job.defaultShell !== undefined) yield* shell({ file, job }, job.defaultShell);
  }
  for (const site of subject.sites) {
    if (site.step.shell !== undefined) yield* shell(site, site.step.shell);
    yield* inputs(site);
    yield* folder(site);
  }
}

/** `~` is expanded by shells alone; what lies above the workspace outlives the job on a machine of one's own. */
function* folder(site: Site): Iterable<Found> {
  const text = site.step.workingDirectory;
  if (text === undefined) return;
  if (/^~(?:\/|$)/.test(text.text))
    yield found(site, text, [
      'working-directory does not expand ~: it is the name of a folder',
      'write the path, or use cd in the script',
    ]);
  else if (
    /^(?:\/|\/(?:etc|usr|root|boot|dev|var\/run|proc|sys)(?:\/.*)?)$/.test(text.text) ||
    /^\.\.(?:\/\.\.)*\/?$/.test(text.text)
  )
    yield found(site, text, [
      `the script runs in ${text.text.slice(0, 80)}, outside of the workspace: what it writes there stays`,
      'work below the workspace or RUNNER_TEMP',
    ]);
}

type Where = Pick<Site, 'file' | 'job'>;

function found({ file, job }: Where, { text, at }: Text, [message, fix]: readonly [string, string]): Found {
  return {
    at: spanOf(file.source, at, text.length),
    message,
    fix,
    ...(job !== undefined && { job: job.id }),
  };
}

function* shell(where: Where, text: Text): Iterable<Found> {
  const name = text.text.trim().toLowerCase();
  if (/^cmd(?:\.exe)?(?:\s|$)/.test(name)) yield found(where, text, CMD);
  else if (!name.includes('${{') && !KNOWN_SHELL.test(name))
    yield { ...found(where, text, OTHER), severity: 'info', persona: 'auditor' };
}

/** Shells that GitHub documents, by name or with their program and its options. */
const KNOWN_SHELL = /^(?:(?:\/(?:usr\/)?bin\/)?(?:bash|sh|pwsh|powershell|python)(?:\.exe)?)(?:\s|$)/;
const OTHER: readonly [string, string] = [
  'the shell is none that GitHub documents: not every runner has it, and nobody checks what is written for it',
  'use bash, sh, pwsh or python, and let the script start the program',
];

function* inputs(site: Site): Iterable<Found> {
  const { uses } = site.step;
  if (uses?.kind !== 'repository' || uses.path !== '') return;
  const known = Object.hasOwn(INPUTS, uses.repository) ? INPUTS[uses.repository] : undefined;
  for (const { name, value } of known === undefined ? [] : site.step.with) {
    const why = Object.hasOwn(known ?? {}, name.toLowerCase()) ? known?.[name.toLowerCase()] : undefined;
    if (why !== undefined && value.text.trim() !== '') yield found(site, value, why);
  }
}
