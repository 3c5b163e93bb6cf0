// zod: only what reads a file may import this module.
import { z } from 'zod';
import { parseSize } from '../../base/index.ts';
import { parseDestination } from './destination.ts';
import { isPathPattern } from './path-pattern.ts';
import { isProgramPath, type ProgramRule } from './program-rule.ts';
import { contradictionIn, type EgressRule, METHODS } from './rule.ts';

const LABEL = '[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?';
const HOST = `(?:\\*\\.)?${LABEL}(?:\\.${LABEL}){0,20}`;
const PORT = '(?::[0-9]{1,5})?';
const DESTINATION = new RegExp(`^(?:@[a-z][a-z0-9-]{0,30}|${HOST}${PORT}|\\[[0-9A-Fa-f:.]{2,45}\\]${PORT})$`);
const RANGE = /^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}\/[0-9]{1,2}|[0-9A-Fa-f:.]{2,45}\/[0-9]{1,3})$/;

const HOST_KEY = /^(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) [A-Za-z0-9+/]{40,2800}={0,2}$/;
const hostKeyError = 'must be a public key such as ssh-ed25519 AAAA\u2026, without a comment';

const destinationError = 'must be a destination such as registry.test, api.test:8443, *.cdn.test or @npm';
const destination = z
  .string({ error: destinationError })
  .max(260, { error: 'is too long' })
  .regex(DESTINATION, { error: destinationError });

function bytes(description: string) {
  const error = 'must be a size such as 512KB, 10MB or 1GiB';
  return z
    .string({ error })
    .regex(/^\d{1,12}(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/, { error })
    .transform((text, context) => {
      const found = parseSize(text);
      if (found !== undefined && found <= 1e15) return found;
      context.addIssue({ code: 'custom', message: error });
      return z.NEVER;
    })
    .describe(description);
}

const programPathError = 'must be the absolute path of a file, such as /usr/bin/git';
const programPath = z.string({ error: programPathError }).refine(isProgramPath, { error: programPathError });

const program = z.union(
  [
    programPath,
    z.strictObject({
      run: programPath.describe(
        'The executable. It counts only where the job cannot write, and only unchanged: not preloaded, not copied.',
      ),
      script: programPath
        .describe(
          'Of an interpreter: only while it was started with this script, which must lie where the job cannot write. What runs ' +
            'in an interpreter can pretend to be another script (docs/egress.md).',
        )
        .optional(),
      jit: z
        .boolean({ error: 'must be true or false' })
        .describe('It makes machine code as it runs (node, java).')
        .optional(),
      nested: z
        .boolean({ error: 'must be true or false' })
        .describe('Also where a program of the same entry started it, at any depth.')
        .optional(),
    }),
  ],
  { error: 'must be the path of a program, or `run` with `script`, `jit`, `nested`' },
);

const rule = z
  .strictObject({
    to: destination.describe('The destination: `host`, `host:port`, `*.host`, or a preset such as `@npm`.'),
    programs: z
      .array(program)
      .min(1, { error: 'must name a program' })
      .max(50, { error: 'may hold 50 entries' })
      .describe(
        'Only connections of these programs, as the kernel knows the process that made each. Where that cannot be known the ' +
          'entry allows nothing.',
      )
      .optional(),
    methods: z
      .array(z.enum(METHODS))
      .min(1, { error: 'must name a method' })
      .describe('Only requests of these methods. What is said must then be HTTP that can be read.')
      .optional(),
    paths: z
      .array(
        z.string().refine(isPathPattern, {
          error:
            'must be a path such as /v1/items, /v1/*/files or /v1/**, with nothing encoded that needs not be',
        }),
      )
      .min(1, { error: 'must name a path' })
      .max(200, { error: 'may hold 200 entries' })
      .describe(
        'Only requests of these paths: `*` stands for one segment, `**` at the end for any number. A path that two programs ' +
          'could read as two is refused. What is said must then be HTTP that can be read.',
      )
      .optional(),
    git: z
      .literal('read', { error: 'must be read' })
      .describe(
        'Only what git fetches with over HTTP and HTTPS; a push is refused. Not for SSH, whose commands are encrypted.',
      )
      .optional(),
    hostKeys: z
      .array(
        z
          .string({ error: hostKeyError })
          .max(3_000, { error: hostKeyError })
          .regex(HOST_KEY, { error: hostKeyError }),
      )
      .min(1, { error: 'must name a key' })
      .max(20, { error: 'may hold 20 entries' })
      .describe(
        'Only SSH, and only with a server that shows one of these public keys (`ssh-ed25519 AAAA\u2026`). The job is given them as ' +
          'known hosts.',
      )
      .optional(),
    websocket: z
      .literal(true, { error: 'must be true, or left out' })
      .describe(
        'Also requests that ask for a WebSocket, where requests are read (plain HTTP, and inspected TLS). What is said on it is ' +
          'not read, only counted. Left out: refused.',
      )
      .optional(),
    upload: bytes('The most that one job may send there in all.').optional(),
    download: bytes('The most that one job may get from there in all.').optional(),
    requests: z
      .int({ error: 'must be a whole number from 1 to 1000000000' })
      .min(1)
      .max(1_000_000_000)
      .describe('The most requests of one job. A connection whose requests are not read counts as one.')
      .optional(),
  })
  .transform(
    ({ to, programs, methods, paths, git, hostKeys, websocket, upload, download, requests }): EgressRule => ({
      to,
      ...(programs !== undefined && {
        programs: programs.map((one): ProgramRule => (typeof one === 'string' ? { run: one } : given(one))),
      }),
      ...(methods !== undefined && { methods }),
      ...(paths !== undefined && { paths }),
      ...(git !== undefined && { git }),
      ...(hostKeys !== undefined && { hostKeys }),
      ...(websocket !== undefined && { websocket }),
      ...(upload !== undefined && { uploadBytes: upload }),
      ...(download !== undefined && { downloadBytes: download }),
      ...(requests !== undefined && { requests }),
    }),
  )
  .superRefine((found, context) => {
    const to = parseDestination(found.to);
    const wrong = contradictionIn(found, to.kind === 'host' ? to.port : undefined);
    if (wrong !== undefined)
      context.addIssue({ code: 'custom', message: `(${found.to}) ${wrong.why}; ${wrong.fix}` });
  })
  .describe('One entry of the list, narrowed.');

/** Without the keys that were left out. */
function given({
  run,
  script,
  jit,
  nested,
}: {
  readonly run: string;
  readonly script?: string | undefined;
  readonly jit?: boolean | undefined;
  readonly nested?: boolean | undefined;
}): ProgramRule {
  return {
    run,
    ...(script !== undefined && { script }),
    ...(jit !== undefined && { jit }),
    ...(nested !== undefined && { nested }),
  };
}

export const egressSchema = z
  .strictObject({
    allow: z
      .array(
        z.union([destination, rule], {
          error: (issue) =>
            typeof issue.input === 'object' && issue.input !== null
              ? 'must be a destination, or `to` with `programs`, `methods`, `paths`, `git`, `hostKeys`, `websocket`, `upload`, `download`, `requests`'
              : destinationError,
        }),
      )
      .max(1_000, { error: 'may hold 1000 entries' })
      .describe(
        'The only destinations that can be reached. `host` (ports 443 and 80), `host:port`, `*.host` for the names below it, ' +
          'or a preset such as `@npm`: the registries that this machine\u2019s own client is configured for; or a mapping that ' +
          'narrows one of these. An empty list denies all. It takes the place of the default list.',
      )
      .optional(),
    observe: z
      .boolean({ error: 'must be true or false' })
      .describe(
        'Lets through to public addresses what is not on the list, and notes it as what would be denied, to learn a list from. Loud in ' +
          'every run. Never in zone untrusted; only the operator\u2019s file can turn it on.',
      )
      .optional(),
    allowRanges: z
      .array(
        z
          .string({ error: 'must be a range such as 10.1.0.0/16 or fd00::/8' })
          .regex(RANGE, { error: 'must be a range such as 10.1.0.0/16 or fd00::/8' }),
      )
      .max(100, { error: 'may hold 100 entries' })
      .describe(
        'Address ranges that an allowed name may resolve to although they are private, loopback, link-local or ' +
          'metadata ranges. Without an entry here such addresses are refused.',
      )
      .optional(),
  })
  .describe('What jobs may reach (guide §4).');
