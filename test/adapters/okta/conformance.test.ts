/** The Okta adapter against its stand-in: the contract of every adapter. */
import { okta } from '../../../src/adapters/okta/index.ts';
import { type OktaStandIn, startOkta } from '../../fakes/okta.ts';
import { type ConformanceBench, describeAdapter, type Fault } from '../conformance.ts';
import { connect } from './bench.ts';
import { give, isInForce, openThings, parametersOf } from './things.ts';

function inject(standIn: OktaStandIn, fault: Fault, writesOnly: boolean): void {
  const methods = writesOnly ? ['POST', 'PUT', 'DELETE'] : [undefined];
  for (const method of methods) {
    const on = method === undefined ? {} : { method };
    if (fault.kind === 'status') {
      const headers = fault.retryAfter === undefined ? {} : { headers: { 'retry-after': fault.retryAfter } };
      standIn.fault({ kind: 'status', status: fault.status, ...headers, ...on });
    } else if (fault.kind === 'cutBefore' || fault.kind === 'cutAfter') {
      standIn.fault({ kind: 'cut', after: fault.kind === 'cutAfter', ...on });
    } else standIn.fault({ kind: fault.kind, ...on });
  }
}

async function until(met: () => boolean): Promise<void> {
  while (!met()) await new Promise((resolve) => setImmediate(resolve));
}

async function open(): Promise<ConformanceBench> {
  const standIn = await startOkta({ people: [{ login: 'alice@example.com' }, { login: 'bob@example.com' }] });
  const [alice, bob] = [standIn.person('alice@example.com'), standIn.person('bob@example.com')];
  const things = openThings(standIn, [alice, bob]);
  const connection = await connect(standIn, things.connection);
  return {
    adapter: connection.adapter,
    accounts: { present: alice.id, other: bob.id, absent: '00u99999999999999999' },
    logged: connection.log.text,
    secrets: [standIn.token],
    parameters: (type, account) => parametersOf(things, type, account),
    give: (type, account) => give(things, type, account),
    inForce: async (type, account) => isInForce(things, type, account),
    effects: () => standIn.effects.length,
    inject: (fault, writesOnly) => inject(standIn, fault, writesOnly),
    heal: standIn.heal,
    hanging: () => until(() => standIn.limits.inFlight > 0),
    abandoned: () => until(() => standIn.limits.inFlight === 0),
    async close() {
      await connection.close();
      await standIn.close();
    },
  };
}

describeAdapter('okta', okta, open, { 'absent ip.block': 'an address is nobody’s account' });
