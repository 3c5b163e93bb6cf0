const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** A name that ends so is read as an address by some programs, in decimal, octal or hexadecimal (WHATWG URL, section 3.5). */
const NUMBER = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/;

/** A host name in its one spelling: lower case, ASCII, no final dot. Undefined when it is none (RFC 1123, RFC 5890). */
export function hostName(text: string): string | undefined {
  const name = text.toLowerCase().replace(/\.$/, '');
  if (name.length === 0 || name.length > 253 || NUMBER.test(name)) return undefined;
  return name.split('.').every((label) => LABEL.test(label)) ? name : undefined;
}
