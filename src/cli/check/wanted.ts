import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { type Persona, PERSONAS, type Safety, SEVERITIES, type Severity } from '../../gate/index.ts';
import { asksReach, type ReachOptions } from '../check-reach.ts';
import { oneOf, parseOptions } from '../options.ts';

const FORMATS = ['text', 'json', 'sarif', 'github', 'markdown', 'html'] as const;

export const help = `usage: cofferdam check [PATH...] [options]

Reads all workflows, local actions, dependabot.yml, CODEOWNERS and cofferdam.yaml of a repository, without running anything,
and tells what is wrong with them: what a stranger can reach, and by which way. PATH is a repository or a file of one
(default: here); of a file only its own findings are told. A folder that is no repository is read for workflows that lie in it;
- is one file by standard input.

  --format FORMAT       ${FORMATS.join(', ')}
  --json                the same as --format json
  --against REF         only what is not already in that commit
  --persona PERSONA     default, pedantic (all style as well) or auditor (each doubtful place)
  --severity LEAST      only findings of at least: ${SEVERITIES.join(', ')}
  --fix                 mend in place what can be mended without changing what works; tell what is left
  --fix=unsafe          as well what a person should look at (also --unsafe-fixes)
  --diff                write nothing, and print as a unified diff what --fix would do (also --fix --dry-run)
  --mirror PLACE        folders with the repositories of actions (owner/name below it), or owner/name=FOLDER: what they know of
                        commits and tags; repeatable. The operator\u2019s lock.mirrors as well. No server is asked
  --from ORIGIN         can it be reached? From: fork-pull-request, comment, issue or anyone (the default)
  --to SECRET           to the secret of this name: each path with its places, or that there is none
  --graph               events, jobs and secrets as a Mermaid flowchart
  --zones               each job with the trust zones that its runs can be in at most, by event
  --no-cache            judge anew, and keep nothing of it
  -q, --quiet           only the last line
  -h, --help

Exit status: 0 nothing was found, or is left (or there is no path), 1 something was (or there is one, or --diff has something to
mend), 2 usage, or there is nothing to check.

example: cofferdam check --from fork-pull-request --to NPM_TOKEN
`;

const OPTIONS = {
  format: { type: 'string' },
  json: { type: 'boolean' },
  against: { type: 'string' },
  persona: { type: 'string' },
  severity: { type: 'string' },
  fix: { type: 'boolean' },
  'unsafe-fixes': { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  diff: { type: 'boolean' },
  mirror: { type: 'string', multiple: true },
  from: { type: 'string' },
  to: { type: 'string' },
  graph: { type: 'boolean' },
  zones: { type: 'boolean' },
  'no-cache': { type: 'boolean' },
  quiet: { type: 'boolean', short: 'q' },
} as const;

export interface Wanted {
  readonly paths: readonly string[];
  readonly format: (typeof FORMATS)[number];
  readonly persona: Persona;
  readonly severity: Severity;
  readonly against?: string;
  readonly quiet: boolean;
  /** Whether what was found out before may be used and kept. */
  readonly cache: boolean;
  /** `--mirror`, as it was given. */
  readonly mirrors: readonly string[];
  /** Which findings are mended; absent: none. */
  readonly fix?: Safety;
  /** Only shown, not written. */
  readonly dryRun: boolean;
  /** Another question than what is wrong. */
  readonly reach?: ReachOptions;
}

export function wantedFrom(args: readonly string[]): Result<Wanted, Refusal> {
  const parsed = parseOptions('check', args.flatMap(fixOption), OPTIONS);
  if (!parsed.ok) return parsed;
  const { values, positionals } = parsed.value;
  const format = oneOf('format', values.json === true ? 'json' : values.format, FORMATS);
  if (!format.ok) return format;
  const persona = oneOf('persona', values.persona, PERSONAS);
  if (!persona.ok) return persona;
  const severity = oneOf('severity', values.severity, SEVERITIES);
  if (!severity.ok) return severity;
  const dryRun = values['dry-run'] === true || values.diff === true;
  const unsafe = values['unsafe-fixes'] === true;
  const fixes = values.fix === true || unsafe || dryRun;
  if (fixes && asksReach(values))
    return wrong('--fix goes with no question of --from, --to, --graph and --zones');
  if (positionals.includes('-') && (fixes || positionals.length > 1 || values.against !== undefined))
    return wrong('- stands alone, and goes with neither --fix nor --against');
  if (dryRun && format.value !== undefined && format.value !== 'text')
    return wrong('--diff prints a diff, and no other format');
  return ok({
    paths: positionals.length === 0 ? ['.'] : positionals,
    format: format.value ?? 'text',
    persona: persona.value ?? 'default',
    severity: severity.value ?? 'info',
    quiet: values.quiet === true,
    cache: values['no-cache'] !== true,
    dryRun,
    mirrors: values.mirror ?? [],
    ...(values.against !== undefined && { against: values.against }),
    ...(fixes && { fix: unsafe ? 'unsafe' : 'safe' }),
    ...(asksReach(values) && { reach: values }),
  });
}

/** `--fix=unsafe` is two options: a value of `--fix` alone would be the next path. */
function fixOption(arg: string): readonly string[] {
  if (arg === '--fix=unsafe') return ['--fix', '--unsafe-fixes'];
  return [arg === '--fix=safe' ? '--fix' : arg];
}

function wrong(why: string): Result<never, Refusal> {
  return err(refusal('usage', 'cli/value', why, 'ask one thing after the other'));
}
