import type { ShellCommand } from '../../shell/script.ts';
import { row } from '../../known/row.ts';

/** Programs that publish to a registry which knows trusted publishers, by the words behind them. Source: the documentation of each registry. */
const FORMS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  npm: [['publish']],
  pnpm: [['publish']],
  bun: [['publish']],
  yarn: [['publish'], ['npm', 'publish']],
  cargo: [['publish']],
  twine: [['upload']],
  uv: [['publish']],
  poetry: [['publish']],
  hatch: [['publish']],
  pdm: [['publish']],
  flit: [['publish']],
  gem: [['push']],
  nuget: [['push']],
  dotnet: [['nuget', 'push']],
};
/** Words that only start what stands behind them. */
const STARTERS = new Set(
  'sudo env npx bunx pnpx uvx exec run dlx -m -y --yes bundle python python3 pipx uv poetry hatch pdm pnpm yarn npm bun'.split(
    ' ',
  ),
);
const TRIAL = /^(?:--dry-?run.*|--trusted-publishing(?:=always|=automatic)?|--provenance|--no-push)$/;

/** Whether a command publishes something, and shows nothing of an identity by which it could. */
export function publishesByKey({ name, words }: ShellCommand): boolean {
  const values = [name, ...words.map(({ value }) => value)];
  if (values.some((value) => TRIAL.test(value))) return false;
  for (let at = 0; at < values.length; at += 1) {
    const forms = row(FORMS, values[at] ?? '') ?? [];
    const behind = values.slice(at + 1).filter((value) => !value.startsWith('-'));
    if (forms.some((form) => form.every((word, index) => behind[index] === word))) return true;
    if (!STARTERS.has(values[at] ?? '')) return false;
  }
  return false;
}
