/** The provider's pages: plain HTML without scripts or outside assets, and the policy under which they are shown. */
import { hash } from 'node:crypto';

const style = `
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; background: #f3f4f6; color: #1f2937; }
main { max-width: 24rem; margin: 12vh auto; padding: 2rem; background: #fff; border: 1px solid #d1d5db; border-radius: 8px; }
h1 { font-size: 1.25rem; margin: 0 0 1rem; }
label { display: block; margin-top: 1rem; font-weight: 600; }
input { box-sizing: border-box; width: 100%; padding: .5rem; font: inherit; border: 1px solid #6b7280; border-radius: 4px; }
button { margin: 1.5rem .75rem 0 0; padding: .5rem 1rem; font: inherit; font-weight: 600; color: #fff; background: #1d4ed8; border: 0; border-radius: 4px; }
button.quiet { color: #1f2937; background: #e5e7eb; }
button:focus-visible, input:focus-visible { outline: 3px solid #93c5fd; outline-offset: 2px; }
p.fault { color: #b91c1c; font-weight: 600; }
`;

/** No `form-action`: browsers apply it to the redirect that follows the form too, which goes to the client. */
export const contentSecurityPolicy = `default-src 'none'; style-src 'sha256-${hash('sha256', style, 'base64')}'; script-src 'none'; base-uri 'none'; frame-ancestors 'none'`;

/** For what the library renders: its self-submitting form adds the hash of its script to a `script-src` that is there. */
export const libraryContentSecurityPolicy = contentSecurityPolicy.replace("script-src 'none'", "script-src 'self'");

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(title)}</title><style>${style}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>${body}</main></body>
</html>
`;
}

export function signInPage(client: string, action: string, shown: { readonly email: string; readonly fault?: string }): string {
  return page(
    'Sign in',
    `${faultLine(shown.fault)}
<p>to continue to ${escapeHtml(client)}, which will learn your name, address and groups</p>
<form method="post" action="${escapeHtml(action)}">
<label for="email">E-mail address</label><input id="email" name="email" type="email" autocomplete="username" required value="${escapeHtml(shown.email)}">
<label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required>
<button name="do" value="signIn">Sign in</button><button class="quiet" name="do" value="cancel" formnovalidate>Cancel</button>
</form>`,
  );
}

export function newPasswordPage(action: string, shown: { readonly fault?: string }): string {
  return page(
    'Set a new password',
    `${faultLine(shown.fault)}
<p>Your password has expired. Choose another one to go on.</p>
<form method="post" action="${escapeHtml(action)}">
<label for="newPassword">New password</label><input id="newPassword" name="newPassword" type="password" autocomplete="new-password" minlength="8" required>
<button name="do" value="newPassword">Continue</button><button class="quiet" name="do" value="cancel" formnovalidate>Cancel</button>
</form>`,
  );
}

/** `enrol`: the secret for somebody who has no code generator. */
export function secondFactorPage(action: string, shown: { readonly fault?: string; readonly enrol?: string }): string {
  const how =
    shown.enrol === undefined
      ? '<p>Enter the six digits that your code generator shows now.</p>'
      : `<p>Put this key into a code generator, then enter the six digits that it shows:</p><p><code>${escapeHtml(shown.enrol)}</code></p>`;
  return page(
    'Second factor',
    `${faultLine(shown.fault)}
${how}
<form method="post" action="${escapeHtml(action)}">
<label for="code">Code</label><input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required>
<button name="do" value="code">Continue</button><button class="quiet" name="do" value="cancel" formnovalidate>Cancel</button>
</form>`,
  );
}

function faultLine(fault: string | undefined): string {
  return fault === undefined ? '' : `<p class="fault" role="alert">${escapeHtml(fault)}</p>`;
}

export function consentPage(client: string, action: string, scopes: readonly string[]): string {
  return page(
    `Continue to ${client}?`,
    `<p>It asks for:</p><ul>${scopes.map((scope) => `<li>${escapeHtml(scope)}</li>`).join('')}</ul>
<form method="post" action="${escapeHtml(action)}">
<button name="do" value="consent">Continue</button><button class="quiet" name="do" value="cancel">Cancel</button>
</form>`,
  );
}

/** `form` is the library's own, with id `op.logoutForm`. */
export function signOutPage(form: string): string {
  return page(
    'Sign out?',
    `${form}<button form="op.logoutForm" name="logout" value="yes">Sign out</button><button class="quiet" form="op.logoutForm">Stay signed in</button>`,
  );
}

export function signedOutPage(): string {
  return page('Signed out', '<p>You can close this page.</p>');
}

export function messagePage(title: string, text: string): string {
  return page(title, `<p>${escapeHtml(text)}</p>`);
}
