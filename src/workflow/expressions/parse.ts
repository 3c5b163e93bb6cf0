import { ExpressionFailure, MAX_DEPTH } from './failure.ts';
import { type Token, tokenize, unexpected } from './tokens.ts';
import { type Comparison, depthOf, type Expression } from './tree.ts';

/** How many arguments a function takes. */
export interface Arity {
  readonly least: number;
  readonly most: number;
  readonly odd?: boolean;
}

/** What an expression may name where it stands. Names are in lower case. */
export interface Vocabulary {
  readonly names: ReadonlySet<string>;
  readonly functions: ReadonlyMap<string, Arity>;
}

/** Groups may nest deeper than the tree, in which they leave no trace; this bounds our own stack. */
const MAX_NESTING = 500;
const STRENGTH: ReadonlyMap<string, number> = new Map([
  ['||', 1],
  ['&&', 2],
  ['==', 3],
  ['!=', 3],
  ['<', 4],
  ['<=', 4],
  ['>', 4],
  ['>=', 4],
]);

/** Parses GitHub's expression language. Empty source is `null`. Throws `ExpressionFailure`. */
export function parseExpression(source: string, vocabulary: Vocabulary): Expression {
  const tokens = tokenize(source);
  if (tokens.length === 0) return { kind: 'literal', value: null };
  return new Parser(source, tokens, vocabulary).whole();
}

class Parser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  readonly #vocabulary: Vocabulary;
  #index = 0;
  #nesting = 0;

  constructor(source: string, tokens: readonly Token[], vocabulary: Vocabulary) {
    this.#source = source;
    this.#tokens = tokens;
    this.#vocabulary = vocabulary;
  }

  whole(): Expression {
    const expression = this.#binary(0);
    const rest = this.#tokens[this.#index];
    if (rest !== undefined) throw unexpected(rest.text, rest.position, this.#source);
    return expression;
  }

  #next(): Token {
    const token = this.#tokens[this.#index];
    if (token !== undefined) {
      this.#index += 1;
      return token;
    }
    const last = this.#tokens.at(-1);
    throw this.#failure(`Unexpected end of expression: '${last?.text ?? ''}'`, last?.position ?? 1);
  }

  #failure(message: string, position: number): ExpressionFailure {
    return new ExpressionFailure(
      `${message}. Located at position ${String(position)} within expression: ${this.#source}`,
    );
  }

  #is(symbol: string): boolean {
    const token = this.#tokens[this.#index];
    return token?.kind === 'symbol' && token.text === symbol;
  }

  #accept(symbol: string): boolean {
    if (!this.#is(symbol)) return false;
    this.#index += 1;
    return true;
  }

  #expect(symbol: string): void {
    const token = this.#next();
    if (token.kind !== 'symbol' || token.text !== symbol) {
      throw unexpected(token.text, token.position, this.#source);
    }
  }

  #binary(least: number): Expression {
    this.#nesting += 1;
    if (this.#nesting > MAX_NESTING) throw tooDeep();
    let left = this.#unary();
    let chain = 0;
    for (;;) {
      const token = this.#tokens[this.#index];
      const strength = token?.kind === 'symbol' ? STRENGTH.get(token.text) : undefined;
      if (token === undefined || strength === undefined || strength <= least) break;
      this.#index += 1;
      const right = this.#binary(strength);
      if (token.text === '&&' || token.text === '||') {
        left = joined(token.text, left, right);
      } else {
        chain += 1;
        if (chain > MAX_DEPTH) throw tooDeep();
        left = { kind: 'compare', operator: token.text as Comparison, left, right };
      }
    }
    this.#nesting -= 1;
    return bounded(left);
  }

  #unary(): Expression {
    let negations = 0;
    while (this.#accept('!')) negations += 1;
    if (negations > MAX_DEPTH) throw tooDeep();
    let expression = this.#postfix();
    for (; negations > 0; negations -= 1) expression = { kind: 'not', of: expression };
    return expression;
  }

  #postfix(): Expression {
    let expression = this.#primary();
    for (let length = 0; ; length += 1) {
      if (length > MAX_DEPTH) throw tooDeep();
      if (this.#accept('.')) {
        const token = this.#next();
        if (token.kind === 'symbol' && token.text === '*') {
          expression = { kind: 'index', of: expression, key: '*' };
        } else if (token.kind === 'property') {
          expression = { kind: 'index', of: expression, key: { kind: 'literal', value: token.text } };
        } else {
          throw unexpected(token.text, token.position, this.#source);
        }
      } else if (this.#accept('[')) {
        const key = this.#accept('*') ? '*' : this.#binary(0);
        this.#expect(']');
        expression = { kind: 'index', of: expression, key };
      } else {
        return expression;
      }
    }
  }

  #primary(): Expression {
    const token = this.#next();
    if (token.kind === 'literal') return { kind: 'literal', value: token.value };
    if (token.kind === 'function') return this.#call(token);
    if (token.kind === 'name') {
      if (!this.#vocabulary.names.has(token.text.toLowerCase())) {
        throw this.#failure(`Unrecognized named-value: '${token.text}'`, token.position);
      }
      return { kind: 'name', name: token.text };
    }
    if (token.kind === 'symbol' && token.text === '(') {
      const inner = this.#binary(0);
      this.#expect(')');
      return inner;
    }
    throw unexpected(token.text, token.position, this.#source);
  }

  #call(token: Token): Expression {
    const arity = this.#vocabulary.functions.get(token.text.toLowerCase());
    if (arity === undefined) throw this.#failure(`Unrecognized function: '${token.text}'`, token.position);
    this.#expect('(');
    const values: Expression[] = [];
    if (!this.#accept(')')) {
      do values.push(this.#binary(0));
      while (this.#accept(','));
      this.#expect(')');
    }
    if (values.length < arity.least) {
      throw this.#failure(`Too few parameters supplied: '${token.text}'`, token.position);
    }
    if (values.length > arity.most) {
      throw this.#failure(`Too many parameters supplied: '${token.text}'`, token.position);
    }
    if (arity.odd === true && values.length % 2 === 0) {
      throw this.#failure(
        `Even number of parameters supplied, requires an odd number of parameters: '${token.text}'`,
        token.position,
      );
    }
    return { kind: 'call', name: token.text, arguments: values };
  }
}

function joined(operator: '&&' | '||', left: Expression, right: Expression): Expression {
  if (left.kind !== 'logical' || left.operator !== operator) {
    return { kind: 'logical', operator, operands: [left, right] };
  }
  // Nobody else has it yet; copied, a long chain would take the square of its length.
  left.operands.push(right);
  return left;
}

function bounded(expression: Expression): Expression {
  if (depthOf(expression) > MAX_DEPTH) throw tooDeep();
  return expression;
}

function tooDeep(): ExpressionFailure {
  return new ExpressionFailure(`Exceeded max expression depth ${String(MAX_DEPTH)}`);
}
