/** A proxy that everything goes through which the operator did not except. All of it is the operator's word. */
export interface UpstreamProxy {
  readonly kind: 'http' | 'https' | 'socks5';
  /** A name, or an address literal. It may be a private one: the operator chose it. */
  readonly host: string;
  readonly port: number;
  /** Gives `user:password`. A function, so that whatever prints or records a proxy cannot show them. */
  readonly credentials?: () => string;
  /** Further authorities that the proxy's own certificate may be vouched for by, PEM. */
  readonly authorities?: string;
  /**
   * Who finds the address of a name. `gateway`: we do, it is checked, and the proxy is asked for that address. `proxy`: it is asked
   * for the name, and where that leads nobody checks.
   */
  readonly resolves: 'gateway' | 'proxy';
  /** Hosts (`host`, `*.host`), addresses and CIDR ranges that are reached without it. */
  readonly except: readonly string[];
}

/** What is recorded of a connection that went through a proxy, or could not. */
export interface Via {
  readonly kind: UpstreamProxy['kind'];
  readonly host: string;
  readonly port: number;
  /** Who found the address of the destination; of `proxy` it was not checked and is not known. */
  readonly resolved: UpstreamProxy['resolves'];
  /** Why it did not carry the connection: in our words, nothing that it said but a number. */
  readonly failure?: string;
}
