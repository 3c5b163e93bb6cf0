import { err, ok, type Refusal, type Result } from '../../base/index.ts';
import {
  atLeast,
  counted,
  type Finding,
  fingerprints,
  githubReport,
  type GatheredFile,
  jsonReport,
  judge,
  lineAt,
  markdownReport,
  type Persona,
  PERSONAS,
  readRepository,
  sarifReport,
  SEVERITIES,
  type Severity,
  shownTo,
  type Sifted,
  sift,
  type Span,
} from '../../gate/index.ts';
import { asksReach, checkReach } from '../check-reach.ts';
import { automationAt } from '../../engine/index.ts';
import { type CheckSubject, checkSubject } from '../check-subject.ts';
import { type Command, type CommandContext, EXIT } from '../command.ts';
import { oneOf, parseOptions } from '../options.ts';
import { renderFinding } from '../render/findings.ts';
import { jsonLine } from '../render/json-line.ts';
import { exitStatus, renderRefusal } from '../render/refusals.ts';
import { styleFor } from '../render/style.ts';
import { VERSION } from '../version.ts';

const FORMATS = ['text', 'json', 'sarif', 'github', 'markdown'] as const;

const help = `usage: cofferdam check [PATH...] [options]

Reads all workflows, local actions, dependabot.yml, CODEOWNERS and cofferdam.yaml of a repository, without running anything,
and tells what is wrong with them: what a stranger can reach, and by which way. PATH is a repository or a file of one
(default: here); of a file only its own findings are told.

  --format FORMAT       ${FORMATS.join(', ')}
  --json                the same as --format json
  --against REF         only what is not already in that commit
  --persona PERSONA     default, pedantic (all style as well) or auditor (each doubtful place)
  --severity LEAST      only findings of at least: ${SEVERITIES.join(', ')}
  --from ORIGIN         can it be reached? From: fork-pull-request, comment, issue or anyone (the default)
  --to SECRET           to the secret of this name: each path with its places, or that there is none
  --graph               events, jobs and secrets as a Mermaid flowchart
  --zones               each job with the trust zones that its runs can be in at most, by event
  -q, --quiet           only the last line
  -h, --help

Exit status: 0 nothing was found (or there is no path), 1 something was (or there is one), 2 usage, or there is nothing to check.

example: cofferdam check --from fork-pull-request --to NPM_TOKEN
`;

const OPTIONS = {
  format: { type: 'string' },
  json: { type: 'boolean' },
  against: { type: 'string' },
  persona: { type: 'string' },
  severity: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  graph: { type: 'boolean' },
  zones: { type: 'boolean' },
  quiet: { type: 'boolean', short: 'q' },
} as const;

interface Wanted {
  readonly persona: Persona;
  readonly severity: Severity;
  readonly against?: string;
}

interface Checked extends Sifted {
  readonly files: number;
  readonly lineOf: (at: Span) => string;
  readonly prints: ReadonlyMap<Finding, string>;
}

async function run(context: CommandContext): Promise<number> {
  const parsed = parseOptions('check', context.args, OPTIONS);
  if (!parsed.ok) return refuse(context, parsed.error);
  const { values, positionals } = parsed.value;
  const format = oneOf('format', values.json === true ? 'json' : values.format, FORMATS);
  if (!format.ok) return refuse(context, format.error);
  const persona = oneOf('persona', values.persona, PERSONAS);
  if (!persona.ok) return refuse(context, persona.error);
  const severity = oneOf('severity', values.severity, SEVERITIES);
  if (!severity.ok) return refuse(context, severity.error);
  const wanted = {
    persona: persona.value ?? 'default',
    severity: severity.value ?? 'info',
    ...(values.against !== undefined && { against: values.against }),
  };
  let found = 0;
  let reached: number = EXIT.ok;
  for (const path of positionals.length === 0 ? ['.'] : positionals) {
    const subject = await checkSubject(path, context.directory);
    if (!subject.ok) return refuse(context, subject.error);
    if (asksReach(values)) {
      const answered = await checkReach(context, subject.value, values, format.value === 'json');
      if (!answered.ok) return refuse(context, answered.error);
      reached = Math.max(reached, answered.value);
      continue;
    }
    const checked = await check(subject.value, wanted);
    if (!checked.ok) return refuse(context, checked.error);
    found += checked.value.findings.length;
    write(context, checked.value, format.value ?? 'text', values.quiet === true);
  }
  return found === 0 ? reached : EXIT.failed;
}

async function check(subject: CheckSubject, wanted: Wanted): Promise<Result<Checked, Refusal>> {
  const head = await judged(subject.files, wanted, subject.meant);
  if (wanted.against === undefined) return ok(head);
  const before = await automationAt(subject.root, wanted.against);
  if (!before.ok) return err(before.error);
  const known = new Set((await judged(before.value, wanted, subject.meant)).prints.values());
  return ok({
    ...head,
    findings: head.findings.filter((finding) => !known.has(head.prints.get(finding) ?? '')),
  });
}

async function judged(
  files: readonly GatheredFile[],
  wanted: Wanted,
  meant?: ReadonlySet<string>,
): Promise<Checked> {
  const repository = await readRepository(files);
  const judgement = judge(repository);
  const of = shownTo(wanted.persona, judgement.findings).filter(
    ({ severity, at }) => atLeast(severity, wanted.severity) && (meant === undefined || meant.has(at.file)),
  );
  const sifted = await sift(repository, of, new Date().toISOString().slice(0, 10));
  const sources = new Map(
    [...repository.workflows, ...repository.actions, ...repository.dependabot].map(({ source }) => [
      source.path,
      source,
    ]),
  );
  const lineOf = (at: Span): string => {
    const source = sources.get(at.file);
    return source === undefined ? '' : lineAt(source, at.line);
  };
  const all = [...sifted.findings, ...sifted.suppressed.map(({ finding }) => finding)];
  return {
    ...sifted,
    files: meant === undefined ? judgement.files : meant.size,
    lineOf,
    prints: fingerprints(all, ({ at }) => lineOf(at)),
  };
}

function write(
  context: CommandContext,
  checked: Checked,
  format: (typeof FORMATS)[number],
  quiet: boolean,
): void {
  const { stdout } = context;
  const { files, prints, findings, suppressed, lineOf } = checked;
  if (format === 'json') stdout.write(jsonLine(jsonReport(checked, files, prints)));
  else if (format === 'sarif') stdout.write(jsonLine(sarifReport(checked, prints, VERSION)));
  else if (format === 'github') stdout.write(githubReport(findings));
  else if (format === 'markdown') stdout.write(markdownReport(checked, files));
  else {
    const style = styleFor(stdout, context.environment);
    if (!quiet) for (const finding of findings) stdout.write(renderFinding(finding, lineOf, style));
    const also = suppressed.length === 0 ? '' : `, ${suppressed.length} suppressed`;
    stdout.write(`${counted(findings)} in ${files} ${files === 1 ? 'file' : 'files'}${also}\n`);
  }
}

function refuse(context: CommandContext, why: Refusal): number {
  context.stderr.write(renderRefusal(why));
  return exitStatus(why);
}

export const command: Command = { help, run };
