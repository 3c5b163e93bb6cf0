/** Below this a value would mask ordinary words, and is refused. */
export const VALUE_MIN_BYTES = 4;
/** Above GitHub's own limit for a secret (48 KB). */
export const VALUE_MAX_BYTES = 65_536;
/** A shorter line of a value (`{`, `"id": 1`) would mask ordinary output. */
const LINE_MIN_BYTES = 8;
/** A shorter piece of an encoding turns up by chance. */
const ENCODED_MIN_BYTES = 6;
/** Where base64(1) and openssl(1) break their lines. */
const BASE64_COLUMNS = [76, 64];

/**
 * The byte strings under which a value shows up in output: itself, its lines, and what common tools make of it
 * (base64 at any alignment and wrapped, URL, JSON, XML and shell escapes, hexadecimal), and base64 of base64, by which
 * secrets were stolen past masks (CVE-2025-30066). Most telling first, so that a
 * caller with little room keeps the best. Other transformations (reversed, split, compressed, encrypted) are not
 * covered, and cannot be.
 */
export function maskedForms(value: Buffer): Buffer[] {
  const text = value.toString('latin1');
  const utf8 = value.toString('utf8');
  const forms = new Set<string>([text]);
  const add = (form: string, least = ENCODED_MIN_BYTES): void => {
    if (form.length >= least) forms.add(form);
  };
  for (const line of text.split(/[\r\n]+/)) add(line.trim(), LINE_MIN_BYTES);
  add(text.replaceAll(/\r?\n/g, '\r\n'), VALUE_MIN_BYTES);
  for (const form of base64Forms(value)) add(form);
  for (const form of urlForms(value)) add(form, VALUE_MIN_BYTES);
  for (const form of [...jsonForms(utf8), ...quotedForms(utf8)])
    add(Buffer.from(form, 'utf8').toString('latin1'), VALUE_MIN_BYTES);
  add(value.toString('hex'));
  add(value.toString('hex').toUpperCase());
  for (const form of base64TwiceForms(value)) add(form);
  return [...forms].map((form) => Buffer.from(form, 'latin1'));
}

/** Only the digits that the value alone decides, whatever stands before and after it. */
function base64Core(value: Buffer, before: number): string {
  const encoded = Buffer.concat([Buffer.alloc(before), value]).toString('base64');
  return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + value.length) * 8) / 6));
}

function base64Forms(value: Buffer): string[] {
  const whole = value.toString('base64');
  const plain = [whole, ...[0, 1, 2].map((before) => base64Core(value, before))];
  for (const columns of BASE64_COLUMNS)
    for (let from = 0; whole.length > columns && from < whole.length; from += columns)
      plain.push(whole.slice(from, from + columns));
  return [...plain, ...plain.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))];
}

function base64TwiceForms(value: Buffer): string[] {
  return [0, 1, 2].flatMap((inner) => {
    const once = Buffer.from(base64Core(value, inner), 'latin1');
    return [0, 1, 2].map((outer) => base64Core(once, outer));
  });
}

/** Percent-encoding (RFC 3986) as strict tools, JavaScript, Python and HTML forms write it. */
function urlForms(value: Buffer): string[] {
  const kept = ['', "!'()*", '/', '*'];
  const forms = kept.map((also, index) => percentEncode(value, also, index === 3));
  return [...forms, ...forms.map((form) => form.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()))];
}

function percentEncode(value: Buffer, keptToo: string, plusForSpace: boolean): string {
  let encoded = '';
  for (const byte of value) {
    const character = String.fromCharCode(byte);
    if (/[A-Za-z0-9\-_.~]/.test(character) || keptToo.includes(character)) encoded += character;
    else if (plusForSpace && character === ' ') encoded += '+';
    else encoded += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** As JavaScript writes it, with other characters than ASCII escaped (Python), and safe for HTML (Go). */
function jsonForms(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  return [
    json,
    json.replaceAll(/[^\x20-\x7e]/g, unicodeEscape),
    json.replaceAll(/[<>&]/g, unicodeEscape),
    json.replaceAll('/', '\\/'),
  ];
}

function quotedForms(text: string): string[] {
  const xml = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return [
    xml,
    xml.replaceAll('"', '&quot;').replaceAll("'", '&apos;'),
    xml.replaceAll('"', '&#34;').replaceAll("'", '&#39;'),
    text.replaceAll("'", "'\\''"),
    text.replaceAll("'", "''"),
    text.replaceAll('"', '\\"'),
  ];
}
