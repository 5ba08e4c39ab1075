/** What the service counts of itself, for Prometheus. Labels are ids of the configuration, routes and codes: never people. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics(read: { readonly ledgerWaiting: () => Promise<number>; readonly undecided: () => Promise<number> }) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'rescind_' });
  const registers = [registry];
  const answers = new Histogram({
    name: 'rescind_http_request_seconds',
    help: 'Answers by route and status',
    labelNames: ['route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 3],
    registers,
  });
  const rejected = new Counter({
    name: 'rescind_signals_rejected_total',
    help: 'Bodies refused at a door',
    labelNames: ['source', 'code'],
    registers,
  });
  const acknowledged = new Counter({
    name: 'rescind_signals_acknowledged_total',
    help: 'Events acknowledged without a signal',
    labelNames: ['source', 'reason'],
    registers,
  });
  const noted = new Counter({
    name: 'rescind_signals_noted_total',
    help: 'Leniencies and oddities that a sender needed',
    labelNames: ['source', 'note'],
    registers,
  });
  const finished = new Counter({
    name: 'rescind_plans_finished_total',
    help: 'Plans by how they ended',
    labelNames: ['connection', 'state'],
    registers,
  });
  const gauge = (name: string, help: string, value: () => Promise<number>) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await value().catch(() => Number.NaN));
      },
    });
  gauge('rescind_ledger_waiting', 'Entries that wait for their place in the log', read.ledgerWaiting);
  gauge('rescind_signals_undecided', 'Signals that are stored and not decided', read.undecided);
  return {
    answered: (route: string, status: number, elapsedMs: number) => answers.observe({ route, status: String(status) }, elapsedMs / 1000),
    rejected: (source: string, code: string) => rejected.inc({ source, code }),
    acknowledged: (source: string, reason: string) => acknowledged.inc({ source, reason }),
    noted: (source: string, note: string) => noted.inc({ source, note }),
    planFinished: (connection: string, state: string) => finished.inc({ connection, state }),
    render: async () => ({ text: await registry.metrics(), type: registry.contentType }),
  };
}
