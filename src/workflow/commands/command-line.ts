/** A command that a step wrote to its output (GitHub's workflow commands). All of it is the job's own word. */
export interface CommandLine {
  readonly command: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly data: string;
}

/** Longer lines are output, not commands. */
const MAX_LINE = 1_100_000;

/**
 * Reads `::name key=value,key=value::data`, which must begin the line but for blanks, and the older
 * `##[name key=value;key=value]data`, which may stand anywhere in it. Undefined when the line is neither.
 */
export function parseCommandLine(line: string): CommandLine | undefined {
  if (line.length > MAX_LINE) return undefined;
  return parseColons(line) ?? parseBrackets(line);
}

function parseColons(line: string): CommandLine | undefined {
  const text = line.trimStart();
  if (!text.startsWith('::')) return undefined;
  const end = text.indexOf('::', 2);
  if (end === -1) return undefined;
  return build(text.slice(2, end), ',', text.slice(end + 2), unescapeProperty, unescapeData);
}

function parseBrackets(line: string): CommandLine | undefined {
  const start = line.indexOf('##[');
  const end = start === -1 ? -1 : line.indexOf(']', start);
  if (end === -1) return undefined;
  return build(line.slice(start + 3, end), ';', line.slice(end + 1), unescapeOld, unescapeOld);
}

function build(
  head: string,
  separator: string,
  data: string,
  property: (text: string) => string,
  value: (text: string) => string,
): CommandLine | undefined {
  const space = head.indexOf(' ');
  const command = space === -1 ? head : head.slice(0, space);
  if (command === '' || /\s/.test(command)) return undefined;
  const pairs =
    space === -1
      ? []
      : head
          .slice(space + 1)
          .trim()
          .split(separator);
  const properties = new Map<string, string>();
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const key = equals === -1 ? '' : pair.slice(0, equals).trim();
    const text = equals === -1 ? '' : pair.slice(equals + 1);
    if (key !== '' && text !== '') properties.set(key, property(text));
  }
  return { command, properties: Object.fromEntries(properties), data: value(data) };
}

const CODES: Readonly<Record<string, string>> = {
  '%0D': '\r',
  '%0A': '\n',
  '%25': '%',
  '%3A': ':',
  '%2C': ',',
  '%3B': ';',
  '%5D': ']',
};

/** In one pass: what was escaped twice stays escaped once. */
function unescape(text: string, codes: RegExp): string {
  return text.replaceAll(codes, (code) => CODES[code.toUpperCase()] ?? code);
}

function unescapeData(text: string): string {
  return unescape(text, /%(?:0D|0A|25)/gi);
}
function unescapeProperty(text: string): string {
  return unescape(text, /%(?:0D|0A|25|3A|2C)/gi);
}
function unescapeOld(text: string): string {
  return unescape(text, /%(?:0D|0A|25|3B|5D)/gi);
}
