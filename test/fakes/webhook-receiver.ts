/** A receiver of Standard Webhooks over real HTTP: checks each signature by itself, and is as faulty as it is told to be. */
import { createHmac } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { wrongCertificate } from './wrong-certificate.ts';

export interface ReceivedWebhook {
  readonly id: string;
  /** Which of the receiver's secrets one of its signatures fits; undefined for none. */
  readonly signedBy: string | undefined;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly timestamp: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface WebhookReceiver {
  readonly url: string;
  readonly received: readonly ReceivedWebhook[];
  /** What it answers from now on; `hang`: nothing. */
  answer: number | 'hang';
  /** Headers beside the status. */
  headers: Readonly<Record<string, string>>;
  /** Resolves once it has got so many. */
  got(count: number): Promise<void>;
  close(): Promise<void>;
}

export async function startWebhookReceiver(
  secrets: readonly string[],
  { untrusted = false, port = 0 }: { readonly untrusted?: boolean; readonly port?: number } = {},
): Promise<WebhookReceiver> {
  const received: ReceivedWebhook[] = [];
  const waiting = new Set<{ readonly count: number; readonly resolve: () => void }>();
  const hanging = new Set<ServerResponse>();

  const take = (headers: ReceivedWebhook['headers'], body: string) => {
    const [id, timestamp] = [String(headers['webhook-id']), String(headers['webhook-timestamp'])];
    const offered = String(headers['webhook-signature']).split(' ');
    const signedBy = secrets.find((secret) => {
      const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
      return offered.includes(`v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`);
    });
    const { type, data } = JSON.parse(body) as Pick<ReceivedWebhook, 'type' | 'data'>;
    received.push({ id, signedBy, type, data, timestamp, headers });
    for (const one of waiting) if (received.length >= one.count) one.resolve();
  };
  const onRequest: Parameters<typeof createServer>[1] = (request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      take(request.headers, body);
      if (receiver.answer === 'hang') hanging.add(response);
      else response.writeHead(receiver.answer, receiver.headers).end();
    });
  };
  const server: Server = untrusted ? createSecureServer(wrongCertificate, onRequest) : createServer(onRequest);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const receiver: WebhookReceiver = {
    url: `${untrusted ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}/told`,
    received,
    answer: 204,
    headers: {},
    got: (count) =>
      new Promise((resolve) => {
        if (received.length >= count) resolve();
        else waiting.add({ count, resolve });
      }),
    async close() {
      for (const response of hanging) response.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}
