import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Refusal } from '../../base/index.ts';
import { judge, readRepository } from '../../gate/index.ts';
import {
  assessMarkdown,
  assessPage,
  factsOf,
  judgeChecklist,
  NO_RECORDS,
  planFrom,
  recordedRuns,
} from '../../posture/index.ts';
import { openStateFolder } from '../../store/index.ts';
import { checkSubject } from '../check-subject.ts';
import { type Command, type CommandContext, EXIT } from '../command.ts';
import { oneOf, parseOptions } from '../options.ts';
import { renderAssessment } from '../render/assessment.ts';
import { jsonLine } from '../render/json-line.ts';
import { exitStatus, renderRefusal } from '../render/refusals.ts';
import { styleFor } from '../render/style.ts';
import { VERSION } from '../version.ts';

const FORMATS = ['text', 'json', 'markdown', 'html'] as const;

const help = `usage: cofferdam assess [PATH] [options]

Where a repository stands against the operational checklist and the 30/60/90 day plan of a CI that strangers' code runs in: each
item with its evidence, from the repository's automation and from the records of its runs on this machine, and what to do first,
by exposure removed for effort. What is not seen is not known, and never counts as met. PATH is a repository (default: here).

  --format FORMAT   ${FORMATS.join(', ')} (one page that stands alone, to hand on)
  --json            the same as --format json
  -h, --help

Exit status: 0 every item is met or does not apply, 1 one is not, or is not known, 2 usage, or there is nothing to assess.

example: cofferdam assess --format html > assessment.html
`;

const OPTIONS = { format: { type: 'string' }, json: { type: 'boolean' } } as const;
const RUNBOOK = /(?:incident|runbook|security[-_]response|playbook)[\w.-]*\.(?:md|rst|adoc|txt)$/i;

async function run(context: CommandContext): Promise<number> {
  const parsed = parseOptions('assess', context.args, OPTIONS);
  if (!parsed.ok) return refuse(context, parsed.error);
  const { values, positionals } = parsed.value;
  const format = oneOf('format', values.json === true ? 'json' : values.format, FORMATS);
  if (!format.ok) return refuse(context, format.error);
  const subject = await checkSubject(positionals[0] ?? '.', context.directory);
  if (!subject.ok) return refuse(context, subject.error);
  const { root, files } = subject.value;
  const state = openStateFolder(context.environment);
  const records = state.ok ? await recordedRuns(state.value, root) : NO_RECORDS;
  const facts = factsOf(basename(root), judge(await readRepository(files)), await runbooksIn(root), records);
  const items = judgeChecklist(facts);
  const assessment = { facts, items, plan: planFrom(items) };
  const { stdout } = context;
  switch (format.value ?? 'text') {
    case 'json': {
      const { findings: _findings, placed: _placed, ...told } = facts;
      stdout.write(jsonLine({ version: 1, ...told, checklist: items, plan: assessment.plan }));
      break;
    }
    case 'markdown':
      stdout.write(assessMarkdown(assessment));
      break;
    case 'html':
      stdout.write(assessPage(assessment, VERSION, new Date().toISOString().slice(0, 10)));
      break;
    default:
      stdout.write(renderAssessment(assessment, styleFor(stdout, context.environment)));
  }
  return items.every(({ state: is }) => is === 'met' || is === 'none') ? EXIT.ok : EXIT.failed;
}

/** Names of files in the usual places that say what to do in an incident. Nothing is opened. */
async function runbooksIn(root: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of ['', 'docs', '.github', 'runbooks', 'docs/runbooks']) {
    const names = await readdir(join(root, folder)).catch(() => []);
    for (const name of names) if (RUNBOOK.test(name) && found.length < 5) found.push(join(folder, name));
  }
  return found.toSorted();
}

function refuse(context: CommandContext, why: Refusal): number {
  context.stderr.write(renderRefusal(why));
  return exitStatus(why);
}

export const command: Command = { help, run };
