/** The other implementation of the language, told of the same vocabulary; what nobody knows is an error there. */
import { CelScalar, celEnv, celFunc, isCelError, objectType, parse, plan } from '@bufbuild/cel';
import ipaddr from 'ipaddr.js';
import type { Values } from '../../src/policy/values.ts';
import { listEntries } from './cel-expressions.ts';

export interface Elsewhere {
  readonly truth: 'true' | 'false' | 'error';
  /** Why it is an error: of several, all. */
  readonly why: string;
}

const held: { values?: Values } = {};
const values = () => held.values as Values;
const { STRING, BOOL, INT } = CelScalar;
const nobodyKnows = (): never => {
  throw new Error('nobody knows');
};

const environment = celEnv({
  funcs: [
    celFunc('recent', [STRING, objectType('google.protobuf.Duration')], INT, (type, span) => {
      const since = values().now - Number((span as unknown as { message: { seconds: bigint } }).message.seconds) * 1000;
      const seen = values()
        .evidence.families.filter((family) => family.type === type)
        .flatMap((family) => family.seen);
      return BigInt(seen.filter(([, at]) => at >= since).length);
    }),
    celFunc('hasGroup', [STRING], BOOL, (group) => values().activeGroups.some((each) => each === group)),
    celFunc('inGroup', [STRING], BOOL, (group) => (values().directoryGroups ?? nobodyKnows()).some((each) => each === group)),
    celFunc('known', [STRING], BOOL, (text) => text !== 'unknown'),
    celFunc('inList', [STRING, STRING], BOOL, (text) => (text === 'unknown' ? nobodyKnows() : listEntries.some((each) => each === text))),
    celFunc('cidr', [STRING, STRING], BOOL, (address) => {
      if (!ipaddr.isValid(address)) return nobodyKnows();
      const parsed = ipaddr.process(address);
      return listEntries.some((entry) => {
        if (!ipaddr.isValidCIDR(entry)) return false;
        const [range, bits] = ipaddr.parseCIDR(entry);
        return range.kind() === parsed.kind() && parsed.match(range, bits);
      });
    }),
  ],
});

const instantOf = (at: number) => plan(environment, parse(`timestamp("${new Date(at).toISOString()}")`))();

/** Without the members that have no value: there a field is absent or it is not. */
function present(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [name, present(member)]),
  );
}

/** Bindings of one snapshot, to be used for several conditions. */
export function bindingsOf(snapshot: Values): object {
  const { now: _now, ...rest } = snapshot.variables;
  return { ...(present(rest) as object), now: instantOf(snapshot.now) };
}

export function evaluateElsewhere(text: string, snapshot: Values, bindings: object): Elsewhere {
  held.values = snapshot;
  try {
    const result = plan(environment, parse(text))(bindings as never);
    if (isCelError(result)) return { truth: 'error', why: messagesOf(result) };
    return { truth: result === true ? 'true' : 'false', why: '' };
  } catch (error) {
    return { truth: 'error', why: (error as Error).message };
  }
}

function messagesOf(error: unknown): string {
  if (Array.isArray(error)) return error.map(messagesOf).join(', ');
  return error instanceof Error ? `${error.message}, ${messagesOf(error.cause)}` : '';
}
