/** Finds texts in a document that look like credentials: policies are read by many people and stand in git. */

const shapes: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\./,
  /\b(AKIA|ASIA)[A-Z0-9]{16}\b/,
  /\b(gh[opsur]_|github_pat_|glpat-|xox[abprs]-|sk-|sk_live_|rk_live_|npm_|AIza)[A-Za-z0-9_-]{16,}/,
  /\b(bearer|basic|ssws)\s+[A-Za-z0-9._~+/-]{16,}/i,
  /:\/\/[^/\s:@]+:[^/\s:@]+@/,
];

const sensitiveName = /(password|passwd|secret|token|apikey|api_key|privatekey|credential)$/i;

/** Paths of texts that look like secrets. The texts themselves are never repeated. */
export function findSecrets(value: unknown, path: readonly PropertyKey[] = []): readonly (readonly PropertyKey[])[] {
  if (typeof value === 'string') {
    const name = path.at(-1);
    const named = typeof name === 'string' && sensitiveName.test(name) && /^\S{12,}$/.test(value);
    return named || shapes.some((shape) => shape.test(value)) ? [path] : [];
  }
  if (Array.isArray(value)) return value.flatMap((item, index) => findSecrets(item, [...path, index]));
  if (typeof value === 'object' && value !== null) return Object.entries(value).flatMap(([key, item]) => findSecrets(item, [...path, key]));
  return [];
}
