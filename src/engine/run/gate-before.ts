import { ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { Finding, Judgement } from '../../gate/index.ts';
import { refusedRules } from '../../zone/index.ts';
import type { RunEvent } from '../event/event.ts';
import { automationAt } from '../repository/automation-files.ts';
import type { LocalRepository } from '../repository/local-repository.ts';
import { workflowRules } from '../rules/workflow-rules.ts';
import type { JobZone } from '../trust/job-zones.ts';
import type { RunPolicy } from '../trust/policy.ts';
import { gateVerdict } from './gate-verdict.ts';

interface GateRequest {
  readonly repository: LocalRepository;
  readonly event: RunEvent;
  readonly workflowPath: string;
  readonly policy: RunPolicy;
  readonly outside: Readonly<Record<string, string | undefined>>;
}

/** All that the gate finds in the repository as it is to be run. What comments in it ask to be left out is not: its head may have written them. */
export async function gateFindings(request: GateRequest): Promise<Result<readonly Finding[], Refusal>> {
  const judged = await gateJudgement(request);
  return judged.ok ? ok(judged.value.findings) : judged;
}

/** The same with the model in which it was found. */
export async function gateJudgement({
  repository,
  event,
  policy,
  outside,
}: GateRequest): Promise<Result<Judgement, Refusal>> {
  const { gatherFiles, judge, readRepository } = await import('../../gate/index.ts');
  const files =
    repository.git && !event.workTree
      ? await automationAt(repository.directory, event.sha)
      : ok(await gatherFiles(repository.directory));
  if (!files.ok) return files;
  const { knownAdvisories } = await import('../../dependencies/index.ts');
  const advisories = await knownAdvisories(outside);
  if (!advisories.ok) return advisories;
  const { date, advisories: list } = advisories.value;
  const uses = policy.files.find(({ origin }) => origin === 'operator')?.configuration.gate?.uses;
  const facts = { refs: new Map(), advisories: { date, list }, ...(uses !== undefined && { uses }) };
  return ok(judge(await readRepository(files.value), undefined, facts));
}

/** Why rules of the user's own keep a job of a run from starting. */
export async function refusedByOwnRules(
  request: GateRequest,
  zones: ReadonlyMap<string, JobZone>,
): Promise<Refusal | undefined> {
  const rules = await workflowRules(request, zones, () => gateJudgement(request));
  return rules.ok ? undefined : rules.error;
}

/**
 * Why the gate keeps a job from starting in its zone: a finding of severity high, by a rule that policy names for the zone, that this
 * event brings about. The gate is loaded only when policy names a rule for one of the zones.
 */
export async function refusedByGate(
  request: GateRequest,
  zones: ReadonlyMap<string, JobZone>,
): Promise<Refusal | undefined> {
  const { policy, event, workflowPath } = request;
  const rules = new Map(
    [...zones].map(([job, { zone }]) => [job, { zone, refused: refusedRules(zone, policy.files) }]),
  );
  const named = new Set([...rules.values()].flatMap(({ refused }) => [...refused]));
  if (named.size === 0) return undefined;
  const { isRule } = await import('../../gate/index.ts');
  const unknown = [...named].find((id) => !isRule(id));
  if (unknown !== undefined)
    return refusal(
      'usage',
      'gate/unknown-rule',
      `gate.refuse names ${JSON.stringify(unknown)}, which is no rule`,
      'name a rule of cofferdam check',
    );
  const judged = await gateJudgement(request);
  return judged.ok ? gateVerdict(judged.value, rules, { workflowPath, event: event.name }) : judged.error;
}
