/** What a table has for a name that a stranger may have chosen: `constructor` and what else every object has is in no table. */
export function row<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
