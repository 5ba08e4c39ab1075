/** What the service counts of itself, for Prometheus. Labels are ids of the configuration, routes and codes: never people. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics(counts: { readonly ledgerWaiting: () => Promise<number>; readonly undecided: () => Promise<number> }) {
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
  const read = new Counter({
    name: 'rescind_provider_events_total',
    help: "Events of a provider's own, by what came of them: a signal, a confirmation, or why nothing",
    labelNames: ['connection', 'way', 'reading'],
    registers,
  });
  const brought = new Counter({
    name: 'rescind_provider_signals_brought_total',
    help: 'Signals by the way that brought them first',
    labelNames: ['connection', 'way'],
    registers,
  });
  const droppedMarks = new Counter({
    name: 'rescind_marks_dropped_total',
    help: 'Reported remediations that do not count: a class that the connection may not report, or a need that is not met',
    labelNames: ['connection', 'reason'],
    registers,
  });
  const confirmed = new Counter({
    name: 'rescind_confirmations_total',
    help: 'Deeds with our credential by whether an action of ours explains them',
    labelNames: ['connection', 'explained'],
    registers,
  });
  const alarms = new Counter({
    name: 'rescind_feed_alarms_total',
    help: "Alarms about a connection's events, each time that one is told",
    labelNames: ['connection', 'code'],
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
  gauge('rescind_ledger_waiting', 'Entries that wait for their place in the log', counts.ledgerWaiting);
  gauge('rescind_signals_undecided', 'Signals that are stored and not decided', counts.undecided);
  return {
    answered: (route: string, status: number, elapsedMs: number) => answers.observe({ route, status: String(status) }, elapsedMs / 1000),
    rejected: (source: string, code: string) => rejected.inc({ source, code }),
    acknowledged: (source: string, reason: string) => acknowledged.inc({ source, reason }),
    noted: (source: string, note: string) => noted.inc({ source, note }),
    eventsRead: (connection: string, way: string, reading: string, events: number) => read.inc({ connection, way, reading }, events),
    signalsBrought: (connection: string, way: string, signals: number) => brought.inc({ connection, way }, signals),
    marksDropped: (connection: string, reason: string, marks: number) => droppedMarks.inc({ connection, reason }, marks),
    confirmed: (connection: string, explained: boolean) => confirmed.inc({ connection, explained: String(explained) }),
    alarmed: (connection: string, code: string) => alarms.inc({ connection, code }),
    planFinished: (connection: string, state: string) => finished.inc({ connection, state }),
    render: async () => ({ text: await registry.metrics(), type: registry.contentType }),
  };
}
