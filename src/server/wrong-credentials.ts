/** Slows down whoever guesses: counts credentials that were wrong by address, and never stands in the way of one that was right before. */
import { hash } from 'node:crypto';
import { ipKeyGenerator } from 'express-rate-limit';
import type { Clock } from '../model/clock.ts';

const windowMs = 60_000;
/** Wrong credentials a window and address. */
const failuresAllowed = 60;
const addressesKept = 10_000;
const credentialsKept = 1_000;

export interface WrongCredentials {
  /** Seconds until an unknown credential from this address is looked at again; undefined where it is looked at now. */
  waitSeconds(address: string | undefined, credential: string): number | undefined;
  failed(address: string | undefined): void;
  /** Whoever shares an address with a guesser goes on working with it. */
  succeeded(credential: string): void;
}

export function createWrongCredentials(clock: Clock): WrongCredentials {
  let windowEndsMs = Number.NEGATIVE_INFINITY;
  const failures = new Map<string, number>();
  const provenOnce = new Set<string>();

  function turnWindow(): void {
    if (clock.elapsedMs() < windowEndsMs) return;
    windowEndsMs = clock.elapsedMs() + windowMs;
    failures.clear();
  }

  return {
    waitSeconds(address, credential) {
      turnWindow();
      if ((failures.get(keyOf(address)) ?? 0) < failuresAllowed || provenOnce.has(digest(credential))) return undefined;
      return Math.max(1, Math.ceil((windowEndsMs - clock.elapsedMs()) / 1000));
    },
    failed(address) {
      turnWindow();
      const key = keyOf(address);
      failures.set(key, (failures.get(key) ?? 0) + 1);
      if (failures.size > addressesKept) dropOldest(failures.keys(), (oldest) => failures.delete(oldest));
    },
    succeeded(credential) {
      provenOnce.add(digest(credential));
      if (provenOnce.size > credentialsKept) dropOldest(provenOnce.keys(), (oldest) => provenOnce.delete(oldest));
    },
  };
}

/** A network of IPv6 is one guesser. */
function keyOf(address: string | undefined): string {
  return address === undefined ? '' : ipKeyGenerator(address);
}

function digest(credential: string): string {
  return hash('sha256', credential, 'base64url');
}

function dropOldest(keys: Iterator<string>, drop: (key: string) => void): void {
  const { value, done } = keys.next();
  if (!done) drop(value);
}
