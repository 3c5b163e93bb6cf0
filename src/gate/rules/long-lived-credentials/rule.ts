import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Site, Subject } from '../../subject.ts';
import type { StepPart } from '../../repository/model.ts';
import { pieceSpan, spanOf } from '../../repository/tree.ts';
import { publishesByKey } from './publishers.ts';
import { row } from '../../known/row.ts';

export const rule: Rule = {
  id: 'long-lived-credentials',
  title: 'A key that does not end is used where a short one can be had',
  severity: 'low',
  confidence: 'medium',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§3', 'checklist'],
  alsoKnownAs: ['zizmor/use-trusted-publishing', 'codeql/actions/npm-token-in-publish'],
  check,
};

/** Inputs of actions that can exchange the job\u2019s identity instead. Source: each action\u2019s own documentation. */
const STATIC: Readonly<Record<string, readonly string[]>> = {
  'aws-actions/configure-aws-credentials': ['aws-access-key-id', 'aws-secret-access-key'],
  'google-github-actions/auth': ['credentials_json'],
  'azure/login': ['creds'],
  'pypa/gh-action-pypi-publish': ['password'],
  'hashicorp/vault-action': ['token', 'roleid'],
  'rubygems/release-gem': ['api-key'],
  'js-devtools/npm-publish': ['token'],
  'rubygems/configure-rubygems-credentials': ['api-token'],
};
/** Registries that let a workflow publish as itself, by the command that publishes. */
const PUBLISHERS: Readonly<Record<string, readonly string[]>> = {
  npm: ['NODE_AUTH_TOKEN', 'NPM_TOKEN'],
  pnpm: ['NODE_AUTH_TOKEN', 'NPM_TOKEN'],
  cargo: ['CARGO_REGISTRY_TOKEN'],
  gem: ['GEM_HOST_API_KEY', 'RUBYGEMS_API_KEY'],
  uv: ['UV_PUBLISH_TOKEN', 'UV_PUBLISH_PASSWORD'],
  dotnet: ['NUGET_API_KEY', 'NUGET_AUTH_TOKEN'],
};
const VARIABLES = new Set([
  'AWS_SECRET_ACCESS_KEY',
  'GOOGLE_CREDENTIALS',
  'ARM_CLIENT_SECRET',
  'AZURE_CLIENT_SECRET',
  'TWINE_PASSWORD',
]);

function* check(subject: Subject): Iterable<Found> {
  for (const { file, job, step } of subject.sites) {
    const inputs = step.uses?.kind === 'repository' ? (row(STATIC, step.uses.repository) ?? []) : [];
    const of = job === undefined ? {} : { job: job.id };
    for (const { name, value } of elsewhere(step) ? [] : step.with)
      if (inputs.includes(name.toLowerCase()) && value.text.includes('secrets.'))
        yield {
          ...of,
          at: spanOf(file.source, value.at, value.text.length),
          message: `${name} is a key that works until somebody revokes it`,
          fix: 'use OIDC: id-token: write, and a role or trusted publisher that trusts this workflow',
        };
    const published =
      step.run === undefined
        ? undefined
        : publisherOf(subject, { file, step, ...(job !== undefined && { job }) });
    let told = false;
    for (const { name, value } of [...step.env, ...(published === undefined ? [] : (job?.env ?? []))])
      if (
        (VARIABLES.has(name) ||
          (published !== undefined && row(PUBLISHERS, published)?.includes(name) === true)) &&
        value.text.includes('secrets.')
      ) {
        told = true;
        yield {
          ...of,
          at: spanOf(file.source, value.at, value.text.length),
          message: `${name} is a key that works until somebody revokes it`,
          fix: 'use OIDC: id-token: write, and a role or trusted publisher that trusts this workflow',
        };
      }
    if (!told) yield* withoutIdentity(subject, { file, step, ...(job !== undefined && { job }) });
  }
}

/** A command that publishes where a registry would take the job’s identity, in a job that has none: it must have a key. */
function* withoutIdentity(subject: Subject, site: Site): Iterable<Found> {
  const { file, job, step } = site;
  const granted = job?.permissions ?? (file.kind === 'workflow' ? file.permissions : undefined);
  const run = step.run;
  if (run === undefined || !/publish|upload|push/.test(run.text)) return;
  if (
    granted?.all === 'write' ||
    granted?.scopes.some(({ scope, level }) => scope === 'id-token' && level === 'write') === true
  )
    return;
  for (const command of subject.script(site)?.commands ?? [])
    if (publishesByKey(command))
      yield {
        at: pieceSpan(file.source, run, command.text),
        severity: 'info',
        message: `${command.text.split('\n', 1)[0]?.slice(0, 80)} needs a key that works until somebody revokes it: the job may not ask for an identity`,
        fix: 'publish as a trusted publisher: id-token: write in this job, and the workflow named at the registry',
        ...(job !== undefined && { job: job.id }),
      };
}

/** A registry of one's own takes no identity of a workflow. */
function elsewhere({ uses, with: given }: StepPart): boolean {
  if (uses?.kind !== 'repository' || uses.repository !== 'pypa/gh-action-pypi-publish') return false;
  const url = given.find(({ name }) => /^repository[-_]url$/i.test(name))?.value.text;
  return url !== undefined && !url.includes('${{') && !/^https:\/\/(?:upload\.|test\.)?pypi\.org\//.test(url);
}

function publisherOf(subject: Subject, site: Site): string | undefined {
  return subject
    .script(site)
    ?.commands.find(
      ({ name, words }) =>
        row(PUBLISHERS, name) !== undefined &&
        words.some(({ value }) => value === 'publish' || value === 'push') &&
        !words.some(({ value }) => value === '--dry-run'),
    )?.name;
}
