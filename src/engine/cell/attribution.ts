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
export async function ownerOf(sandbox: Sandbox | undefined, event: GatewayEvent): Promise<Owner | undefined> {
  if (sandbox === undefined) return undefined;
  switch (event.kind) {
    case 'connect':
    case 'request':
      return sandbox.ownerOf({
        localPort: event.clientPort,
        remotePort: event.port,
        ...('address' in event && { remoteAddress: event.address }),
      });
    case 'dns':
      return sandbox.ownerOf({ protocol: event.transport, localPort: event.clientPort });
    default:
      return undefined;
  }
}
