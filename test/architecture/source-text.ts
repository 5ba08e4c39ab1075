/** Tells apart what a source file does, what it says in strings, and what it only remarks. */

export interface SourceText {
  /** Without comments and with empty strings: what runs. */
  readonly code: string;
  /** Without comments: import statements keep their paths. */
  readonly statements: string;
  /** The contents of all string and template literals, a line each. */
  readonly strings: string;
}

/** A slash after one of these begins a regular expression; elsewhere it divides. */
const beforePattern = /(^|[(,=:[!&|?{};+\-*%<>~^]|\b(return|typeof|case|in|of|void|await|yield))\s*$/;

export function readSource(text: string): SourceText {
  let code = '';
  let statements = '';
  const strings: string[] = [];
  /** Braces that are open inside each template literal's `${`. */
  const templates: number[] = [];
  let at = 0;
  const take = (end: number) => {
    const taken = text.slice(at, end);
    code += taken;
    statements += taken;
    at = end;
  };
  const takeLiteral = (end: number, edge: number) => {
    strings.push(text.slice(at + 1, end - edge));
    code += `${text[at]}${text.slice(end - edge, end)}`;
    statements += text.slice(at, end);
    at = end;
  };
  const takeTemplate = () => {
    let end = at + 1;
    while (end < text.length && text[end] !== '`' && !text.startsWith('${', end)) end += text[end] === '\\' ? 2 : 1;
    const goesOn = text.startsWith('${', end);
    if (goesOn) templates.push(0);
    takeLiteral(end + (goesOn ? 2 : 1), goesOn ? 2 : 1);
  };
  while (at < text.length) {
    const char = text[at] as string;
    const open = templates.length - 1;
    if (text.startsWith('//', at)) at = endOf(text, '\n', at);
    else if (text.startsWith('/*', at)) at = endOf(text, '*/', at + 2) + 2;
    else if (char === "'" || char === '"') takeLiteral(endOfString(text, at, char), 1);
    else if (char === '`') takeTemplate();
    else if (char === '}' && templates[open] === 0) {
      templates.pop();
      takeTemplate();
    } else if (char === '/' && beforePattern.test(code.slice(-40))) take(endOfPattern(text, at));
    else {
      if (open >= 0 && char === '{') templates[open] = (templates[open] ?? 0) + 1;
      if (open >= 0 && char === '}') templates[open] = (templates[open] ?? 0) - 1;
      take(at + 1);
    }
  }
  return { code, statements, strings: strings.join('\n') };
}

function endOf(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found;
}

function endOfString(text: string, from: number, quote: string): number {
  let at = from + 1;
  while (at < text.length && text[at] !== quote && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function endOfPattern(text: string, from: number): number {
  let inClass = false;
  for (let at = from + 1; at < text.length; at++) {
    const char = text[at] as string;
    if (char === '\\') at++;
    else if (char === '\n') return from + 1;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '/' && !inClass) return at + 1;
  }
  return from + 1;
}
