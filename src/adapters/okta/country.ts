/** Okta writes countries out in English; conditions compare ISO 3166-1 codes. */

/** As Okta's sources of places write them, where that is not how Unicode does. */
const otherNames: readonly (readonly [name: string, code: string])[] = [
  ['Bosnia and Herzegovina', 'BA'],
  ['Congo', 'CG'],
  ['Czech Republic', 'CZ'],
  ['Democratic Republic of the Congo', 'CD'],
  ['Hong Kong', 'HK'],
  ['Iran, Islamic Republic of', 'IR'],
  ['Ivory Coast', 'CI'],
  ["Cote d'Ivoire", 'CI'],
  ['Korea, Republic of', 'KR'],
  ['Republic of Korea', 'KR'],
  ['Macau', 'MO'],
  ['Macao', 'MO'],
  ['Macedonia', 'MK'],
  ['Myanmar', 'MM'],
  ['Palestine', 'PS'],
  ['Republic of Moldova', 'MD'],
  ['Russian Federation', 'RU'],
  ['Swaziland', 'SZ'],
  ['Syrian Arab Republic', 'SY'],
  ['Taiwan, Province of China', 'TW'],
  ['Tanzania, United Republic of', 'TZ'],
  ['The Netherlands', 'NL'],
  ['Turkey', 'TR'],
  ['United States of America', 'US'],
  ['Viet Nam', 'VN'],
];

/** Groups, and test locales. */
const pseudo: ReadonlySet<string> = new Set(['EU', 'EZ', 'QO', 'UN', 'XA', 'XB', 'ZZ']);

const codes: ReadonlyMap<string, string> = new Map([
  ...unicodeNames(),
  ...otherNames.map(([name, code]) => [name.toLowerCase(), code] as const),
]);

/** `US` for `United States` and for `us`; `undefined` for what is no country. */
export function countryCode(name: unknown): string | undefined {
  return typeof name === 'string' && name.length <= 64 ? codes.get(name.toLowerCase()) : undefined;
}

function unicodeNames(): readonly (readonly [name: string, code: string])[] {
  const english = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
  return [...letters].flatMap((first) =>
    [...letters].flatMap((second) => {
      const code = `${first}${second}`;
      const name = english.of(code);
      // Codes of countries that are no more bear the name of what came after them.
      if (name === undefined || new Intl.Locale(`und-${code}`).region !== code || pseudo.has(code)) return [];
      return [[name.toLowerCase(), code] as const, [code.toLowerCase(), code] as const];
    }),
  );
}
