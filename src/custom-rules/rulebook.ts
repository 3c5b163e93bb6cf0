import { createContext, Script } from 'node:vm';
import { Environment } from '@marcbachmann/cel-js';
import { err, ok, type Refusal, refusal, type Result } from '../base/index.ts';
import type { CustomRule } from '../config/index.ts';
import type { Point, RuleInput } from './input.ts';
import { type FieldType, TYPES, type TypeName, typeOf, VARIABLES } from './shape.ts';

/** A rule that denies, or could not be decided and denies for that. */
export interface RuleDenial {
  readonly rule: CustomRule;
  /** Why it could not be decided; absent: its expression is true. */
  readonly failed?: string;
}

export interface Rulebook {
  /** Whether any rule decides at a point. */
  decidesAt(point: Point): boolean;
  /** Every rule of the document's point that denies. Never throws. */
  denials(input: RuleInput): readonly RuleDenial[];
}

interface Compiled {
  readonly rule: CustomRule;
  readonly evaluate: (context: Record<string, unknown>) => unknown;
}

/** Time of one evaluation. A connection waits for its own. */
const DECIDE_MS = 100;
const LIMITS = {
  maxAstNodes: 2_000,
  maxDepth: 60,
  maxListElements: 1_000,
  maxMapEntries: 200,
  maxCallArguments: 16,
};

/**
 * Compiles rules with their types: an expression that names a field that there is not, or gives no truth value, is refused here and
 * not found out later. An expression has no side effect, reaches nothing but the document, and is ended by force when its time is up
 * (a regular expression too). What then, or by an error, is not decided denies.
 */
export function rulebook(rules: readonly CustomRule[]): Result<Rulebook, readonly Refusal[]> {
  const environment = documentEnvironment();
  const refusals: Refusal[] = [];
  const compiled: Compiled[] = [];
  for (const rule of rules) {
    const made = compile(environment, rule);
    if (made.ok) compiled.push(made.value);
    else refusals.push(made.error);
  }
  if (refusals.length > 0) return err(refusals);
  return ok({
    decidesAt: (point) => rules.some(({ at }) => at.includes(point)),
    denials: (input) => {
      const asked = compiled.filter(({ rule }) => rule.at.includes(input.at));
      if (asked.length === 0) return [];
      const context = instance(VARIABLES, input) as Record<string, unknown>;
      return asked.flatMap(({ rule, evaluate }) => {
        const answer = inTime(() => evaluate(context));
        if (!answer.ok) return [{ rule, failed: answer.error }];
        return answer.value === false ? [] : [{ rule }];
      });
    },
  });
}

function compile(environment: Environment, rule: CustomRule): Result<Compiled, Refusal> {
  const wrong = (why: string): Result<never, Refusal> =>
    err(
      refusal(
        'usage',
        'rules/expression',
        `the rule ${rule.id} cannot be used: ${why}`,
        'mend its expression; docs/custom-rules.md has every field',
      ),
    );
  try {
    const parsed = environment.parse(rule.deny);
    const checked = parsed.check();
    if (!checked.valid) return wrong(firstLine(checked.error));
    if (checked.type !== 'bool') return wrong(`it gives ${String(checked.type)} and must give true or false`);
    return ok({ rule, evaluate: (context) => parsed(context) as unknown });
  } catch (error) {
    return wrong(firstLine(error));
  }
}

/** Runs it in this process, and ends it when its time is up: V8 stops whatever runs inside of a script with a time limit. */
function inTime(evaluate: () => unknown): Result<unknown, string> {
  try {
    const context = createContext({ evaluate });
    return ok(new Script('evaluate()').runInContext(context, { timeout: DECIDE_MS }) as unknown);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException | undefined)?.code;
    return err(
      code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' ? `it took more than ${DECIDE_MS} ms` : firstLine(error),
    );
  }
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n', 1)[0] ?? '').slice(0, 300);
}

type Maker = new () => object;
/** A class of its own for each type, by which CEL knows what an object is. */
const MAKERS = Object.fromEntries(
  Object.keys(TYPES).map((kind) => [
    kind,
    class {
      readonly kind = kind;
    },
  ]),
) as Record<TypeName, Maker>;

function documentEnvironment(): Environment {
  const environment = new Environment({ limits: LIMITS });
  for (const [name, fields] of Object.entries(TYPES))
    environment.registerType(name, {
      ctor: MAKERS[name as TypeName],
      fields: Object.fromEntries(Object.entries(fields).map(([field, [type]]) => [field, type])),
    });
  for (const [name, [type]] of Object.entries(VARIABLES)) environment.registerVariable(name, type);
  return environment;
}

/** The document with numbers and objects as CEL has them: of each type exactly its fields, whatever else the object holds. */
function instance(fields: (typeof TYPES)[TypeName], from: object, type?: TypeName): object {
  const made: object = type === undefined ? {} : new MAKERS[type]();
  for (const [name, [field]] of Object.entries(fields)) {
    const value: unknown = Object.getOwnPropertyDescriptor(from, name)?.value;
    Object.defineProperty(made, name, { value: converted(field, value), enumerable: true });
  }
  return made;
}

function converted(type: FieldType, value: unknown): unknown {
  const inner = typeOf(type);
  if (inner !== undefined)
    return Array.isArray(value)
      ? value.map((one: object) => instance(TYPES[inner], one, inner))
      : instance(TYPES[inner], value as object, inner);
  if (type === 'int') return BigInt(Math.trunc(value as number));
  return type === 'map<string, string>' ? new Map(Object.entries(value as object)) : value;
}
