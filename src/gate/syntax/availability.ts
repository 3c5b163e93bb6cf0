/**
 * Which contexts and special functions there are at each key. Source: GitHub's contexts reference, "Context availability",
 * and the schemas that GitHub publishes with its language services; read 2026-11.
 */
const RUN = ['github', 'inputs', 'vars'];
const NEEDS = [...RUN, 'needs'];
const LEG = [...NEEDS, 'strategy', 'matrix'];
const JOB = [...LEG, 'job', 'runner', 'env'];
const STEP = [...JOB, 'steps', 'secrets'];
const COMPOSITE = ['github', 'inputs', 'strategy', 'matrix', 'steps', 'job', 'runner', 'env'];
const STATUS = ['success', 'failure', 'cancelled', 'always'];

export interface Availability {
  readonly contexts: readonly string[];
  readonly functions: readonly string[];
}

const at = (contexts: readonly string[], functions: readonly string[] = []): Availability => ({
  contexts,
  functions,
});

export const PLACES = {
  /** No expression is evaluated here at all. */
  nowhere: at([]),
  run: at(RUN),
  workflowEnv: at([...RUN, 'secrets']),
  callOutput: at([...RUN, 'jobs']),
  strategy: at(NEEDS),
  leg: at(LEG),
  jobIf: at(NEEDS, STATUS),
  jobEnv: at([...LEG, 'secrets']),
  jobDefaults: at([...LEG, 'env']),
  jobOutput: at(STEP),
  environmentUrl: at([...JOB, 'steps']),
  credentials: at([...LEG, 'env', 'secrets']),
  containerEnv: at([...JOB, 'secrets']),
  snapshotIf: at(LEG),
  step: at(STEP, ['hashfiles']),
  stepIf: at([...JOB, 'steps'], [...STATUS, 'hashfiles']),
  compositeStep: at(COMPOSITE, ['hashfiles']),
  compositeIf: at(COMPOSITE, [...STATUS, 'hashfiles']),
  actionOutput: at(COMPOSITE),
  actionInput: at(['github', 'strategy', 'matrix', 'job', 'runner'], ['hashfiles']),
  actionIf: at(['runner', 'github', 'job', 'strategy', 'matrix', 'env', 'inputs'], [...STATUS, 'hashfiles']),
  dockerRun: at(['inputs']),
} satisfies Readonly<Record<string, Availability>>;

export type PlaceName = keyof typeof PLACES;
