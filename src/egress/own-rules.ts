import type { ConnectionInput, RuleInput } from '../custom-rules/index.ts';
import type { CustomRule } from '../config/index.ts';
import type { ConnectionContext, Target } from './connection-context.ts';
import type { DenialReason } from './contract.ts';
import type { Request } from './decide.ts';

/** Rules of the user's own that decide at each connection, and what else they are asked about. */
export interface OwnRules {
  readonly rules: readonly CustomRule[];
  /** Of the job; what of a connection is in it is put in for each. */
  readonly input: RuleInput;
}

/** The first rule that does not let a connection be. A rule that cannot be decided does not. */
export type RuleAsker = (connection: ConnectionInput) => DenialReason | undefined;

/** Compiles them where they decide. Throws when one cannot be used: a gateway that cannot hold its rules is not armed. */
export async function ruleAsker({ rules, input }: OwnRules): Promise<RuleAsker> {
  const { rulebook } = await import('../custom-rules/index.ts');
  const book = rulebook(rules);
  if (!book.ok) throw new Error(book.error[0]?.why);
  const { value } = book;
  return (connection) => {
    const [first] = value.denials({ ...input, at: 'during', connection });
    return first === undefined ? undefined : `own/${first.rule.id}`;
  };
}

/** Asks the user's own rules about what the allowlist lets through: a connection, or one request of it. */
export function ruleReason(
  { rules }: Pick<ConnectionContext, 'rules'>,
  { host, address, port, program }: Target,
  protocol: 'tls' | 'http' | 'tcp',
  request?: Pick<Request, 'method' | 'path'>,
): DenialReason | undefined {
  return rules?.({
    host: host ?? address,
    port,
    protocol,
    method: request?.method ?? '',
    path: request?.path ?? '',
    program: program?.known === true ? (program.run[0] ?? '') : '',
  });
}
