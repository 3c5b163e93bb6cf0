// zod takes 40 ms to load: only what reads a file may import this module, and only when there is a file.
import { z } from 'zod';
import { parseDuration, parseSize } from '../base/index.ts';
import { customRules } from './custom-rules-schema.ts';
import { egressSchema } from './egress/schema.ts';
import { gateSettings } from './gate-schema.ts';
import { lockSettings } from './lock-schema.ts';
import { LIMIT_KEY_NAMES } from './limits.ts';
import { policyChanges } from './policy-changes-schema.ts';
import { proxy } from './proxy-schema.ts';
import { repository } from './trust-schema.ts';
import { pool, waiver, waiverSigners } from './waiver-schema.ts';
import { ACCELERATIONS, ISOLATION_TIERS, PROFILES, RUNTIMES, SECOND_WALLS, ZONES } from './zones.ts';

const MB = 1e6;
const MINUTE_MS = 60_000;

/** `4GB`, `512MiB`; gives bytes. */
function size(minBytes: number, maxBytes: number, description: string) {
  const message = 'must be a size such as 512MB, 4GB or 1GiB';
  return z
    .string({ error: message })
    .regex(/^\d{1,12}(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/, message)
    .transform((text, context) => {
      const bytes = parseSize(text);
      if (bytes !== undefined && bytes >= minBytes && bytes <= maxBytes) return bytes;
      context.addIssue({ code: 'custom', message: `must be between ${minBytes} and ${maxBytes} bytes` });
      return z.NEVER;
    })
    .describe(description);
}

/** `90s`, `10m`, `2h`; gives milliseconds. */
function duration(description: string) {
  const message = 'must be a duration such as 90s, 10m or 2h';
  return z
    .string({ error: message })
    .regex(/^\d{1,9}(ms|s|m|h)$/, message)
    .transform((text, context) => {
      const found = parseDuration(text);
      if (found !== undefined && found >= 100 && found <= 72 * 60 * MINUTE_MS) return found;
      context.addIssue({ code: 'custom', message: 'must be between 100ms and 72h' });
      return z.NEVER;
    })
    .describe(description);
}

function count(min: number, max: number, description: string) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error }).describe(description);
}

const limits = z
  .strictObject({
    memory: size(64 * MB, 1e13, 'Memory of the whole job, in which its tmpfs files count.').optional(),
    cpus: z
      .number({ error: 'must be a number from 0.1 to 1024' })
      .min(0.1, { error: 'must be a number from 0.1 to 1024' })
      .max(1024, { error: 'must be a number from 0.1 to 1024' })
      .describe('Processor time per second: 2 is two whole processors.')
      .optional(),
    pids: count(16, 1_000_000, 'Processes and threads at one time.').optional(),
    workspace: size(MB, 1e13, 'Bytes that the job may write in its workspace.').optional(),
    workspaceInodes: count(
      64,
      100_000_000,
      'Files and folders that the job may make in its workspace.',
    ).optional(),
    tmp: size(MB, 1e13, 'Bytes in /tmp.').optional(),
    tmpInodes: count(64, 100_000_000, 'Files and folders in /tmp.').optional(),
    openFiles: count(64, 1_048_576, 'Open files of one process.').optional(),
    stepTimeout: duration('Time of one step.').optional(),
    jobTimeout: duration('Time of the whole job.').optional(),
    log: size(64_000, 1e12, 'Bytes of output that are kept.').optional(),
    artifacts: size(
      0,
      1e13,
      'Bytes that are kept of what a job leaves: the changes of `exec`, step summaries.',
    ).optional(),
  })
  .describe('The most that one job may use. Each is enforced from outside the job.');

/** The scopes of a job's token (GitHub's workflow syntax, `permissions`). */
const SCOPES = [
  'actions',
  'attestations',
  'checks',
  'contents',
  'deployments',
  'discussions',
  'id-token',
  'issues',
  'models',
  'packages',
  'pages',
  'pull-requests',
  'repository-projects',
  'security-events',
  'statuses',
] as const;

const permissions = z
  .partialRecord(z.enum(SCOPES), z.enum(['read', 'write']))
  .describe(
    'The most that a job\u2019s token may be given, by scope; what is not named is not given. A workflow\u2019s own ' +
      '`permissions` can only narrow it. In zone untrusted every scope is `read` at most.',
  );

const publication = z
  .strictObject({
    artifacts: z.boolean().describe('Keep artifacts, marked with the zone that made them.').optional(),
    packages: z.boolean().describe('Publish packages and images. Never in zone untrusted.').optional(),
    deploy: z.boolean().describe('Deploy to an environment. Never in zone untrusted.').optional(),
  })
  .describe('What may leave a job as its result (guide §2).');

const caches = z
  .strictObject({
    read: z
      .array(z.enum(ZONES))
      .max(ZONES.length)
      .describe(
        'Zones whose caches jobs may read. Never a zone that is trusted less: it could have poisoned them.',
      )
      .optional(),
    write: z.boolean().describe('Whether jobs may write a cache of their own zone.').optional(),
  })
  .describe('Caches are kept per zone.');

/** As GitHub has it. */
const JOB_ID = /^[A-Za-z_][A-Za-z0-9_-]{0,99}$/;
const SECRET = /^[A-Za-z_][A-Za-z0-9_]{0,199}$/;

const DAY = /^20[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$/;

const acceptedFlaw = z
  .strictObject({
    cve: z
      .string({ error: 'must be the name of a flaw, such as CVE-2024-21626' })
      .regex(/^CVE-[0-9]{4}-[0-9]{4,7}$/, { error: 'must be the name of a flaw, such as CVE-2024-21626' })
      .describe('Its name.'),
    reason: z
      .string({ error: 'must say why' })
      .min(10, { error: 'must say why, in 10 characters or more' })
      .max(500, { error: 'is too long' })
      .describe('Why it does no harm here; it stands in every record.'),
    until: z
      .string({ error: 'must be a day such as 2027-01-31' })
      .regex(DAY, { error: 'must be a day such as 2027-01-31' })
      .describe('The last day, in UTC.'),
  })
  .describe('A flaw that is accepted for some time.');

const zoneSettings = z
  .strictObject({
    egress: egressSchema.optional(),
    secrets: z
      .strictObject({
        allow: z
          .array(
            z
              .string({ error: 'must be the name of a secret' })
              .regex(SECRET, { error: 'must be the name of a secret: letters, digits and _' }),
          )
          .max(500, { error: 'may hold 500 entries' })
          .describe('Names of the secrets that jobs may hold. Always empty in zone untrusted.')
          .optional(),
      })
      .describe('Secrets (guide §3).')
      .optional(),
    permissions: permissions.optional(),
    publication: publication.optional(),
    caches: caches.optional(),
    limits: limits.optional(),
    acceptUnenforced: z
      .array(z.enum(LIMIT_KEY_NAMES))
      .max(LIMIT_KEY_NAMES.length)
      .describe(
        'Limits that a machine may be unable to enforce without refusing the job. The record says which were not ' +
          'enforced. Only the operator\u2019s file can name one.',
      )
      .optional(),
    isolation: z
      .strictObject({
        floor: z
          .enum(ISOLATION_TIERS)
          .describe('The weakest isolation tier that jobs are run in; a machine without it refuses them.')
          .optional(),
        runtime: z
          .enum(RUNTIMES)
          .describe(
            'The runtime that jobs are run by, and no other: `runc` and `crun` are hardened containers, `runsc` (gVisor) ' +
              'is a sandboxed kernel, `qemu` a microVM. Left out: the first of the floor\u2019s tier that the machine has. Only the ' +
              'operator\u2019s file can name one.',
          )
          .optional(),
        microvm: z
          .strictObject({
            acceleration: z
              .enum(ACCELERATIONS)
              .describe(
                '`auto`: by KVM where a try shows that it works, else translated, and the record says which and why. `kvm`: a ' +
                  'job is refused where it does not work. `tcg`: translated, and the device is never touched. Left out: `auto`.',
              )
              .optional(),
          })
          .describe('How microVMs are run. Only the operator\u2019s file can say it.')
          .optional(),
        acceptKnown: z
          .array(acceptedFlaw)
          .max(50, { error: 'may hold 50 entries' })
          .describe(
            'Published flaws of a runtime that jobs are run with all the same (docs/known-flaws.md). Only the operator\u2019s ' +
              'file can accept one.',
          )
          .optional(),
        secondWalls: z
          .array(z.enum(SECOND_WALLS))
          .max(SECOND_WALLS.length)
          .describe(
            'Walls that a kernel may lack and that jobs must have all the same; a machine without one refuses them. ' +
              'Each is used wherever the kernel has it, named here or not.',
          )
          .optional(),
        profiles: z
          .array(z.enum(PROFILES))
          .max(PROFILES.length)
          .describe(
            'Needs that jobs may be given although each makes a wall weaker (docs/profiles.md). A repository\u2019s own file can ' +
              'ask for none that the operator\u2019s does not name here.',
          )
          .optional(),
        profile: z
          .enum(PROFILES)
          .describe(
            'The profile of every job of the zone. Asked for outside of the operator\u2019s file, it must be one of `profiles`.',
          )
          .optional(),
        jobs: z
          .record(z.string().regex(JOB_ID, { error: 'must be the id of a job' }), z.enum(PROFILES))
          .describe('The profile of single jobs, by their id in a workflow; as `profile`, and before it.')
          .optional(),
      })
      .describe('Isolation (guide §1).')
      .optional(),
    approvals: z
      .strictObject({
        required: count(0, 10, 'People who must approve a job before it starts.').optional(),
      })
      .describe('Approval gates (guide §3).')
      .optional(),
  })
  .describe('What one zone grants. A key that is left out keeps its default.');

const zones = z
  .strictObject({
    untrusted: zoneSettings.optional(),
    internal: zoneSettings.optional(),
    release: zoneSettings.optional(),
  })
  .superRefine((found, context) => {
    const never = (path: readonly string[], message: string): void => {
      context.addIssue({ code: 'custom', path: ['untrusted', ...path], message });
    };
    const untrusted = found.untrusted;
    if ((untrusted?.secrets?.allow?.length ?? 0) > 0) {
      never(['secrets', 'allow'], 'must be empty: a job in zone untrusted never holds a secret');
    }
    if (untrusted?.egress?.observe === true) {
      never(
        ['egress', 'observe'],
        'must not be true: what nobody vouches for is never only observed; allow its hosts by name (cofferdam policy learn)',
      );
    }
    for (const [scope, level] of Object.entries(untrusted?.permissions ?? {})) {
      if (level === 'write')
        never(['permissions', scope], 'must be read: an untrusted job\u2019s token never writes');
    }
    if (untrusted?.publication?.packages === true) {
      never(['publication', 'packages'], 'must be false: an untrusted job publishes nothing');
    }
    if (untrusted?.publication?.deploy === true) {
      never(['publication', 'deploy'], 'must be false: an untrusted job deploys nothing');
    }
    const { profiles = [], profile, jobs = {} } = untrusted?.isolation ?? {};
    const privileged = 'must not be privileged: an untrusted job never is, and there is no waiver for it';
    if (profiles.includes('privileged')) never(['isolation', 'profiles'], privileged);
    if (profile === 'privileged') never(['isolation', 'profile'], privileged);
    for (const [job, name] of Object.entries(jobs))
      if (name === 'privileged') never(['isolation', 'jobs', job], privileged);
    for (const zone of ZONES) {
      found[zone]?.caches?.read?.forEach((source, i) => {
        if (ZONES.indexOf(source) >= ZONES.indexOf(zone)) return;
        const message = `must not be ${source}: what a zone that is trusted less wrote could be poisoned`;
        context.addIssue({ code: 'custom', path: [zone, 'caches', 'read', i], message });
      });
    }
  })
  .describe('What each trust zone grants.');

/** The one source of `cofferdam.yaml`: types, checks, JSON Schema and the reference are derived from it. */
export const configurationSchema = z
  .strictObject({
    version: z.literal(1, { error: 'must be 1' }).describe('The version of this format: 1.'),
    zones: zones.optional(),
    trust: z
      .strictObject({
        repositories: z
          .array(repository)
          .max(500, { error: 'may hold 500 entries' })
          .describe('Repositories whose protected refs can prove a higher zone.')
          .optional(),
      })
      .describe(
        'What proves that a job is more than untrusted. Only the operator\u2019s file may hold it: ' +
          '`$XDG_CONFIG_HOME/cofferdam/cofferdam.yaml`, `/etc/cofferdam/cofferdam.yaml` or `--config FILE`.',
      )
      .optional(),
    pool: pool
      .describe(
        'The pool of machines that this one belongs to. A machine of a pool that a waiver names runs no job of zone untrusted. ' +
          'Only the operator\u2019s file may hold it.',
      )
      .optional(),
    waivers: z
      .array(waiver)
      .max(100, { error: 'may hold 100 entries' })
      .describe('Jobs that may run privileged. Only the operator\u2019s file may hold them.')
      .optional(),
    waiverSigners: waiverSigners.optional(),
    gate: gateSettings.optional(),
    lock: lockSettings.optional(),
    rules: customRules.optional(),
    proxy: proxy.optional(),
    policyChanges: policyChanges.optional(),
  })
  .describe('Configuration of Cofferdam.');
