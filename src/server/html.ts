/** HTML from templates in which every inserted text is escaped. */

export interface Html {
  readonly html: string;
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Inserted texts are escaped; inserted `Html`, also in lists, is taken as it is. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | number | Html | readonly Html[])[]): Html {
  return { html: parts.reduce((all, part, n) => `${all}${render(values[n - 1] ?? '')}${part}`) };
}

function render(value: string | number | Html | readonly Html[]): string {
  if (Array.isArray(value)) return (value as readonly Html[]).map((one) => one.html).join('');
  if (typeof value === 'object') return (value as Html).html;
  return String(value).replace(/[&<>"']/g, (character) => escapes[character] as string);
}
