/** What an order asks of each connection. */
import { expect, it } from 'vitest';
import { orderType } from '../../src/model/order.ts';
import { intendOrder, isOrder, orderFault } from '../../src/policy/index.ts';
import { enforcing, situationOf } from '../guard/support.ts';

const accounts = [
  { id: 'a1', connection: 'okta', externalId: 'x', status: 'active' },
  { id: 'a2', connection: 'sandbox', externalId: 'y', status: 'active' },
  { id: 'a3', connection: 'gone', externalId: 'z', status: 'active' },
] as never;
const offering = {
  ...enforcing,
  connections: {
    ...enforcing.connections,
    okta: { provider: 'okta', profile: 'standard' as const, actions: ['session.revoke', 'account.suspend', 'notice.send'] },
  },
};
const ordered = (...actions: object[]) => {
  const plain = situationOf({ cause: 'person', source: 'operators', person: { accounts } });
  return { ...plain, signal: { ...plain.signal, type: orderType, facts: { actions: JSON.stringify(actions), by: 'lead' } } };
};
const intend = (...actions: object[]) => intendOrder(ordered(...actions), offering, (connection) => (connection === 'okta' ? 5 : 3));

it('falls on every account of the person at a connection that is configured', () => {
  const { wanted, mode, rung, policyId, fallbacks } = intend({ type: 'session.revoke', parameters: { scope: 'all' } });
  expect(wanted.map(({ connection, accountId, approval, enforced }) => [connection, accountId, approval, enforced])).toEqual([
    ['okta', 'a1', undefined, true],
    ['sandbox', 'a2', 'secondPerson', true],
  ]);
  expect({ mode, rung, policyId, fallbacks }).toEqual({ mode: 'order', rung: 3, policyId: null, fallbacks: [] });
});

it('is one step: where one of its actions needs a second person, all wait', () => {
  const { wanted, rung } = intend(
    { type: 'session.revoke', connection: 'okta', parameters: { scope: 'all' } },
    { type: 'account.suspend', connection: 'okta', parameters: { expires: '4h' } },
  );
  expect(rung).toBe(5);
  expect(wanted.map(({ type, rung: its, approval }) => [type, its, approval])).toEqual([
    ['session.revoke', 5, 'secondPerson'],
    ['account.suspend', 5, 'secondPerson'],
  ]);
});

it('names what is not offered, and never drops it', () => {
  const { wanted, reasons } = intend({ type: 'mfa.reset', connection: 'okta', parameters: {} }, { type: 'case.open', parameters: {} });
  expect(wanted.map(({ type, connection, unsupported }) => [type, connection, unsupported])).toEqual([
    ['mfa.reset', 'okta', true],
    ['case.open', 'none', true],
  ]);
  expect(reasons).toEqual([
    { code: 'unsupported', ref: 'okta' },
    { code: 'unsupported', ref: 'none' },
  ]);
});

it('falls on the subject itself where its action does', () => {
  expect(intend({ type: 'notice.send', parameters: {} }).wanted).toMatchObject([{ connection: 'okta', accountId: null }]);
});

it('is an order only with the cause of one and something that is ordered', () => {
  expect(isOrder(ordered())).toBe(true);
  const forged = ordered();
  expect(isOrder({ ...forged, signal: { ...forged.signal, cause: 'risk' } })).toBe(false);
  expect(isOrder({ ...forged, signal: { ...forged.signal, facts: {} } })).toBe(false);
});

it.each([
  ['ip.block', { expires: '1h' }, 'ip.block is not for people'],
  ['account.suspend', {}, 'parameters.expires'],
  ['session.revoke', { soon: true }, 'parameters.soon'],
  ['session.revoke', { scope: 'all' }, undefined],
] as const)('%s with %j: %s', (type, parameters, says) => {
  const fault = orderFault({ type, parameters });
  if (says === undefined) expect(fault).toBeUndefined();
  else expect(fault).toContain(says);
});
