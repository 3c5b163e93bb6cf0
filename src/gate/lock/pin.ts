import type { Pin } from './model.ts';

const FORM =
  /^([A-Za-z0-9][\w.-]{0,99})\/([\w.-]{1,100})@([^\s:@~^?*[\\\]\u0000-\u001f]{1,255}(?:@[^\s:@~^?*[\\\]\u0000-\u001f]{1,200})?)$/;
/** What version 0.0.1 of the format puts behind a pin. */
const DIGEST = /:sha(?:1|256)-[0-9a-f]{40,64}$/;

/** The pin that a text is, in its one form: owner and name in lower case; undefined when it is none. A git ref is told from an option and a path by its form. */
export function pinOf(text: string): Pin | undefined {
  const [, owner, name, ref] = FORM.exec(text.replace(DIGEST, '')) ?? [];
  if (owner === undefined || name === undefined || ref === undefined) return undefined;
  if (/^[-/.]|\.\.|\/\/|[/.]$|\.lock$|@\{/.test(ref) || /^\.{1,2}$/.test(name)) return undefined;
  return `${owner}/${name}`.toLowerCase().concat('@', ref);
}

/** `owner/name` and ref of a pin. */
export function partsOf(pin: Pin): { readonly repository: string; readonly ref: string } {
  const at = pin.indexOf('@');
  return { repository: pin.slice(0, at), ref: pin.slice(at + 1) };
}

export function isCommit(ref: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(ref);
}
