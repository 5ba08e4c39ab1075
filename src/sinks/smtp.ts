/** Telling by mail: one message over one connection. What the server will never take is final; anything else is tried again. */
import { createTransport } from 'nodemailer';
import type { OpenSocket } from '../adapters/guarded-socket.ts';
import type { Clock } from '../model/clock.ts';
import type { Delivery, Sink } from './contract.ts';

/** `starttls` is demanded, not offered; `none` is for a server on this machine. */
export type SmtpSecurity = 'starttls' | 'tls' | 'none';

export interface SmtpParts {
  readonly host: string;
  readonly port: number;
  readonly security: SmtpSecurity;
  /** With it the server must offer to sign in. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly from: string;
  readonly to: readonly string[];
  readonly open: OpenSocket;
  readonly clock: Clock;
  /** PEM certificates to trust instead of the platform's. */
  readonly ca?: string;
}

const timeoutMs = 30_000;
/** Our own deadline comes first; the library's is for a clock that stands still. */
const libraryTimeoutMs = 2 * timeoutMs;
/** RFC 7504: there is no mail at this host, or none for this domain, ever. */
const noMailEver: ReadonlySet<number> = new Set([521, 556]);

export function createSmtp(parts: SmtpParts): Sink {
  const { security, from, clock } = parts;
  return {
    async deliver(message, signal) {
      const deadline = new AbortController();
      const timer = clock.after(timeoutMs, () => deadline.abort());
      const ended = AbortSignal.any([signal, deadline.signal]);
      try {
        // Where one of several takes it, it is told: a repeat would reach that one again.
        await transportOf(parts, ended).sendMail({
          from,
          to: [...parts.to],
          subject: message.subject,
          text: message.text,
          date: new Date(message.at),
          messageId: `<${message.id}@${from.slice(from.lastIndexOf('@') + 1)}>`,
          headers: { 'Auto-Submitted': 'auto-generated' },
          ...(message.page ? { priority: 'high' as const } : {}),
          signal: ended,
        });
        return { kind: 'delivered' };
      } catch (error) {
        return deadline.signal.aborted ? { kind: 'failed', code: 'timeout' } : failureOf(error as MailError, security);
      } finally {
        timer.cancel();
      }
    },
  };
}

/** One a message: a connection is not kept, so nothing of an attempt outlives it. */
function transportOf({ host, port, security, user, password, open, ca }: SmtpParts, signal: AbortSignal) {
  return createTransport({
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    tls: { minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) },
    ...(user === undefined ? {} : { auth: { user, pass: password ?? '' }, forceAuth: true }),
    getSocket(_options, callback) {
      open({ host, port, plain: security === 'none' }, signal).then((connection) => callback(null, { connection }), callback);
    },
    connectionTimeout: libraryTimeoutMs,
    greetingTimeout: libraryTimeoutMs,
    socketTimeout: libraryTimeoutMs,
    socketCloseTimeout: 0,
    maxResponseSize: 64 * 1024,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

interface MailError extends Error {
  readonly code?: string;
  readonly responseCode?: number;
}

/** A code of ours or of the server, never its words: they may name people. */
function failureOf({ code = '', responseCode }: MailError, security: SmtpSecurity): Delivery {
  if (responseCode !== undefined) {
    if (noMailEver.has(responseCode)) return { kind: 'gone' };
    if (code === 'ETLS') return { kind: 'failed', code: 'tls' };
    // What stands in the way of signing in or of the connection may be mended.
    const final = responseCode >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE');
    return { kind: final ? 'refused' : 'failed', code: `smtp.${responseCode}` };
  }
  return { kind: 'failed', code: codeOf(code, security) };
}

function codeOf(code: string, security: SmtpSecurity): string {
  if (code === 'addressForbidden') return code;
  if (code === 'EABORT') return 'aborted';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'ENODATA') return 'dns';
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'ETIMEDOUT') return 'timeout';
  if (code === 'EAUTH' || code === 'ENOAUTH') return 'auth';
  if (security !== 'none' && (code === 'ETLS' || code === 'ESOCKET')) return 'tls';
  return 'connection';
}
