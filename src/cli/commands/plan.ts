import { availableParallelism, totalmem } from 'node:os';
import { visible } from '../../audit/index.ts';
import { formatSize, type Refusal } from '../../base/index.ts';
import { clientSetup, decideZone, openRepository, synthesiseEvent } from '../../engine/index.ts';
import { type Job, matchesEvent, readWorkflow, unsupported, type Workflow } from '../../workflow/index.ts';
import { type Controls, defaultControls } from '../../zone/index.ts';
import { type Command, type CommandContext, EXIT } from '../command.ts';
import { parseOptions } from '../options.ts';
import { exitStatus, renderRefusal } from '../render/refusals.ts';
import { workflowSource } from '../workflow-source.ts';

const help = `usage: cofferdam plan [WORKFLOW] [--event NAME] [--fork] [--ref REF] [--json]

Shows for each job, without running it: its zone and the facts that put it there, isolation, network, secrets, token
permissions and limits, and what would be refused.

exit status: 0, or 2 when the run would be refused

example: cofferdam plan ci.yml --event pull_request --fork
`;

const OPTIONS = {
  event: { type: 'string' },
  fork: { type: 'boolean' },
  ref: { type: 'string' },
  json: { type: 'boolean' },
} as const;

async function run(context: CommandContext): Promise<number> {
  const parsed = parseOptions('plan', context.args, OPTIONS);
  if (!parsed.ok) return refuse(context, parsed.error);
  const { values, positionals } = parsed.value;
  const source = await workflowSource(positionals[0], context.directory);
  if (!source.ok) return refuse(context, source.error);
  const repository = await openRepository(source.value.repository);
  if (!repository.ok) return refuse(context, repository.error);
  const event = await synthesiseEvent(repository.value, {
    fork: values.fork === true,
    actor: 'local',
    inputs: {},
    now: new Date(),
    ...(values.event !== undefined && { event: values.event }),
    ...(values.ref !== undefined && { ref: values.ref }),
  });
  if (!event.ok) return refuse(context, event.error);
  const controls = defaultControls('untrusted', { memoryBytes: totalmem(), cpus: availableParallelism() });
  const clients = await clientSetup([], controls.egress.allow, context.environment);
  if (!clients.ok) return refuse(context, clients.error);
  const hosts = clients.value.allow.map((allowed) => `${allowed.host} (${allowed.entry})`);
  const decision = decideZone(event.value);
  let status: number = EXIT.ok;
  for (const file of source.value.files) {
    const workflow = await readWorkflow(file.path, file.bytes);
    if (!workflow.ok) {
      for (const why of workflow.error) context.stderr.write(renderRefusal(why));
      status = EXIT.usage;
      continue;
    }
    const refused = unsupported(workflow.value);
    if (refused.length > 0) status = EXIT.usage;
    const { name, action, ref, baseRef } = event.value;
    const matched = matchesEvent(workflow.value, {
      name,
      ref,
      ...(action !== undefined && { action }),
      ...(baseRef !== undefined && { baseRef }),
    });
    if (values.json === true) {
      context.stdout.write(
        `${JSON.stringify({ workflow: file.path, event: name, runs: matched.run, why: matched.why, ...decision, controls, hosts, jobs: workflow.value.jobs.map((job) => ({ id: job.id, permissions: permissions(workflow.value, job, controls) })), refused })}\n`,
      );
      continue;
    }
    context.stdout.write(
      `${visible(file.path)}  ${name}${event.value.fork ? ' from a fork' : ''}: ${visible(matched.why)}\n`,
    );
    for (const job of matched.run ? workflow.value.jobs : [])
      context.stdout.write(jobText(workflow.value, job, decision, controls, hosts));
    for (const why of refused) context.stderr.write(renderRefusal(why));
  }
  return status;
}

/** The least of what the workflow asks for and what the zone grants. */
function permissions(workflow: Workflow, job: Job, controls: Controls): Readonly<Record<string, string>> {
  const asked = job.permissions ?? workflow.permissions;
  const granted: Record<string, string> = {};
  for (const [scope, most] of Object.entries(controls.tokenPermissions)) {
    const level = asked === undefined ? most : (asked[scope] ?? 'none');
    if (level !== 'none') granted[scope] = most === 'read' ? 'read' : level;
  }
  return granted;
}

function jobText(
  workflow: Workflow,
  job: Job,
  decision: ReturnType<typeof decideZone>,
  controls: Controls,
  hosts: readonly string[],
): string {
  const { limits } = controls;
  const token =
    Object.entries(permissions(workflow, job, controls))
      .map(([scope, level]) => `${scope}: ${level}`)
      .join(', ') || 'none';
  return [
    `  ${visible(job.id)}`,
    `    zone      ${decision.zone}   because: ${decision.because.map((reason) => visible(reason)).join('; ')}`,
    ...decision.facts.map(
      (fact) =>
        `      fact    ${fact.name} = ${visible(fact.value, 80)}   from ${fact.source}${fact.forgeable ? ', forgeable' : ''}`,
    ),
    `    isolation ${controls.isolation.floor}: OCI runtime, user namespace, no capabilities, seccomp, read-only root`,
    `    network   deny all; allow ${hosts.length === 0 ? 'nothing' : hosts.join(', ')}`,
    `    secrets   none   token   ${token}`,
    `    limits    memory ${formatSize(limits.memoryBytes)}  cpus ${limits.cpus}  pids ${limits.pids}  workspace ${formatSize(limits.workspaceBytes)}  tmp ${formatSize(limits.tmpBytes)}  log ${formatSize(limits.logBytes)}  step ${limits.stepTimeoutMs / 60_000} min`,
    '',
  ].join('\n');
}

function refuse(context: CommandContext, why: Refusal): number {
  context.stderr.write(renderRefusal(why));
  return exitStatus(why);
}

export const command: Command = { help, run };
