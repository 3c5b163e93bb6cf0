import type { Document, LineCounter, Node } from 'yaml';
import { err, ok, type Place, type Refusal, refusal, type Result } from '../base/index.ts';
import type { Configuration, Origin } from './configuration.ts';
import { CONFIGURATION_BYTES } from './operator-file.ts';
import { lookThrough } from './yaml-look-through.ts';

const MAX_REFUSALS = 20;

/**
 * Checks the text of a `cofferdam.yaml`: one YAML 1.2 document without aliases, tags or duplicate keys, with no key that
 * the schema does not know. Gives every mistake with its line. The text of a head under test is hostile: it is bounded,
 * and may not say whom to trust.
 */
export async function parseConfiguration(
  bytes: Uint8Array,
  file: string,
  origin: Origin,
): Promise<Result<Configuration, readonly Refusal[]>> {
  const bad = (why: string, where: Place = { file }): Refusal =>
    refusal('usage', 'config/syntax', why, 'correct the YAML; docs/configuration.md has every key', where);
  if (bytes.length > CONFIGURATION_BYTES)
    return err([bad(`the file is larger than ${CONFIGURATION_BYTES} bytes`)]);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return err([bad('the file is not UTF-8 text')]);
  }
  const [yaml, { configurationSchema }] = await Promise.all([
    import('./yaml-library.ts'),
    import('./schema.ts'),
  ]);
  const lines = new yaml.LineCounter();
  // Repeated keys are looked for below: the library compares each with each.
  const options = { lineCounter: lines, version: '1.2', uniqueKeys: false, strict: true } as const;
  // Else it copies the line for each mistake, and a line may hold thousands.
  const documents = yaml.parseAllDocuments(text, { ...options, logLevel: 'silent', prettyErrors: false });
  const [document, second] = Array.isArray(documents) ? documents : [];
  if (document === undefined) return err([bad('the file is empty; write `version: 1`')]);
  if (second !== undefined) return err([bad('the file holds more than one document')]);
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) {
    const at = lines.linePos(problem.pos[0]);
    const why = problem.message.split('\n')[0] ?? '';
    return err([bad(why, { file, line: at.line, column: at.col })]);
  }
  const [repeated] = (await lookThrough(document)).repeated;
  if (repeated !== undefined) {
    const at = lines.linePos(repeated.range?.[0] ?? 0);
    return err([bad('Map keys must be unique', { file, line: at.line, column: at.col })]);
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    return err([bad('aliases (`*name`) are not allowed here')]);
  }
  const checked = configurationSchema.safeParse(value);
  if (!checked.success) {
    return err(
      checked.error.issues.slice(0, MAX_REFUSALS).flatMap((issue) => {
        const path = issue.path.map(String);
        // Finding the place of one takes a search of its mapping.
        const keys = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, MAX_REFUSALS) : [undefined];
        return keys.map((key) =>
          refusal(
            'usage',
            key === undefined ? 'config/value' : 'config/unknown-key',
            key === undefined
              ? `${path.join('.') || 'the file'} ${issue.message}`
              : `there is no key ${JSON.stringify(key)} in ${path.join('.') || 'cofferdam.yaml'}`,
            'see docs/configuration.md for the keys and their values',
            placeOf(document, lines, file, key === undefined ? path : [...path, key]),
          ),
        );
      }),
    );
  }
  if (origin !== 'operator' && checked.data.trust !== undefined) {
    return err([
      refusal(
        'policy',
        'config/trust',
        'a repository cannot say whom to trust: `trust` may stand only in the operator\u2019s file',
        'move `trust` to ~/.config/cofferdam/cofferdam.yaml or /etc/cofferdam/cofferdam.yaml',
        placeOf(document, lines, file, ['trust']),
      ),
    ]);
  }
  if (origin !== 'operator' && checked.data.proxy !== undefined) {
    return err([
      refusal(
        'policy',
        'config/proxy',
        'a repository cannot say by which proxy its jobs reach the world: `proxy` may stand only in the operator\u2019s file',
        'move `proxy` to ~/.config/cofferdam/cofferdam.yaml or /etc/cofferdam/cofferdam.yaml',
        placeOf(document, lines, file, ['proxy']),
      ),
    ]);
  }
  if (origin !== 'operator' && checked.data.lock !== undefined) {
    return err([
      refusal(
        'policy',
        'config/lock',
        'a repository cannot say where actions come from: `lock` may stand only in the operator\u2019s file',
        'move `lock` to ~/.config/cofferdam/cofferdam.yaml or /etc/cofferdam/cofferdam.yaml',
        placeOf(document, lines, file, ['lock']),
      ),
    ]);
  }
  const own = (['pool', 'waivers', 'waiverSigners'] as const).find((key) => checked.data[key] !== undefined);
  if (origin !== 'operator' && own !== undefined) {
    return err([
      refusal(
        'policy',
        'config/waiver',
        `a repository cannot waive anything: \`${own}\` may stand only in the operator\u2019s file`,
        `move \`${own}\` to ~/.config/cofferdam/cofferdam.yaml or /etc/cofferdam/cofferdam.yaml`,
        placeOf(document, lines, file, [own]),
      ),
    ]);
  }
  return ok(checked.data);
}

/** Where the key that the path names stands, or the nearest one above it. */
function placeOf(document: Document, lines: LineCounter, file: string, path: readonly string[]): Place {
  const pointer = path.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  for (let length = path.length; length > 0; length--) {
    const keys = path.slice(0, length).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
    const node = document.getIn(keys, true) as Node | undefined;
    if (node?.range === undefined || node.range === null) continue;
    const at = lines.linePos(node.range[0]);
    return { file, line: at.line, column: at.col, pointer };
  }
  return { file, line: 1, column: 1, pointer };
}
