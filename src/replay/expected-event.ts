import type { RecordEvent, RecordEventType, RiskOperation } from '../audit/index.ts';

/** What a record must hold for a case to count as contained. */
export interface ExpectedEvent {
  /** As the table shows it. */
  readonly name: string;
  readonly matches: (event: RecordEvent, canary: string) => boolean;
}

type Of<T extends RecordEventType> = Extract<RecordEvent, { readonly type: T }>;

/** An event of a type, and what must be true of it. `saying` is what the table adds to the type. */
export function event<T extends RecordEventType>(
  type: T,
  saying: string,
  fits: (event: Of<T>, canary: string) => boolean,
): ExpectedEvent {
  return {
    name: saying === '' ? type : `${type} ${saying}`,
    matches: (seen, canary) => seen.type === type && fits(seen as Of<T>, canary),
  };
}

/**
 * The receipt by which the sandbox or the gateway proved its walls before the job began, with these checks held. For an
 * attack on what is not there for the job: nothing is denied, as there is nothing to be asked for. With a microVM what only
 * the outside can see is proven of the sandbox of its monitor, which is around the guest.
 */
export function armed(...checks: readonly string[]): ExpectedEvent {
  return event('policy.armed', checks.join(', '), ({ receipt }) => {
    const made = (receipt as { readonly checks?: readonly { readonly id: string; readonly held: boolean }[] })
      .checks;
    const proven = (id: string): boolean =>
      made?.some((check) => [id, `monitor-${id}`].includes(check.id) && check.held) === true;
    return checks.every(proven);
  });
}

/** The limit that the job met. A kernel of its own that gets no more ends as a whole, and the refusal names the limit. */
export function limitHit(limit: string): ExpectedEvent {
  return either(
    event('limit.hit', limit, (seen) => seen.limit === limit),
    event('policy.refused', `sandbox/died: ${limit}`, ({ rule, why }) => {
      return rule === 'sandbox/died' && why.includes(limit);
    }),
  );
}

/** What the job tried of what ordinary builds do not do, and was refused. */
export function risk(operation: RiskOperation, call?: string): ExpectedEvent {
  const saying = `${operation} denied`;
  return event('risk.attempted', call === undefined ? saying : `${saying}: ${call}`, (seen) => {
    const fits = call === undefined || seen.call === call;
    return seen.operation === operation && seen.outcome === 'denied' && fits;
  });
}

export function denied(
  saying: string,
  fits: (seen: Of<'network.connection'>) => boolean = () => true,
): ExpectedEvent {
  return event('network.connection', `denied: ${saying}`, (seen) => seen.verdict === 'denied' && fits(seen));
}

/** A question for a name that the gateway asked of nobody. */
export function notAsked(fits: (seen: Of<'dns.question'>, canary: string) => boolean): ExpectedEvent {
  return event('dns.question', 'denied', (seen, canary) => seen.verdict === 'denied' && fits(seen, canary));
}

/** The first is what is expected where it can be; the table names it. */
export function either(first: ExpectedEvent, ...others: readonly ExpectedEvent[]): ExpectedEvent {
  const all = [first, ...others];
  return { name: first.name, matches: (seen, canary) => all.some((one) => one.matches(seen, canary)) };
}
