/** What a condition can read: every declared path with its type and what it is when nobody knows it. */
import type { FactType } from '../model/catalogue.ts';

export type FieldType = 'string' | 'int' | 'double' | 'bool' | 'strings' | 'instant';

export interface Field {
  readonly type: FieldType;
  /** `text`: the word "unknown" stands for it. `absent`: reading it makes the clause unknown. `never`: always known. */
  readonly whenUnknown: 'text' | 'absent' | 'never';
}

const known = (type: FieldType): Field => ({ type, whenUnknown: 'never' });
const text: Field = { type: 'string', whenUnknown: 'text' };
const number: Field = { type: 'int', whenUnknown: 'absent' };

/** Dotted paths of the snapshot, facts apart. */
export const declaredFields: ReadonlyMap<string, Field> = new Map<string, Field>([
  ['subject.kind', known('string')],
  ['subject.tier', text],
  ['subject.privileged', known('bool')],
  ['subject.executive', known('bool')],
  ['subject.learning', known('bool')],
  ['subject.hr.status', text],
  ['subject.hr.endsInMinutes', number],
  ['signal.type', known('string')],
  ['signal.source', known('string')],
  ['signal.group', known('string')],
  ['signal.severity', known('string')],
  ['signal.proof', known('bool')],
  ['signal.late', known('bool')],
  ['signal.confidence', known('double')],
  ['signal.ageMinutes', known('int')],
  ['signal.ip', text],
  ['session.mfa', text],
  ['session.deviceBound', text],
  ['session.ageMinutes', number],
  ['device.compliance', text],
  ['device.managed', text],
  ['device.people', number],
  ['geo.country', text],
  ['geo.asn', number],
  ['geo.egress', text],
  ['geo.anonymizer', text],
  ['geo.peopleSeen', number],
  ['risk.score', known('double')],
  ['risk.base', known('double')],
  ['risk.level', known('string')],
  ['risk.heldLevel', known('string')],
  ['risk.groups', known('strings')],
  ['risk.groupsActive', known('int')],
  ['risk.statisticalOnly', known('bool')],
  ['hist.logins', known('int')],
  ['hist.suspensions30d', known('int')],
  ['ctx.travelNotice', known('bool')],
  ['ctx.openIncident', known('bool')],
  ['ctx.campaign', known('string')],
  ['env.profile', known('string')],
  ['env.population', known('int')],
  ['now', known('instant')],
]);

/** The fields of one policy: the declared ones and the facts that every matched signal type declares alike. */
export function vocabularyFor(facts: Readonly<Record<string, FactType>>): ReadonlyMap<string, Field> {
  const own = Object.entries(facts).map(([name, type]) => [`facts.${name}`, type === 'int' ? number : text] as const);
  return own.length === 0 ? declaredFields : new Map([...declaredFields, ...own]);
}

/** Facts declared, with the same type, by all of the given types. */
export function commonFacts(declarations: readonly Readonly<Record<string, FactType>>[]): Readonly<Record<string, FactType>> {
  const [first, ...rest] = declarations;
  return Object.fromEntries(Object.entries(first ?? {}).filter(([name, type]) => rest.every((other) => other[name] === type)));
}

/** Whether a path names a field, or an object that holds fields. */
export function isPrefix(vocabulary: ReadonlyMap<string, Field>, path: string): boolean {
  for (const field of vocabulary.keys()) if (field.startsWith(`${path}.`)) return true;
  return false;
}
