import { availableParallelism, totalmem } from 'node:os';
import type { RecordedFact } from '../../audit/index.ts';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { type AllowEntry, compareZones, type Configuration } from '../../config/index.ts';
import type { UpstreamProxy } from '../../egress/index.ts';
import type { Job } from '../../workflow/index.ts';
import {
  type AskedIsolation,
  type Controls,
  decideZone,
  poolRefuses,
  type Fact,
  settleControls,
  withIsolation,
  withProfile,
  type ZoneFacts,
  type ZoneId,
} from '../../zone/index.ts';
import { type ClientSetup, clientSetup } from '../exec/client-setup.ts';
import { upstreamProxy } from '../exec/upstream-proxy.ts';
import type { RunFacts } from './local-facts.ts';
import type { RunPolicy } from './policy.ts';
import { type HeldWaiver, heldWaiver } from './waiver-signature.ts';

/** What one job is granted, and why. */
export interface JobZone {
  readonly zone: ZoneId;
  readonly because: readonly string[];
  /** What the next higher zone would need. */
  readonly lacks: readonly string[];
  readonly facts: readonly RecordedFact[];
  readonly controls: Controls;
  readonly clients: ClientSetup;
  /** By which its gateway reaches what is allowed. */
  readonly proxy?: UpstreamProxy;
  readonly refusedWidening: readonly string[];
  /** By which it runs privileged; absent: it does not. */
  readonly waiver?: HeldWaiver;
}

export interface ZoneRequest {
  /** The workflow's file, as the repository has it. */
  readonly workflowPath: string;
  /** For a test that owns the time. */
  readonly now?: Date;
  readonly policy: RunPolicy;
  readonly facts: RunFacts;
  /** `--zone`: may lower, never raise. */
  readonly asked?: ZoneId;
  /** `--isolation`, `--runtime`: may strengthen, never weaken. `--profile`: only what the policy leaves to the one who asks. */
  readonly isolation: AskedIsolation;
  /** `--allow`: what the operator adds for this run. */
  readonly allow: readonly AllowEntry[];
  readonly outside: Readonly<Record<string, string | undefined>>;
  readonly repository: { readonly directory: string };
}

/** The zone of every job, and what follows from it. Refuses when `--zone` asks for more than a job proves. */
export async function zonesOf(
  jobs: readonly Job[],
  request: ZoneRequest,
): Promise<Result<ReadonlyMap<string, JobZone>, Refusal>> {
  const machine = { memoryBytes: totalmem(), cpus: availableParallelism() };
  const clients = new Map<ZoneId, ClientSetup>();
  const zones = new Map<string, JobZone>();
  const operator = request.policy.files.find(({ origin }) => origin === 'operator')?.configuration;
  const proxy = await upstreamProxy(operator?.proxy, request.repository.directory);
  if (!proxy.ok) return proxy;
  for (const job of jobs) {
    const facts = factsOf(job, request);
    const decided = decideZone(facts);
    const { asked } = request;
    if (asked !== undefined && compareZones(asked, decided.zone) > 0)
      return err(notProven(job, asked, decided));
    const lowered = asked !== undefined && asked !== decided.zone;
    const zone = asked ?? decided.zone;
    const settled = settleControls(zone, machine, request.policy.files);
    const served = withProfile(
      withIsolation(settled.controls, request.isolation),
      job.id,
      request.isolation.profile,
      job.at,
    );
    if (!served.ok) return served;
    const controls = served.value;
    const waived = await waiverOf(job, zone, controls, request, operator);
    if (!waived.ok) return err({ ...waived.error, where: job.at });
    const known = clients.get(zone);
    const setup =
      known === undefined
        ? await clientSetup(
            request.allow,
            controls.egress.allow,
            request.outside,
            request.repository.directory,
          )
        : ok(known);
    if (!setup.ok) return setup;
    clients.set(zone, setup.value);
    zones.set(job.id, {
      zone,
      because: lowered ? [`lowered with --zone from ${decided.zone}`] : decided.because,
      lacks: decided.lacks,
      facts: recorded(facts),
      controls,
      clients: setup.value,
      ...(proxy.value !== undefined && { proxy: proxy.value }),
      refusedWidening: settled.refusedWidening,
      ...(waived.value !== undefined && { waiver: waived.value }),
    });
  }
  return ok(zones);
}

/** What lets a job run privileged; undefined when it does not ask. Refuses an untrusted job on a machine for such jobs. */
async function waiverOf(
  job: Job,
  zone: ZoneId,
  { isolation }: Controls,
  request: ZoneRequest,
  operator: Configuration | undefined,
): Promise<Result<HeldWaiver | undefined, Refusal>> {
  if (isolation.profile !== 'privileged') {
    const elsewhere = poolRefuses(operator, zone);
    return elsewhere === undefined ? ok(undefined) : err(elsewhere);
  }
  const repository = request.policy.trust?.name;
  return heldWaiver(
    operator,
    { repository, workflow: request.workflowPath, job: job.id, zone },
    request.now ?? new Date(),
  );
}

function factsOf(job: Job, request: ZoneRequest): ZoneFacts {
  const name = job.environment?.name.text;
  if (name === undefined) return request.facts;
  // Only a name that stands in the workflow itself proves something: an expression could be fed by anyone.
  const named = !name.includes('${{') && (request.policy.trust?.environments ?? []).includes(name);
  return {
    ...request.facts,
    environment: { value: name, source: 'workflow', forgeable: request.facts.workTree.value },
    protectedEnvironment: { value: named, source: 'operator', forgeable: false },
  };
}

function notProven(job: Job, asked: ZoneId, decided: ReturnType<typeof decideZone>): Refusal {
  return refusal(
    'policy',
    'zone/not-proven',
    `job ${job.id} is ${decided.zone} and not ${asked}: ${decided.lacks.join('; ')}`,
    'leave --zone out: it may lower a zone, and never raise one; docs/zones.md says what proves a zone',
    job.at,
  );
}

function recorded(facts: ZoneFacts): readonly RecordedFact[] {
  return Object.entries(facts).flatMap(([name, fact]: [string, Fact<string | boolean> | undefined]) =>
    fact === undefined
      ? []
      : [
          {
            name: name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
            value: String(fact.value),
            source: fact.source,
            forgeable: fact.forgeable,
            ...(fact.why !== undefined && { why: fact.why }),
          },
        ],
  );
}
