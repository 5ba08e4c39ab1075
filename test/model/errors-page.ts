/** Renders the page of errors from the table, so that the two cannot differ. */
import { errorTable } from '../../src/model/errors.ts';

export function renderErrorsPage(): string {
  const rows = Object.entries(errorTable)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([code, { status, meaning, retry, operator }]) =>
        `| \`${code}\` | ${status} | ${meaning} | ${retry === 'later' ? 'later' : 'no'} | ${operator} |`,
    );
  return [
    '# Errors',
    '',
    'API answers are RFC 9457 problem documents with one of these codes; commands end with exit code 1 or 2 and print it.',
    '`/ssf/*` answers in the form of RFC 8935.',
    '',
    '| code | HTTP | meaning | again? | what to do |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
