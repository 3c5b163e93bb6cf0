const MAX_LABELS = 4;
const MAX_LENGTH = 80;
const MAX_DATA = 32;

/**
 * Whether a name below a wildcard is as names are. What is asked below it reaches the servers of its owner, so that a wildcard
 * is a way out for whoever owns one: a name of many labels, of great length, or with a long run of hexadecimal or base32 in it
 * is refused. It bounds how fast data can leave and does not stop it; a name in place of the wildcard does.
 */
export function isPlainBelow(pattern: string, name: string): boolean {
  if (!pattern.startsWith('*.')) return true;
  const below = name.slice(0, name.length - pattern.length + 1);
  const labels = below.split('.');
  return labels.length <= MAX_LABELS && below.length <= MAX_LENGTH && !labels.some(isData);
}

function isData(label: string): boolean {
  return (
    label.length >= MAX_DATA && label.split(/[-_]/).some((word) => word.length >= MAX_DATA && /\d/.test(word))
  );
}
