import type { GatewayEvent } from '../../egress/index.ts';
import type { Sandbox } from '../../sandbox/index.ts';

export interface Owner {
  readonly pid: number;
  readonly argv: readonly string[];
}

/**
 * Finds which process made a connection or asked a question. The job can lie about its arguments, and a process may be
 * gone before it is looked up: this is telemetry, and an unknown owner stays unknown.
 */
export function ownerOf(sandbox: Sandbox | undefined, event: GatewayEvent): Owner | undefined {
  if (sandbox === undefined || event.kind !== 'connect') return undefined;
  return sandbox.ownerOf({
    family: event.family,
    localPort: event.clientPort,
    remoteAddress: event.address,
    remotePort: event.port,
  });
}
