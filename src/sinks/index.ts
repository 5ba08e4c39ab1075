export type { Delivery, Message, Sink } from './contract.ts';
export { maxAttempts, waitAfter } from './schedule.ts';
export { keyOfSecret, signatureHeaders } from './signature.ts';
export { createSmtp, type SmtpSecurity } from './smtp.ts';
export { createWebhook } from './webhook.ts';
