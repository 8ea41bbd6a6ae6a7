import { ExpressionError, Version, type Value } from './values';

export type Node =
  | { kind: 'literal'; value: Value }
  | { kind: 'named'; name: string }
  | { kind: 'index'; target: Node; index: Node }
  | { kind: 'call'; name: string; args: Node[] };

interface Token {
  kind: 'sign' | 'word' | 'string' | 'number' | 'version';
  text: string;
  at: number;
}

const maxNesting = 50;

/**
 * Parses an expression: literals, `name.property`, `name['property']`, `function(…)`.
 * @throws ExpressionError with the position in the text.
 */
export function parseExpression(text: string): Node {
  const parser = new Parser(tokenize(text), text);
  return parser.whole();
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /\s*(?:([()[\],*]|\.(?!\d))|'((?:[^']|'')*)'|([+-]?(?:\d[\w.]*|\.\d[\w.]*))|([A-Za-z_]\w*))/y;
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    if (/^\s*$/.test(text.slice(at))) break;
    const match = pattern.exec(text);
    if (!match)
      throw new ExpressionError(`Unexpected symbol '${text.slice(at).trim()}' at position ${at + 1} in '${text}'.`);
    const [, sign, string, number, word] = match;
    if (sign !== undefined) tokens.push({ kind: 'sign', text: sign, at });
    else if (string !== undefined) tokens.push({ kind: 'string', text: string.replaceAll("''", "'"), at });
    else if (number !== undefined) tokens.push({ kind: numberKind(number, text), text: number, at });
    else tokens.push({ kind: 'word', text: word ?? '', at });
  }
  return tokens;
}

function numberKind(text: string, whole: string): 'number' | 'version' {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(text)) return 'number';
  if (/^\d+\.\d+\.\d+(?:\.\d+)?$/.test(text)) return 'version';
  throw new ExpressionError(`'${text}' is no number in '${whole}'.`);
}

class Parser {
  private position = 0;

  constructor(
    private readonly tokens: Token[],
    private readonly text: string,
  ) {}

  whole(): Node {
    const node = this.node(0);
    const rest = this.tokens[this.position];
    if (rest) this.unexpected(rest);
    return node;
  }

  private node(depth: number): Node {
    if (depth > maxNesting) throw new ExpressionError(`Exceeded max expression depth ${maxNesting} in '${this.text}'.`);
    let node = this.start(depth);
    for (;;) {
      const next = this.tokens[this.position];
      if (next?.kind !== 'sign' || (next.text !== '.' && next.text !== '[')) return node;
      this.position++;
      node = next.text === '.' ? this.property(node) : this.indexed(node, depth);
    }
  }

  private start(depth: number): Node {
    const token = this.take();
    if (token.kind === 'string') return { kind: 'literal', value: token.text };
    if (token.kind === 'number') return { kind: 'literal', value: Number(token.text) };
    if (token.kind === 'version') return { kind: 'literal', value: new Version(token.text.split('.').map(Number)) };
    if (token.kind !== 'word') return this.unexpected(token);
    if (this.peek('(')) return { kind: 'call', name: token.text, args: this.args(depth) };
    const literal = { true: true, false: false }[token.text.toLowerCase()];
    return literal === undefined ? { kind: 'named', name: token.text } : { kind: 'literal', value: literal };
  }

  private property(target: Node): Node {
    const token = this.take();
    if (token.kind === 'sign' && token.text === '*') {
      throw new ExpressionError(`Filtered arrays ('.*') are not supported, in '${this.text}'.`);
    }
    if (token.kind !== 'word') return this.unexpected(token);
    return { kind: 'index', target, index: { kind: 'literal', value: token.text } };
  }

  private indexed(target: Node, depth: number): Node {
    const index = this.node(depth + 1);
    this.expect(']');
    return { kind: 'index', target, index };
  }

  private args(depth: number): Node[] {
    this.expect('(');
    const args: Node[] = [];
    if (!this.peek(')')) {
      args.push(this.node(depth + 1));
      while (this.peek(',')) {
        this.position++;
        args.push(this.node(depth + 1));
      }
    }
    this.expect(')');
    return args;
  }

  private peek(sign: string): boolean {
    const token = this.tokens[this.position];
    return token?.kind === 'sign' && token.text === sign;
  }

  private expect(sign: string): void {
    const token = this.take();
    if (token.kind !== 'sign' || token.text !== sign) this.unexpected(token);
  }

  private take(): Token {
    const token = this.tokens[this.position++];
    if (!token) throw new ExpressionError(`Unexpected end of the expression '${this.text}'.`);
    return token;
  }

  private unexpected(token: Token): never {
    throw new ExpressionError(`Unexpected symbol: '${token.text}' at position ${token.at + 1} in '${this.text}'.`);
  }
}
