import type { ZoneId } from '../config/index.ts';
import { disproven, proven, type ZoneFacts } from './facts.ts';

export interface ZoneDecision {
  readonly zone: ZoneId;
  /** Why this zone: what put it there. */
  readonly because: readonly string[];
  /** What the next higher zone would need and this run does not prove. Empty in zone release. */
  readonly lacks: readonly string[];
}

/** Events whose run may carry what somebody else wrote although the ref is the base's own (CVE-2021-32638 and its kin). */
const CARRIES_OTHERS = new Set(['pull_request_target', 'workflow_run', 'issue_comment', 'issues']);

/** Events that stand for a branch or a tag as it is. */
const OF_A_REF = new Set(['push', 'schedule', 'workflow_dispatch', 'release']);

const APPROVED_AUTHORS = new Set(['OWNER', 'MEMBER', 'COLLABORATOR']);

/**
 * The trust zone of a job (guide §0): untrusted, unless facts that nobody under test can forge prove more. Release needs
 * what internal needs of the repository and the code, and a signed tag or a protected environment on top.
 */
export function decideZone(facts: ZoneFacts): ZoneDecision {
  const floor = againstTrust(facts);
  if (floor.length > 0) return { zone: 'untrusted', because: floor.slice(0, 1), lacks: floor };
  const release = lacksForRelease(facts);
  if (release.length === 0) return { zone: 'release', because: whyRelease(facts), lacks: [] };
  const internal = lacksForInternal(facts);
  if (internal.length === 0) return { zone: 'internal', because: whyInternal(facts), lacks: release };
  return { zone: 'untrusted', because: internal, lacks: internal };
}

/** What keeps a run untrusted whatever else is known. */
function againstTrust(facts: ZoneFacts): readonly string[] {
  const event = facts.event.value;
  const why: string[] = [];
  if (!disproven(facts.fork)) {
    why.push(facts.fork.value ? 'head is a fork' : 'nothing proves that the head is not a fork');
  }
  if (CARRIES_OTHERS.has(event)) why.push(`${event} may carry what somebody else wrote`);
  else if (!OF_A_REF.has(event) && event !== 'pull_request')
    why.push(`${event} proves nothing about its author`);
  if (!proven(facts.repositoryTrusted)) {
    why.push(
      facts.repositoryTrusted?.why ?? 'the operator\u2019s configuration does not vouch for this repository',
    );
  } else {
    if (!disproven(facts.workTree))
      why.push('it runs a work tree as it lies there, not a commit that was reviewed');
    if (!proven(facts.payloadOwn))
      why.push('the event\u2019s payload came from a file, which anyone may have written');
  }
  return why;
}

function lacksForInternal(facts: ZoneFacts): readonly string[] {
  if (facts.event.value === 'pull_request') {
    const author = facts.authorAssociation;
    if (author === undefined) return ['nothing says who the author is to the repository'];
    if (author.forgeable) return ['what says who the author is could be forged'];
    return APPROVED_AUTHORS.has(author.value) ? [] : [`the author is ${author.value} to the repository`];
  }
  if (proven(facts.protectedBranch)) return [];
  if (proven(facts.protectedTag) && proven(facts.onProtectedBranch)) return [];
  return [facts.protectedBranch?.why ?? 'the ref is not a protected branch at its tip'];
}

function lacksForRelease(facts: ZoneFacts): readonly string[] {
  if (!OF_A_REF.has(facts.event.value)) return [`${facts.event.value} never releases`];
  if (proven(facts.protectedEnvironment) && proven(facts.protectedBranch)) return [];
  const why: string[] = [];
  if (!proven(facts.protectedTag)) why.push('the ref is not a protected tag');
  else {
    if (!proven(facts.signedTag))
      why.push(facts.signedTag?.why ?? 'the tag is not signed by an allowed signer');
    if (!proven(facts.onProtectedBranch)) {
      why.push(facts.onProtectedBranch?.why ?? 'the tag is not on the history of a protected branch');
    }
  }
  if (why.length > 0 && facts.environment !== undefined && !proven(facts.protectedEnvironment)) {
    why.push(`the environment ${JSON.stringify(facts.environment.value)} is not a protected one`);
  }
  return why;
}

function whyInternal(facts: ZoneFacts): readonly string[] {
  if (facts.event.value === 'pull_request') return [`the author is ${facts.authorAssociation?.value ?? ''}`];
  const kind = proven(facts.protectedBranch)
    ? 'the tip of a protected branch'
    : 'a protected tag on a protected branch';
  return [`${facts.ref.value} is ${kind}`];
}

function whyRelease(facts: ZoneFacts): readonly string[] {
  if (proven(facts.signedTag))
    return [`${facts.ref.value} is a protected tag, ${facts.signedTag?.why ?? 'signed'}`];
  return [
    `environment ${facts.environment?.value ?? ''} is protected, and ${facts.ref.value} a protected branch`,
  ];
}
