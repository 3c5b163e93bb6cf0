import type { EgressPolicy, GatewayEvent } from './contract.ts';
import { answeredUnder } from './decide.ts';
import {
  type DnsAnswer,
  type DnsQuestion,
  readQuestion,
  TYPE_A,
  TYPE_AAAA,
  typeName,
  writeAnswer,
} from './dns-message.ts';
import type { NamePool } from './name-pool.ts';
import { isPlainBelow } from './wildcard.ts';

export interface Answered {
  readonly message: Buffer;
  readonly event: GatewayEvent;
}

/**
 * Answers one DNS message. Nothing is ever asked elsewhere: a name that is not allowed leaves the machine in no form, so
 * that there is no tunnel. Undefined for what is no question: it gets no answer.
 */
export function answerQuestion(
  message: Buffer,
  policy: EgressPolicy,
  pool: NamePool,
  from: { readonly transport: 'udp' | 'tcp'; readonly clientPort: number },
): Answered | undefined {
  const question = readQuestion(message);
  if (question === undefined) return undefined;
  const under = question.valid ? answeredUnder(policy, question.name) : undefined;
  const answer =
    under === undefined
      ? blocked('not on the allowlist of this job')
      : allowedAnswer(question, under.pattern, pool);
  const denied = answer.kind === 'blocked';
  return {
    message: writeAnswer(question, answer),
    event: {
      kind: 'dns',
      name: question.name,
      type: typeName(question.type),
      verdict: denied ? 'denied' : 'allowed',
      ...(denied && { reason: under === undefined ? 'not-on-allowlist' : 'limit' }),
      ...(!denied && under?.observed === true && { wouldDeny: 'not-on-allowlist' as const }),
      ...from,
    },
  };
}

function allowedAnswer(question: DnsQuestion, pattern: string, pool: NamePool): DnsAnswer {
  if (!isPlainBelow(pattern, question.name)) return blocked('a name below a wildcard that looks like data');
  if (question.type !== TYPE_A && question.type !== TYPE_AAAA) return { kind: 'empty' };
  const family = question.type === TYPE_A ? 4 : 6;
  const bytes = pool.bytes(question.name, family, pattern);
  return bytes === undefined
    ? blocked('this job has asked for too many names')
    : { kind: 'address', family, bytes };
}

function blocked(text: string): DnsAnswer {
  return { kind: 'blocked', text };
}
