import { err, ok, type Refusal, type Result } from '../../base/index.ts';
import { checkReach } from '../check-reach.ts';
import { checkSubject } from '../check-subject.ts';
import { chooserFor, judged } from '../check/checked.ts';
import { checkFacts } from '../check/facts.ts';
import { mend, statusOf, tellMended } from '../check/mended.ts';
import { report } from '../check/report.ts';
import { help, type Wanted, wantedFrom } from '../check/wanted.ts';
import { checkPolicy } from '../check/check-policy.ts';
import { type Command, type CommandContext, EXIT } from '../command.ts';
import { exitStatus, renderRefusal } from '../render/refusals.ts';

async function run(context: CommandContext): Promise<number> {
  const wanted = wantedFrom(context.args);
  let status: number = EXIT.ok;
  for (const path of wanted.ok ? wanted.value.paths : []) {
    const done = wanted.ok ? await checkOne(context, path, wanted.value) : wanted;
    if (!done.ok) return refuse(context, done.error);
    status = Math.max(status, done.value);
  }
  return wanted.ok ? status : refuse(context, wanted.error);
}

async function checkOne(
  context: CommandContext,
  path: string,
  wanted: Wanted,
): Promise<Result<number, Refusal>> {
  const subject = await checkSubject(path, context.directory);
  if (!subject.ok) return subject;
  if (wanted.reach !== undefined)
    return checkReach(context, subject.value, wanted.reach, wanted.format === 'json');
  const policy = await checkPolicy(subject.value.files, context.environment);
  if (!policy.ok) return policy;
  const facts = await checkFacts(context, subject.value, wanted);
  if (!facts.ok) return facts;
  const choose = await chooserFor(subject.value, wanted, policy.value, facts.value);
  if (!choose.ok) return err(choose.error);
  if (wanted.fix === undefined) {
    const checked = await choose.value(await judged(subject.value.files, facts.value));
    await report(context, checked, wanted);
    return ok(checked.findings.length === 0 ? EXIT.ok : EXIT.failed);
  }
  const done = await mend(context, subject.value, choose.value, wanted, facts.value);
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
