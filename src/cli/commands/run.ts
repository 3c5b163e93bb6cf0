import { jsonLine } from '../render/json-line.ts';
import { type Verification, type Verdict, verifyRecord, visible } from '../../audit/index.ts';
import { type Refusal, refusal } from '../../base/index.ts';
import { EVENTS, runWorkflow, signalStatus } from '../../engine/index.ts';
import type { RootImage } from '../../sandbox/index.ts';
import { openStateFolder } from '../../store/index.ts';
import { EvaluationWork, type Portion } from '../../workflow/index.ts';
import { type Command, type CommandContext, EXIT } from '../command.ts';
import { EVENT_OPTIONS } from '../event-options.ts';
import { parseOptions } from '../options.ts';
import { exitStatus, renderRefusal } from '../render/refusals.ts';
import { LiveLine } from '../render/live-line.ts';
import { ObservedConnections } from '../render/observed.ts';
import { reloadedText } from '../render/reloaded.ts';
import { RunView } from '../render/run-view.ts';
import { type Style, styleFor } from '../render/style.ts';
import { GRANT_OPTIONS, type RunGrants, runGrants } from '../run-grants.ts';
import { ROOT_IMAGE_OPTION, rootImage } from '../root-image.ts';
import { type RunSubject, runSubject } from '../run-subject.ts';
import {
  PORTION_OPTIONS,
  portion,
  type RunnableWorkflow,
  runnableWorkflows,
  startedWorkflows,
} from '../started-workflows.ts';
import { VERSION } from '../version.ts';

const help = `usage: cofferdam run [WORKFLOW] [options]

Runs a workflow's jobs, each in the sandbox of its zone. WORKFLOW is a file, the name of one in this repository, or a
repository's folder; without it, every workflow here that the event starts.

  --event NAME          ${EVENTS.join(', ')}
                        (default: push)
  --event-file FILE     the event's payload, as GitHub sends it
  --fork                the pull request comes from a fork
  --action TYPE         the event's activity type, such as opened
  --ref REF             run another branch, tag or commit than the work tree as it is
  --job JOB             only this job and what it needs
  --matrix NAME=VALUE   only the combinations of a matrix that have this value; repeatable
  --input NAME=VALUE    an input of workflow_dispatch; repeatable
  --allow HOST          allow a further host: name, name:port, *.name or a preset; repeatable
  --zone ZONE           may lower the zone, never raise it
  --isolation TIER      at least this wall: hardened-container, sandboxed-kernel or microvm
  --runtime NAME        this runtime and no other: runc, crun or runsc
  --profile NAME        serve a need that costs a wall: debugger, browser or nested-build (docs/profiles.md)
  --root-image FOLDER   the jobs' programs come from an OCI image directory instead of this machine's /usr
  --secret NAME         a secret's value, from the variable of that name; repeatable. A job gets it only when its
                        zone names it
  --secret-file N=PATH  the same from a file that only you can read
  --approve JOB         you approve this job, where its zone asks for approval; repeatable
  --config FILE         the operator's configuration instead of ~/.config/cofferdam/cofferdam.yaml
  --strict              a refused connection makes the exit status 4
  --verbose             show the steps' output
  --quiet               only the last line
  --json                the record's events, one JSON line each
  -h, --help

Exit status: 0 it worked, 1 a job failed, 2 usage, 3 refused by policy, 4 stopped by a limit or a control, 69 the machine lacks something.

example: cofferdam run ci.yml --event pull_request --fork
`;

const OPTIONS = {
  ...EVENT_OPTIONS,
  ...GRANT_OPTIONS,
  ...PORTION_OPTIONS,
  ...ROOT_IMAGE_OPTION,
  strict: { type: 'boolean' },
  verbose: { type: 'boolean', short: 'v' },
  quiet: { type: 'boolean', short: 'q' },
  json: { type: 'boolean' },
} as const;

async function run(context: CommandContext): Promise<number> {
  const parsed = parseOptions('run', context.args, OPTIONS);
  if (!parsed.ok) return refuse(context, [parsed.error]);
  const { values, positionals, rest } = parsed.value;
  if (positionals.length > 1 || rest.length > 0) {
    return refuse(context, [
      refusal('usage', 'cli/arguments', 'run takes one workflow', 'see cofferdam run --help'),
    ]);
  }
  const state = openStateFolder(context.environment);
  if (!state.ok) return refuse(context, [state.error]);
  const subject = await runSubject(context, positionals[0], values);
  if (!subject.ok) return refuse(context, subject.error);
  const grants = await runGrants(context, values);
  if (!grants.ok) return refuse(context, [grants.error]);
  const wanted = portion(values);
  if (!wanted.ok) return refuse(context, [wanted.error]);
  const found = await startedWorkflows(subject.value.files, subject.value.event, wanted.value);
  if (!found.ok) return refuse(context, found.error);
  const image = await rootImage(context, state.value, values);
  if (!image.ok) return refuse(context, [image.error]);
  const work = new EvaluationWork();
  const runnable = await runnableWorkflows(found.value, wanted.value, {
    ...subject.value,
    outside: context.environment,
    work,
    ...(image.value !== undefined && { image: image.value }),
  });
  if (!runnable.ok) return refuse(context, runnable.error);
  const cancel = new AbortController();
  const kill = new AbortController();
  const off = context.onSignal((name) => {
    if (cancel.signal.aborted) kill.abort();
    else {
      cancel.abort(name);
      if (context.stderr.isTTY === true) context.stderr.write('ending; once more to end at once\n');
    }
  });
  const style = styleFor(context.stdout, context.environment);
  let worst = 0;
  let left = runnable.value.length;
  for (const one of runnable.value) {
    const status = await runOne(
      context,
      one,
      subject.value,
      grants.value,
      state.value,
      wanted.value,
      image.value,
      values,
      work,
      style,
      {
        cancel: cancel.signal,
        kill: kill.signal,
      },
    );
    worst = Math.max(worst, status);
    left -= 1;
    if (cancel.signal.aborted) break;
  }
  off();
  // Workflows that were not begun have no record to say it.
  return cancel.signal.aborted && left > 0 ? signalStatus(String(cancel.signal.reason)) : worst;
}

type RunValues = {
  readonly strict?: boolean;
  readonly verbose?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
  readonly config?: string;
};

async function runOne(
  context: CommandContext,
  found: RunnableWorkflow,
  subject: RunSubject,
  grants: RunGrants,
  state: Parameters<typeof runWorkflow>[1],
  wanted: Portion,
  image: RootImage | undefined,
  values: RunValues,
  work: EvaluationWork,
  style: Style,
  signals: Parameters<typeof runWorkflow>[3],
): Promise<number> {
  const { event } = subject;
  const quiet = values.quiet === true || values.json === true;
  const terminal = context.stdout.isTTY === true && !quiet && (context.environment['CI'] ?? '') === '';
  const view = new RunView({
    write: (text) => {
      if (terminal) live.write(text);
      else if (!quiet) context.stdout.write(text);
    },
    style,
    verbose: values.verbose === true,
    jobs: found.workflow.jobs,
    now: Date.now,
  });
  const live = new LiveLine(context.stdout, () => view.live());
  if (!quiet)
    context.stdout.write(
      `\n${style.strong(visible(found.path))}  ${event.name}${event.fork ? ' from a fork' : ''}\n`,
    );
  if (terminal) live.start();
  const observed = new ObservedConnections();
  const outcome = await runWorkflow(
    {
      ...subject,
      ...grants,
      // A question on the terminal stands alone.
      approve: async (job, zone) => {
        live.stop();
        const approved = await grants.approve(job, zone);
        if (terminal) live.start();
        return approved;
      },
      workflow: found.workflow,
      workflowPath: found.path,
      workflowBytes: found.bytes,
      outside: context.environment,
      version: VERSION,
      strict: values.strict === true,
      ...(values.config !== undefined && { config: values.config }),
      work,
      runnable: found.runnable,
      ...(image !== undefined && { image }),
      ...wanted,
    },
    state,
    {
      event: (recorded) => {
        observed.take(recorded);
        context.stderr.write(ObservedConnections.beginning(recorded));
        if (recorded.type === 'policy.reloaded') context.stderr.write(reloadedText(recorded));
        if (values.json === true) context.stdout.write(jsonLine(recorded));
        else view.event(recorded);
      },
      output: (line) => view.output(line),
    },
    signals,
  ).finally(() => live.stop());
  if (!outcome.ok) return refuse(context, [outcome.error]);
  const { verdict, denied, gaps, run: folder } = outcome.value;
  const verified = await verifyRecord({ directory: folder.record, keysFolder: state.keys, runId: folder.id });
  const nothingRan = [...outcome.value.jobs.values()].every((job) => job.conclusion === 'skipped');
  if (values.json !== true) {
    context.stdout.write(
      `\n${word(verdict, style)}  ${nothingRan ? 'no job ran, ' : ''}${denied} denied, ${gaps} telemetry gaps · record ${folder.id} ${recordWord(verified)}\n`,
    );
  }
  context.stderr.write(observed.ending(folder.id));
  return verified.state === 'whole' ? outcome.value.exitStatus : EXIT.defect;
}

function word(verdict: Verdict, style: Style): string {
  const text = verdict.toUpperCase();
  return verdict === 'passed'
    ? style.good(text)
    : verdict === 'contained'
      ? style.note(text)
      : style.bad(text);
}

function recordWord(verified: Verification): string {
  return verified.state === 'whole' ? 'verified' : `${verified.state}: ${verified.why}`;
}

function refuse(context: CommandContext, why: readonly Refusal[]): number {
  for (const one of why) context.stderr.write(renderRefusal(one));
  return why[0] === undefined ? EXIT.defect : exitStatus(why[0]);
}

export const command: Command = { help, run };
