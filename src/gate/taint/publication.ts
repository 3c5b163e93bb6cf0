import type { Hop } from '../finding.ts';
import type { JobPart, WorkflowFile } from '../repository/model.ts';
import { pieceSpan, spanOf } from '../repository/tree.ts';
import type { Subject } from '../subject.ts';

/** Actions that give something to others. */
const ACTIONS = new Set([
  'pypa/gh-action-pypi-publish',
  'softprops/action-gh-release',
  'ncipollo/release-action',
  'goreleaser/goreleaser-action',
  'js-devtools/npm-publish',
  'changesets/action',
  'cycjimmy/semantic-release-action',
  'actions/create-release',
  'actions/deploy-pages',
  'rubygems/release-gem',
  'jamesives/github-pages-deploy-action',
]);
const COMMANDS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  npm: [['publish']],
  pnpm: [['publish']],
  yarn: [['publish'], ['npm', 'publish']],
  cargo: [['publish']],
  twine: [['upload']],
  gem: [['push']],
  poetry: [['publish']],
  uv: [['publish']],
  docker: [['push']],
  helm: [['push']],
  gh: [
    ['release', 'create'],
    ['release', 'upload'],
  ],
  dotnet: [['nuget', 'push']],
  npx: [['semantic-release']],
};

/** Where a job gives something to others: a package, an image, a release. A trial (`--dry-run`) is none. */
export function publishes(
  subject: Subject,
  { file, job }: { readonly file: WorkflowFile; readonly job: JobPart },
): Hop | undefined {
  const known = subject.once(newMap);
  if (!known.has(job)) known.set(job, publishing(subject, file, job));
  return known.get(job);
}

function newMap(): Map<JobPart, Hop | undefined> {
  return new Map();
}

function publishing(subject: Subject, file: WorkflowFile, job: JobPart): Hop | undefined {
  for (const step of job.steps) {
    const { uses, run } = step;
    if (uses?.kind === 'repository' && ACTIONS.has(uses.repository))
      return { at: spanOf(file.source, uses.at, uses.text.length), what: 'publishes' };
    for (const { name, words, text } of run === undefined
      ? []
      : (subject.script({ file, job, step })?.commands ?? [])) {
      const values = words.map(({ value }) => value);
      const forms = COMMANDS[name] ?? [];
      if (
        run !== undefined &&
        !values.includes('--dry-run') &&
        forms.some((form) => form.every((word, at) => values[at] === word))
      )
        return { at: pieceSpan(file.source, run, text), what: 'publishes' };
    }
  }
  return undefined;
}
