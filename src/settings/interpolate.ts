/** `${env:NAME}` and `${file:PATH}` inside the texts of the configuration. */

/** Where values come from. `readFile` may throw or answer undefined for a file that cannot be read. */
export interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string | undefined;
}

export interface Interpolated {
  readonly value: unknown;
  /** Dotted paths of the texts that held a reference. */
  readonly touched: ReadonlySet<string>;
  readonly failures: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}

const reference = /\$\$\{|\$\{([^}]*)\}/g;

/**
 * Replaces references in every text value; keys stay. One line end at the end of a file is dropped, `$${` stands for `${`.
 * Values that come in are not looked through again. Messages name the variable or the file, never a value.
 */
export function interpolate(document: unknown, sources: Sources): Interpolated {
  const touched = new Set<string>();
  const failures: { path: readonly PropertyKey[]; message: string }[] = [];

  const resolve = (inside: string, path: readonly PropertyKey[]): string => {
    const [, scheme, name] = /^(env|file):(.+)$/s.exec(inside) ?? [];
    if (scheme === undefined || name === undefined) {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the form of a reference
      failures.push({ path, message: 'a reference has the form ${env:NAME} or ${file:PATH}; write $${ for the characters themselves' });
      return '';
    }
    if (scheme === 'env') {
      const found = sources.env[name];
      if (found === undefined || found === '') failures.push({ path, message: `the environment variable ${name} is not set` });
      return found ?? '';
    }
    const found = readQuietly(sources, name);
    if (found === undefined) failures.push({ path, message: `the file ${name} cannot be read` });
    else if (found.trim() === '') failures.push({ path, message: `the file ${name} is empty` });
    return found?.replace(/\r?\n$/, '') ?? '';
  };

  const walk = (value: unknown, path: readonly PropertyKey[]): unknown => {
    if (typeof value === 'string') {
      if (!value.includes('${')) return value;
      touched.add(dotted(path));
      return value.replace(reference, (all, inside: string | undefined) => (inside === undefined ? '${' : all && resolve(inside, path)));
    }
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]));
    if (value !== null && typeof value === 'object')
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key])]));
    return value;
  };

  return { value: walk(document, []), touched, failures };
}

export function dotted(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}

function readQuietly(sources: Sources, path: string): string | undefined {
  try {
    return sources.readFile(path);
  } catch {
    return undefined;
  }
}
