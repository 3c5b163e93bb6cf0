import { err, ok, type Refusal, type Result } from '../../base/index.ts';
import { checkReach } from '../check-reach.ts';
import { type CheckSubject, checkSubjects, subjectFrom } from '../check-subject.ts';
import { chooserFor } from '../check/checked.ts';
import { checkFacts } from '../check/facts.ts';
import { judged } from '../check/judged.ts';
import { openKept } from '../check/kept.ts';
import { mend, statusOf, tellMended } from '../check/mended.ts';
import { report } from '../check/report.ts';
import { help, type Wanted, wantedFrom } from '../check/wanted.ts';
import { checkPolicy } from '../check/check-policy.ts';
import { type Command, type CommandContext, EXIT } from '../command.ts';
import { exitStatus, renderRefusal } from '../render/refusals.ts';

async function run(context: CommandContext): Promise<number> {
  const wanted = wantedFrom(context.args);
  if (!wanted.ok) return refuse(context, wanted.error);
  const subjects = wanted.value.paths.includes('-')
    ? ok([await subjectFrom(context.stdin, context.directory)])
    : await checkSubjects(wanted.value.paths, context.directory);
  if (!subjects.ok) return refuse(context, subjects.error);
  let status: number = EXIT.ok;
  for (const subject of subjects.value) {
    const done = await checkOne(context, subject, wanted.value);
    if (!done.ok) return refuse(context, done.error);
    status = Math.max(status, done.value);
  }
  return status;
}

async function checkOne(
  context: CommandContext,
  subject: CheckSubject,
  wanted: Wanted,
): Promise<Result<number, Refusal>> {
  const kept = wanted.cache ? await openKept(context.environment, subject.root) : undefined;
  if (wanted.reach !== undefined)
    return checkReach(context, subject, wanted.reach, wanted.format === 'json', kept);
  const policy = await checkPolicy(subject.files, context.environment);
  if (!policy.ok) return policy;
  const facts = await checkFacts(context, subject, wanted, kept);
  if (!facts.ok) return facts;
  const choose = await chooserFor(subject, wanted, policy.value, facts.value, kept);
  if (!choose.ok) return err(choose.error);
  if (wanted.fix === undefined) {
    const checked = await choose.value(await judged(subject.files, facts.value, kept));
    await report(context, checked, wanted);
    return ok(checked.findings.length === 0 ? EXIT.ok : EXIT.failed);
  }
  const done = await mend(context, subject, choose.value, wanted, facts.value);
  if (!done.ok) return done;
  const { checked, mended } = done.value;
  await tellMended(context, checked, mended, wanted);
  if (!wanted.dryRun) await report(context, checked, wanted, mended);
  return ok(statusOf(mended, checked, wanted));
}

function refuse(context: CommandContext, why: Refusal): number {
  context.stderr.write(renderRefusal(why));
  return exitStatus(why);
}

export const command: Command = { help, run };
