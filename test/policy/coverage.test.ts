import { expect, it } from 'vitest';
import { coverageOf } from '../../src/policy/index.ts';
import { catalogue, compile } from './support.ts';
import { goodPolicy } from './wrong-documents.ts';

const mapped = goodPolicy.replace(
  'status: draft',
  'status: draft\n  attack: [T1557, T1539]\n  controls: { soc2: [CC7.4, CC6.1], nist80053: [AC-12] }',
);
const other = mapped
  .replace('id: RP-900', 'id: RP-100')
  .replace('[T1557, T1539]', '[T1539]')
  .replace(
    "    - step: suspend\n      at: 'risk.base >= 90.0'\n      approval: lead\n      actions:\n        - { type: account.suspend, expires: 4h }\n",
    '',
  )
  .replace('fallback: contain', 'fallback: ask');
const offers = [
  {
    connection: 'okta-main',
    actions: { 'session.revoke': { support: 'full' as const }, 'account.suspend': { support: 'substitute' as const } },
  },
  { connection: 'hr', actions: {} },
];
const tables = coverageOf(compile(mapped, other), catalogue, offers);
const both = [
  { policyId: 'RP-100', rung: 3 },
  { policyId: 'RP-900', rung: 5 },
];

it('every signal type of the catalogue has a row, answered or not', () => {
  expect(tables.signals.map(({ type }) => type)).toEqual([...catalogue.types.keys()].sort());
  expect(tables.signals.find(({ type }) => type === 'cookie_replay')).toEqual({ type: 'cookie_replay', group: 'session', policies: both });
  expect(tables.signals.find(({ type }) => type === 'mass_download')?.policies).toEqual([]);
});

it('techniques and controls are those that policies name, in order', () => {
  expect(tables.attack).toEqual([
    { technique: 'T1539', policies: both },
    { technique: 'T1557', policies: both.slice(1) },
  ]);
  expect(tables.controls.map(({ framework, control }) => `${framework} ${control}`)).toEqual([
    'nist80053 AC-12',
    'soc2 CC6.1',
    'soc2 CC7.4',
  ]);
});

it('every action has a row: who asks for it, and what each connection makes of it', () => {
  const row = (type: string) => tables.actions.find((each) => each.type === type);
  expect(row('session.revoke')).toEqual({
    type: 'session.revoke',
    rung: 3,
    policies: both,
    connections: { 'okta-main': 'done', hr: 'refused' },
  });
  expect(row('account.suspend')).toMatchObject({ policies: both.slice(1), connections: { 'okta-main': 'substitute', hr: 'refused' } });
  expect(row('ip.block')).toMatchObject({ policies: [], connections: { 'okta-main': 'refused', hr: 'refused' } });
});
