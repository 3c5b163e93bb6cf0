import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { visible } from '../../audit/index.ts';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { configurationIn } from '../../config/index.ts';
import { readYaml, type Tree } from '../../workflow/index.ts';
import { type CommandContext, EXIT } from '../command.ts';
import { parseOptions } from '../options.ts';
import { jsonLine } from '../render/json-line.ts';
import { exitStatus, renderRefusal } from '../render/refusals.ts';
import { styleFor } from '../render/style.ts';

const MAX_BYTES = 1_048_576;
const OPTIONS = { file: { type: 'string' }, json: { type: 'boolean' } } as const;

/** `cofferdam policy test`: asks the rules of a configuration about the documents of a file, and holds the answers against it. */
export async function testRules(context: CommandContext): Promise<number> {
  const parsed = parseOptions('policy', context.args, OPTIONS);
  if (!parsed.ok) return refuse(context, parsed.error);
  const { values, positionals } = parsed.value;
  const policy = await bytesOf(context, values.file ?? 'cofferdam.yaml');
  if (!policy.ok) return refuse(context, policy.error);
  const configuration = await configurationIn(policy.value, values.file ?? 'cofferdam.yaml', 'operator');
  if (!configuration.ok) return refuse(context, configuration.error[0] ?? none());
  const rules = configuration.value.configuration.rules ?? [];
  if (rules.length === 0) return refuse(context, none());
  const { runRuleTests } = await import('../../custom-rules/index.ts');
  let failed = 0;
  let all = 0;
  const never = new Set(rules.map(({ id }) => id));
  const style = styleFor(context.stdout, context.environment);
  const lines: object[] = [];
  for (const name of positionals.length === 0 ? ['cofferdam.test.yaml'] : positionals) {
    const tests = await testsIn(context, name);
    if (!tests.ok) return refuse(context, tests.error);
    const ran = runRuleTests(rules, tests.value);
    if (!ran.ok) return refuse(context, ran.error[0] ?? none());
    for (const { name: title, wrong } of ran.value.results) {
      all += 1;
      if (wrong !== undefined) failed += 1;
      if (values.json === true)
        lines.push({ test: title, passed: wrong === undefined, ...(wrong !== undefined && { wrong }) });
      else if (wrong === undefined) context.stdout.write(`${style.good('ok')}      ${visible(title, 200)}\n`);
      else context.stdout.write(`${style.bad('wrong')}   ${visible(title, 200)}: ${visible(wrong, 500)}\n`);
    }
    for (const id of rules.map((rule) => rule.id)) if (!ran.value.neverDenied.includes(id)) never.delete(id);
  }
  if (values.json === true)
    context.stdout.write(jsonLine({ version: 1, tests: lines, neverDenied: [...never] }));
  else {
    for (const id of never)
      context.stdout.write(`${style.note('note')}    no test shows that ${id} denies anything\n`);
    context.stdout.write(`${all - failed} passed, ${failed} failed\n`);
  }
  return failed === 0 && all > 0 ? EXIT.ok : EXIT.failed;
}

interface ReadTest {
  readonly name: string;
  readonly input: unknown;
  readonly denies: readonly string[];
}

async function testsIn(context: CommandContext, name: string): Promise<Result<readonly ReadTest[], Refusal>> {
  const bytes = await bytesOf(context, name);
  if (!bytes.ok) return bytes;
  const tree = await readYaml(name, bytes.value);
  if (!('kind' in tree)) return err(tree[0] ?? none());
  const list = plain(tree);
  const wrong = (why: string): Result<never, Refusal> =>
    err(
      refusal('usage', 'rules/tests', `${name}: ${why}`, 'see docs/custom-rules.md, Tests', { file: name }),
    );
  if (!Array.isArray(list) || list.length === 0) return wrong('it must be a list of tests');
  const tests: ReadTest[] = [];
  for (const [index, one] of (list as readonly unknown[]).entries()) {
    const { name: title, input = {}, denies } = (one ?? {}) as Partial<Record<string, unknown>>;
    const ids = typeof denies === 'string' ? [denies] : denies;
    if (typeof title !== 'string' || !Array.isArray(ids) || !ids.every((id) => typeof id === 'string'))
      return wrong(`test ${index + 1} must have a name, an input and denies: a list of rules, [] for none`);
    tests.push({ name: title, input, denies: ids as readonly string[] });
  }
  return ok(tests);
}

async function bytesOf(context: CommandContext, name: string): Promise<Result<Uint8Array, Refusal>> {
  const path = resolve(context.directory, name);
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES)
      return err(refusal('usage', 'rules/too-large', `${name} has more than 1 MiB`, 'split it'));
    return ok(await readFile(path));
  } catch {
    return err(
      refusal(
        'usage',
        'rules/missing',
        `there is no file ${name}`,
        'name the file: --file cofferdam.yaml, and the files of tests',
      ),
    );
  }
}

function none(): Refusal {
  return refusal(
    'usage',
    'rules/none',
    'the configuration has no rules',
    'write them below rules: (docs/custom-rules.md)',
  );
}

function refuse(context: CommandContext, why: Refusal): number {
  context.stderr.write(renderRefusal(why));
  return exitStatus(why);
}

function plain(tree: Tree): unknown {
  switch (tree.kind) {
    case 'sequence':
      return tree.items.map(plain);
    case 'mapping':
      return Object.fromEntries(tree.entries.map(({ key, value }) => [key, plain(value)]));
    default:
      return tree.value;
  }
}
