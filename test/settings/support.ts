/** Reads a configuration text as the service would, with the sandbox and one invented provider. */
import { z } from 'zod';
import type { DocumentResult } from '../../src/model/document.ts';
import { readSettings, type Settings } from '../../src/settings/index.ts';

export const providers = new Map<string, z.ZodType>([
  [
    'sandbox',
    z.strictObject({
      people: z.array(z.looseObject({})).optional(),
      clients: z.array(z.looseObject({})).optional(),
      baseUrl: z.string().optional(),
    }),
  ],
  [
    'okta',
    z.strictObject({
      orgUrl: z.string(),
      auth: z.strictObject({ token: z.string().min(8) }),
      pollSeconds: z.int().optional(),
      events: z.strictObject({ secret: z.string(), pollSeconds: z.int() }).optional(),
    }),
  ],
  ['webhook', z.strictObject({ kind: z.enum(['edr', 'siem', 'hr']) })],
  ['scim', z.strictObject({})],
]);

export function read(
  text: string,
  options: { env?: Record<string, string>; files?: Record<string, string> } = {},
): DocumentResult<Settings> {
  return readSettings({
    text,
    file: 'rescind.yaml',
    env: options.env ?? {},
    readFile: (path) => options.files?.[path],
    providers,
  });
}

/** The settings of a text that has no faults. */
export function settingsOf(text: string, options: { env?: Record<string, string>; files?: Record<string, string> } = {}): Settings {
  const result = read(text, options);
  if (!result.ok) throw new Error(JSON.stringify(result.faults, null, 1));
  return result.value;
}

/** `line:column path: message` of each fault. */
export function faultsOf(text: string, options: { env?: Record<string, string>; files?: Record<string, string> } = {}): string[] {
  const result = read(text, options);
  return result.ok
    ? []
    : result.faults.map((f) => `${f.file === 'rescind.yaml' ? '' : `${f.file} `}${f.line}:${f.column} ${f.path}: ${f.message}`);
}
