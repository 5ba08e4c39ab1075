/** Random conditions that are well typed: every operator, function and field that a policy may use, and values that nobody knows. */
import fc from 'fast-check';

export const facts = { malware: 'text', failures: 'int' } as const;
export const listId = 'egress';
export const listEntries = ['198.51.100.0/24', '2001:db8:40::/48', 'okta', 'none'];

const fields = {
  bool: ['subject.privileged', 'subject.executive', 'signal.proof', 'signal.late', 'risk.statisticalOnly', 'ctx.travelNotice'],
  int: [
    'signal.ageMinutes',
    'risk.groupsActive',
    'hist.logins',
    'env.population',
    'device.people',
    'geo.asn',
    'geo.peopleSeen',
    'session.ageMinutes',
    'subject.hr.endsInMinutes',
    'facts.failures',
  ],
  absent: ['device.people', 'geo.asn', 'geo.peopleSeen', 'session.ageMinutes', 'subject.hr.endsInMinutes', 'facts.failures'],
  double: ['risk.score', 'risk.base', 'signal.confidence'],
  string: [
    'subject.tier',
    'subject.kind',
    'subject.hr.status',
    'signal.type',
    'signal.source',
    'signal.severity',
    'signal.ip',
    'session.mfa',
    'device.compliance',
    'geo.country',
    'geo.egress',
    'risk.level',
    'facts.malware',
    'env.profile',
  ],
} as const;

const texts = [
  '',
  'a',
  'okta',
  'none',
  'unknown',
  'high',
  'medium',
  'NO',
  'data',
  'session',
  'confirmed',
  'é',
  '😀',
  'Ω mega',
  '198.51.100.7',
];
const literal = (text: string) => JSON.stringify(text);
const ordering = ['==', '!=', '<', '<=', '>', '>='] as const;

interface Nodes {
  readonly bool: string;
  readonly int: string;
  readonly double: string;
  readonly string: string;
  readonly strings: string;
  readonly instant: string;
}

type Grammar = { readonly [Name in keyof Nodes]: fc.Arbitrary<string> };

/** Inside a macro the element has a name, and no second macro may stand. */
function grammar(element: string | undefined): Grammar {
  return fc.letrec<Nodes>((loose): Grammar => {
    const tie = (name: keyof Nodes) => loose(name) as fc.Arbitrary<string>;
    const pair = (left: fc.Arbitrary<string>, operators: readonly string[], right = left) =>
      fc.tuple(left, fc.constantFrom(...operators), right).map(([a, operator, b]) => `(${a} ${operator} ${b})`);
    const choose = (kind: keyof Nodes) =>
      fc.tuple(tie('bool'), tie(kind), tie(kind)).map(([condition, a, b]) => `(${condition} ? ${a} : ${b})`);
    const call = (name: string, argument: fc.Arbitrary<string>) => argument.map((text) => `${name}(${text})`);
    const string = fc.constantFrom(...fields.string, ...(element === undefined ? [] : [element, element, element]));
    const macros =
      element !== undefined
        ? []
        : [
            fc
              .tuple(tie('strings'), fc.constantFrom('all', 'exists', 'exists_one'), inMacro.bool)
              .map(([list, macro, inner]) => `${list}.${macro}(g, ${inner})`),
          ];
    return {
      bool: fc.oneof(
        { maxDepth: 4, depthSize: 'small', withCrossShrink: true },
        fc.constantFrom(...fields.bool, 'true', 'false'),
        fc.tuple(string, fc.constantFrom(...texts)).map(([field, text]) => `(${field} == ${literal(text)})`),
        fc.constantFrom(...fields.absent).map((path) => `has(${path})`),
        call('known', string),
        fc.constantFrom('data', 'session', 'mfa').map((group) => `hasGroup("${group}")`),
        fc.constantFrom('staff', 'admins').map((group) => `inGroup("${group}")`),
        fc.tuple(fc.constantFrom('inList', 'cidr'), string).map(([name, text]) => `${name}(${text}, "${listId}")`),
        pair(tie('bool'), ['&&', '||']),
        pair(tie('bool'), ['&&', '||']),
        tie('bool').map((inner) => `!(${inner})`),
        pair(tie('bool'), ['==', '!=']),
        pair(tie('int'), ordering),
        pair(tie('double'), ordering),
        pair(tie('double'), ordering.slice(2), tie('int')),
        pair(tie('string'), ordering),
        pair(tie('instant'), ordering),
        pair(tie('string'), ['in'], tie('strings')),
        pair(tie('int'), ['in'], fc.constantFrom('[0, 1, 2]', '[3]')),
        fc
          .tuple(tie('string'), fc.constantFrom('startsWith', 'endsWith', 'contains'), tie('string'))
          .map(([text, method, part]) => `${text}.${method}(${part})`),
        choose('bool'),
        ...macros,
      ),
      int: fc.oneof(
        { maxDepth: 3, depthSize: 'small' },
        fc.constantFrom(...fields.int),
        fc.constantFrom('0', '1', '2', '7', '60', '-1', '9223372036854775807'),
        fc
          .tuple(fc.constantFrom('anomalous_token', 'mass_download'), fc.constantFrom('10m', '1h', '24h'))
          .map(([type, span]) => `recent("${type}", duration("${span}"))`),
        pair(tie('int'), ['+', '-', '*', '/', '%']),
        tie('int').map((inner) => `-(${inner})`),
        call('size', fc.oneof(tie('string'), tie('strings'))),
        call('int', tie('double')),
        call('int', fc.constantFrom('"12"', '"x"', '"-3"')),
        choose('int'),
      ),
      double: fc.oneof(
        { maxDepth: 3, depthSize: 'small' },
        fc.constantFrom(...fields.double),
        fc.constantFrom('0.0', '1.0', '0.5', '50.0', '99.9999', '1e30', '-2.25'),
        pair(tie('double'), ['+', '-', '*', '/']),
        tie('double').map((inner) => `-(${inner})`),
        call('double', tie('int')),
        call('double', fc.constantFrom('"1.5"', '"x"')),
        choose('double'),
      ),
      string: fc.oneof(
        { maxDepth: 3, depthSize: 'small' },
        string,
        fc.constantFrom(...texts).map(literal),
        pair(tie('string'), ['+']),
        call('string', tie('int')),
        choose('string'),
      ),
      strings: fc.oneof(
        { maxDepth: 1 },
        fc.constant('risk.groups'),
        fc.array(fc.constantFrom(...texts), { maxLength: 4 }).map((list) => `[${list.map(literal).join(', ')}]`),
      ),
      instant: fc.oneof(
        { maxDepth: 1 },
        fc.constant('now'),
        fc.constantFrom('2026-05-04T10:00:00Z', '2026-05-04T09:59:59.999Z', '2025-01-01T00:00:00+01:00').map((at) => `timestamp("${at}")`),
        fc
          .tuple(tie('instant'), fc.constantFrom('+', '-'), fc.constantFrom('0s', '1500ms', '1h', '720h'))
          .map(([at, sign, span]) => `(${at} ${sign} duration("${span}"))`),
      ),
    };
  });
}

const inMacro = grammar('g');

export const anyCondition: fc.Arbitrary<string> = grammar(undefined).bool;
