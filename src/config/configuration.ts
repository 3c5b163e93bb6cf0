import type { z } from 'zod';
import type { configurationSchema } from './schema.ts';
import type { ZoneId } from './zones.ts';

/** A checked `cofferdam.yaml`: sizes are bytes, durations milliseconds. What it does not say is absent. */
export type Configuration = z.output<typeof configurationSchema>;

/** What one file says of one zone. */
export type ZoneSettings = NonNullable<NonNullable<Configuration['zones']>[ZoneId]>;
export type ZonesSettings = NonNullable<Configuration['zones']>;

/** A repository whose refs the operator vouches for. */
export type TrustedRepository = NonNullable<NonNullable<Configuration['trust']>['repositories']>[number];

/** The proxy by which the gateway reaches the world. */
export type ProxySettings = NonNullable<Configuration['proxy']>;

/** One job that may run privileged for a while. */
export type Waiver = NonNullable<Configuration['waivers']>[number];

/** Where a `cofferdam.yaml` was read decides what it may do. */
export type Origin =
  /** The operator's own file: may set everything. */
  | 'operator'
  /** The tree of a protected branch that the operator named: may set the zones, within the operator's bounds. */
  | 'protected-branch'
  /** The head under test: may only narrow. */
  | 'head';
