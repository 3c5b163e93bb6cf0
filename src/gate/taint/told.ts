import { expressionsIn } from '../../workflow/index.ts';
import { pieceSpan, spanOf } from '../repository/tree.ts';
import type { Site } from '../subject.ts';
import { PRIVILEGED_EVENTS } from './sources.ts';
import type { Following, Taint } from './value.ts';

/** A branch by its name alone is one of the repository that it is looked for in. */
export const HEAD_BRANCH = 'the branch that the forge tells of a pull request';

/** What decides over a name of `actions/github-script` that is no variable of the script: the event, and what the forge\u2019s interface tells. */
export function toldTaint(taints: Following, variable: string, site: Site): readonly Taint[] {
  const text = taints.subject.scriptText(site);
  const [, kind, path = ''] = /^(github|api):(.{1,400})$/s.exec(variable) ?? [];
  if (text === undefined || kind === undefined) return [];
  const at = pieceSpan(site.file.source, text, path.replace(/^.*\./s, ''));
  if (kind === 'github') {
    const found = taints.reference(['github', ...path.toLowerCase().split('.')], site, at);
    return found.length > 0 && isAsked(taints, site) ? found.map((one) => ({ ...one, by: 'writer' })) : found;
  }
  const events = taints.subject.reachedByStrangers(site.file);
  if (events.length === 0) return [];
  const best = events.find(({ event }) => PRIVILEGED_EVENTS.has(event)) ?? events[0];
  return [
    {
      origin:
        path === 'pulls.ref'
          ? HEAD_BRANCH
          : `the ${path.replace(/^.*\./s, '')} that the forge tells of ${path.startsWith('pulls') ? 'a pull request' : 'an issue or a comment'}`,
      by: isAsked(taints, site) ? 'writer' : 'stranger',
      holds: path.endsWith('.sha') ? 'pointer' : 'text',
      events: events.map(({ event }) => event),
      hops: [...(best?.via ?? []), { at, what: 'asks the forge for what a stranger wrote' }],
    },
  ];
}

/** An input of a step is a variable of its own: `INPUT_TITLE` holds what `with: { title: }` gives. */
export function inputTaint(taints: Following, variable: string, site: Site): readonly Taint[] {
  if (!variable.startsWith('INPUT_')) return [];
  const input = variable.slice('INPUT_'.length).toLowerCase();
  return site.step.with
    .filter(
      ({ name, value }) =>
        name.toLowerCase().replaceAll(' ', '_') === input && expressionsIn(value.text).length > 0,
    )
    .flatMap(({ value }) =>
      taints.of(value, site).map((taint) => ({
        ...taint,
        hops: [
          ...taint.hops,
          { at: spanOf(site.file.source, value.at, value.text.length), what: `is the input ${input}` },
        ],
      })),
    );
}

const ASKS =
  /author_association|getCollaboratorPermissionLevel|checkCollaborator|checkMembership|getMembershipFor|head\.repo\??\.(?:full_name|id)\s{0,3}[!=]==?|if\s?\([^)\n]{0,80}head\.repo\??\.fork\b/;
const STOPS = /setFailed|\bthrow\b|process\.exit/;

/** Whether the script, or that of a step before it, asks who wrote or whose the head is, and stops. What it compares is not looked at. */
function isAsked(taints: Following, site: Site): boolean {
  const steps = site.job?.steps ?? [site.step];
  return steps.some((step) => {
    if (step.index > site.step.index || step.uses?.kind !== 'repository') return false;
    const text = taints.subject.scriptText({ ...site, step })?.text ?? '';
    return ASKS.test(text) && STOPS.test(text);
  });
}
