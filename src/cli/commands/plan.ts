import { jsonLine } from '../render/json-line.ts';
import { visible } from '../../audit/index.ts';
import { formatSize, type Refusal } from '../../base/index.ts';
import {
  gateFindings,
  type JobZone,
  localFacts,
  refusedByGate,
  refusedByLock,
  refusedByOwnRules,
  requestedSecrets,
  runnable,
  zonesOf,
} from '../../engine/index.ts';
import { withheldSecrets } from '../../secrets/index.ts';
import { EvaluationWork, type Job, readWorkflow, type Workflow } from '../../workflow/index.ts';
import type { Controls } from '../../zone/index.ts';
import { type Command, type CommandContext, EXIT } from '../command.ts';
import { EVENT_OPTIONS } from '../event-options.ts';
import { parseOptions } from '../options.ts';
import { renderPlanFindings } from '../render/plan-findings.ts';
import { exitStatus, renderRefusal } from '../render/refusals.ts';
import { GRANT_OPTIONS, runGrants } from '../run-grants.ts';
import { runSubject } from '../run-subject.ts';
import { chooseRuntime, profileOf, profileUnfit } from '../../sandbox/index.ts';
import { type IsolationTier, TIER_OF } from '../../zone/index.ts';
import { jobsMeant, matched, PORTION_OPTIONS, portion } from '../started-workflows.ts';

const help = `usage: cofferdam plan [WORKFLOW] [options]

Shows for each job, without running it: its zone and the facts that put it there, what a higher zone would need, isolation,
network, secrets, token permissions and limits, and what would be refused; then what cofferdam check finds in the workflow, and what
enforcement makes of it. WORKFLOW as in cofferdam run.

  --json                one JSON object for each workflow
  -h, --help
  and those of cofferdam run that say what a run is for (--event --event-file --fork --action --ref --input), what of it is
  meant (--job --matrix) and what it is given (--allow --zone --isolation
  --runtime --secret --secret-file --config)

Exit status: 0, 2 when the run would be refused for what the workflow says, 3 when it would be by policy, 69 for what this
machine lacks.

example: cofferdam plan ci.yml --event pull_request --fork
`;

const OPTIONS = {
  ...EVENT_OPTIONS,
  ...GRANT_OPTIONS,
  ...PORTION_OPTIONS,
  json: { type: 'boolean' },
} as const;

interface PlannedJob extends JobZone {
  readonly id: string;
  readonly permissions: Readonly<Record<string, string>>;
  readonly secrets: ReturnType<typeof withheldSecrets>;
  readonly hosts: readonly string[];
}

async function run(context: CommandContext): Promise<number> {
  const parsed = parseOptions('plan', context.args, OPTIONS);
  if (!parsed.ok) return refuse(context, [parsed.error]);
  const { values, positionals } = parsed.value;
  const subject = await runSubject(context, positionals[0], values);
  if (!subject.ok) return refuse(context, subject.error);
  const grants = await runGrants(context, values);
  if (!grants.ok) return refuse(context, [grants.error]);
  const wanted = portion(values);
  if (!wanted.ok) return refuse(context, [wanted.error]);
  const { repository, event, policy, files } = subject.value;
  const { zone: asked, allow, isolation } = grants.value;
  const request = {
    policy,
    allow,
    isolation,
    outside: context.environment,
    repository,
    ...(asked !== undefined && { asked }),
  };
  const facts = await localFacts(repository, event, policy.trust);
  const work = new EvaluationWork();
  const findings = await gateFindings({ ...request, event, workflowPath: '' });
  if (!findings.ok) return refuse(context, [findings.error]);
  let status: number = EXIT.ok;
  for (const file of files) {
    const workflow = await readWorkflow(file.path, file.bytes);
    if (!workflow.ok) {
      status = refuse(context, workflow.error);
      continue;
    }
    const { run: runs, why } = matched(workflow.value, event);
    // What does not run on this event is not refused either.
    const meant = jobsMeant(workflow.value, wanted.value);
    const looked = runs
      ? await runnable(workflow.value, meant, wanted.value, { ...request, event, work })
      : undefined;
    const zones = await zonesOf(workflow.value.jobs, { ...request, facts, workflowPath: file.path });
    if (!zones.ok) {
      status = refuse(context, [zones.error]);
      continue;
    }
    const stopped = runs
      ? ((await refusedByLock({ repository, event, workflowPath: file.path })) ??
        (await refusedByGate({ ...request, event, workflowPath: file.path }, zones.value)) ??
        (await refusedByOwnRules({ ...request, event, workflowPath: file.path }, zones.value)))
      : undefined;
    const refused = [
      ...(looked?.ok === false ? looked.error : []),
      ...(stopped === undefined ? [] : [stopped]),
    ];
    if (refused[0] !== undefined) status = exitStatus(refused[0]);
    const found = findings.value.filter(({ at, persona }) => at.file === file.path && persona === 'default');
    const jobs = meant.flatMap((job) => {
      const granted = zones.value.get(job.id);
      return granted === undefined ? [] : planned(workflow.value, job, granted);
    });
    if (values.json === true) {
      const told = jobs.map((job) => ({ ...job, clients: undefined }));
      context.stdout.write(
        jsonLine({ workflow: file.path, event: event.name, runs, why, jobs: told, refused, findings: found }),
      );
      continue;
    }
    context.stdout.write(
      `${visible(file.path)}  ${event.name}${event.fork ? ' from a fork' : ''}: ${visible(why)}\n`,
    );
    const told = new Map<string, string>();
    for (const job of runs ? jobs : []) {
      const text = jobText(job);
      const same = told.get(text);
      if (same === undefined) told.set(text, job.id);
      const name = `  ${visible(job.id)}`;
      context.stdout.write(
        same === undefined ? `${name}\n${text}` : `${name}   the same as ${visible(same)}\n`,
      );
    }
    const zoneOf = (job: string | undefined): JobZone | undefined =>
      zones.value.get(job ?? meant[0]?.id ?? '');
    context.stdout.write(renderPlanFindings(found, { event: event.name, runs, zoneOf }));
    for (const one of refused) context.stderr.write(renderRefusal(one));
  }
  return status;
}

function planned(workflow: Workflow, job: Job, granted: JobZone): PlannedJob {
  return {
    ...granted,
    id: job.id,
    permissions: permissions(workflow, job, granted.controls),
    secrets: withheldSecrets(requestedSecrets(workflow, job), granted.controls),
    hosts: granted.clients.allow.map((allowed) => `${allowed.host} (${allowed.entry})`),
  };
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

function jobText(job: PlannedJob): string {
  const { limits } = job.controls;
  const { delivered, withheld } = job.secrets;
  const token =
    Object.entries(job.permissions)
      .map(([scope, level]) => `${scope}: ${level}`)
      .join(', ') || 'none';
  const shown = (words: readonly string[]): string => words.map((word) => visible(word)).join(', ') || 'none';
  const approvals = job.controls.approvals.required;
  return [
    `    zone      ${job.zone}   because: ${job.because.map((reason) => visible(reason)).join('; ')}`,
    ...job.facts.map(
      (fact) =>
        `      fact    ${fact.name} = ${visible(fact.value, 80)}   from ${fact.source}${fact.forgeable ? ', forgeable' : ''}`,
    ),
    ...job.lacks.map((lack) => `      lacks   ${visible(lack)}`),
    `    isolation ${walls(job)}`,
    ...profileLines(job),
    job.controls.egress.observe === true
      ? `    network   ONLY OBSERVED: every public host is let through, and noted; on the list: ${job.hosts.length === 0 ? 'nothing' : job.hosts.join(', ')}`
      : `    network   deny all; allow ${job.hosts.length === 0 ? 'nothing' : job.hosts.join(', ')}`,
    ...proxyLine(job),
    `    secrets   ${shown(delivered)}   withheld ${shown(withheld.map(({ name }) => name))}   token   ${token}`,
    ...(approvals > 0 ? [`    approvals ${approvals} before it starts`] : []),
    `    limits    memory ${formatSize(limits.memoryBytes)}  cpus ${limits.cpus}  pids ${limits.pids}  workspace ${formatSize(limits.workspaceBytes)}  tmp ${formatSize(limits.tmpBytes)}  log ${formatSize(limits.logBytes)}  step ${limits.stepTimeoutMs / 60_000} min`,
    ...job.refusedWidening.map((entry) => `    not given ${visible(entry)}`),
    '',
  ].join('\n');
}

function proxyLine({ proxy }: PlannedJob): readonly string[] {
  if (proxy === undefined) return [];
  const unchecked =
    proxy.resolves === 'proxy' ? ', which finds the addresses of names: they are not checked' : '';
  const except = proxy.except.length === 0 ? '' : `; without it ${proxy.except.join(', ')}`;
  return [`      proxy   ${proxy.kind} ${visible(proxy.host)}:${proxy.port}${unchecked}${except}`];
}

function refuse(context: CommandContext, why: readonly Refusal[]): number {
  for (const one of why) context.stderr.write(renderRefusal(one));
  return why[0] === undefined ? EXIT.defect : exitStatus(why[0]);
}

export const command: Command = { help, run };

const WALLS: Readonly<Record<IsolationTier, string>> = {
  'hardened-container': 'user namespace, no capabilities, seccomp, read-only root',
  'sandboxed-kernel': 'a kernel of its own, user namespace, no capabilities, seccomp, read-only root',
  microvm: 'a machine of its own',
};

/** Which walls the job gets on this machine, or that it would be refused. */
function walls({ controls: { isolation } }: PlannedJob): string {
  const chosen = chooseRuntime(isolation);
  if (!chosen.ok) return `${isolation.floor}: refused here, as ${chosen.error.why}`;
  const tier = TIER_OF[chosen.value.name];
  const { profile } = isolation;
  return profile === undefined
    ? `${tier} by ${chosen.value.name}: ${WALLS[tier]}`
    : `${tier} by ${chosen.value.name}, with less as profile ${profile} has it`;
}

/** The need that the job's sandbox serves besides, what that costs, and whether this machine would refuse it. */
function profileLines({ controls: { isolation }, waiver }: PlannedJob): readonly string[] {
  const profile = profileOf(isolation.profile);
  if (profile === undefined) return [];
  const chosen = chooseRuntime(isolation);
  const unfit = chosen.ok ? profileUnfit(profile, chosen.value.name, { kind: 'host' }) : undefined;
  return [
    `      profile ${profile.name}: ${profile.need}`,
    `      price   ${profile.price}`,
    `      holds   ${profile.holds}`,
    ...(waiver === undefined
      ? []
      : [
          `      waiver  signed by ${visible(waiver.signedBy)}, until ${waiver.expires}, pool ${waiver.pool}: ${visible(waiver.reason)}`,
        ]),
    ...(unfit === undefined ? [] : [`      refused here, as ${unfit.why}`]),
  ];
}
