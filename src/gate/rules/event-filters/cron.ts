const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const DAYS = 'sun mon tue wed thu fri sat'.split(' ');
interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  /** Names in place of numbers, from `least` on. */
  readonly names?: readonly string[];
}
const FIELDS: readonly Field[] = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of the month', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12, names: MONTHS },
  { name: 'day of the week', least: 0, most: 6, names: DAYS },
];
const LONGEST = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const SHORTEST_MINUTES = 5;

/** Why a schedule is none that GitHub starts by (POSIX cron), or one that never comes. */
export function wrongCron(text: string): string | undefined {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) return `it has ${fields.length} fields and not 5`;
  const values: (readonly number[])[] = [];
  for (const [index, field] of FIELDS.entries()) {
    const read = valuesOf(fields[index] ?? '', field);
    if (typeof read === 'string') return read;
    values.push(read);
  }
  const [minutes = [], , days = [], months = [], weekdays = []] = values;
  if (minutes.some((minute, index) => index > 0 && minute - (minutes[index - 1] ?? 0) < SHORTEST_MINUTES))
    return `GitHub starts nothing more often than every ${SHORTEST_MINUTES} minutes`;
  const anyWeekday = weekdays.length >= DAYS.length;
  if (anyWeekday && !months.some((month) => days.some((day) => day <= (LONGEST[month - 1] ?? 31))))
    return 'no month that it names has such a day';
  return undefined;
}

/** The values of a field in order, or what is wrong with it. */
function valuesOf(text: string, field: Field): readonly number[] | string {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const [range = '', step, ...more] = part.split('/');
    if (more.length > 0 || (step !== undefined && !(/^\d{1,3}$/.test(step) && Number(step) > 0)))
      return `/${[step, ...more].join('/').slice(0, 20)} is no step of the ${field.name}`;
    const ends =
      range === '*' ? [field.least, field.most] : range.split('-').map((end) => valueOf(end, field));
    const [first, last = step === undefined ? first : field.most] = ends;
    if (ends.length > 2 || first === undefined || last === undefined || ends.includes(undefined))
      return `${JSON.stringify(range.slice(0, 40))} is no ${field.name}`;
    if (first > last) return `${JSON.stringify(range.slice(0, 40))} ends before it begins`;
    for (let value = first; value <= last; value += Number(step ?? 1)) values.add(value);
  }
  return [...values].toSorted((a, b) => a - b);
}

function valueOf(text: string, { least, most, names = [] }: Field): number | undefined {
  const named = names.indexOf(text.toLowerCase());
  if (named !== -1) return named + least;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : undefined;
}

/** Whether a name is one of the IANA database. */
export function isTimezone(name: string): boolean {
  if (!/^[A-Za-z][\w+/-]{1,60}$/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) instanceof Intl.DateTimeFormat;
  } catch {
    return false;
  }
}
