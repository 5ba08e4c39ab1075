/** Faults on demand: which calls they strike, how often, and how the answer then goes wrong. */
import { codeOf, type ErrorCode, Refusal } from './refusal.ts';

type FaultKind =
  /** With the headers that are given and no others: a 429 of this kind names no reset by itself. */
  | { readonly kind: 'status'; readonly status: number; readonly code?: ErrorCode; readonly headers?: Readonly<Record<string, string>> }
  /** Nothing is ever answered; `cut`: the connection ends amid the body. */
  | { readonly kind: 'hang' | 'cut' }
  /** 200 with another body: an object for a list, a list for an object, or a page of HTML. */
  | { readonly kind: 'wrongShape' | 'html' }
  | { readonly kind: 'slow'; readonly delayMs: number };

export type OktaFault = FaultKind & {
  readonly method?: string;
  // A path in which `*` stands for one member, e.g. `/api/v1/users/*/sessions`; absent: every path.
  readonly path?: string;
  /** How many calls it strikes; absent: all from now on. */
  readonly times?: number;
  /** The call has its effect before the answer goes wrong. Default: it has none. Slow and misshapen answers always have it. */
  readonly after?: boolean;
};

export interface Faults {
  /** How often it struck is counted in what is answered. */
  add(fault: OktaFault): { readonly struck: number };
  heal(): void;
  /** The fault that strikes this call, counted. The one that was added last goes first. */
  strike(method: string, path: string): OktaFault | undefined;
}

export function createFaults(): Faults {
  let standing: { fault: OktaFault; pattern: RegExp; struck: number }[] = [];
  return {
    add(fault) {
      const escaped = (fault.path ?? '').replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '[^/]+');
      const one = { fault, pattern: fault.path === undefined ? /^/ : new RegExp(`^${escaped}$`), struck: 0 };
      standing.unshift(one);
      return one;
    },
    heal() {
      standing = [];
    },
    strike(method, path) {
      const found = standing.find(
        ({ fault, pattern, struck }) =>
          struck < (fault.times ?? Number.POSITIVE_INFINITY) && (fault.method ?? method) === method && pattern.test(path),
      );
      if (!found) return undefined;
      found.struck += 1;
      return found.fault;
    },
  };
}

export const refusalOf = ({ status, code, headers = {} }: OktaFault & { readonly kind: 'status' }): Refusal =>
  new Refusal(code ?? codeOf(status), { status, headers });
