/** Connections for protocols other than HTTP, which go only to addresses the configuration permits. */
import { connect, type Socket } from 'node:net';
import { type AddressGuardOptions, createAddressGuards, ForbiddenAddress } from './guarded-lookup.ts';

export interface SocketTarget {
  readonly host: string;
  readonly port: number;
  /** Nothing will encrypt what is said over it: then only addresses of `allowPrivate`. */
  readonly plain: boolean;
}

/** A connection that stands. Rejects with the error of the connection, with one of code `addressForbidden`, or once aborted. */
export type OpenSocket = (target: SocketTarget, signal: AbortSignal) => Promise<Socket>;

/** Throws `RangeError` where an entry of `allowPrivate` is no network. */
export function createSocketOpener(options: AddressGuardOptions): OpenSocket {
  const guards = createAddressGuards(options);
  return async ({ host, port, plain }, signal) => {
    const { permits, lookup } = plain ? guards.plain : guards.encrypted;
    if (!permits(host)) throw new ForbiddenAddress();
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    const socket = connect({ host, port, lookup });
    const onAbort = () => socket.destroy(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      resolve(socket);
    });
    return promise.finally(() => signal.removeEventListener('abort', onAbort));
  };
}
