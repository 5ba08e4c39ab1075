import { explore } from './explore.ts';
import { scenarios } from './scenarios.ts';

for (const scenario of scenarios.slice(0, Number(process.argv[3] ?? 99))) {
  const t = performance.now();
  const { violation, ...rest } = await explore(scenario, {}, Number(process.argv[2] ?? 20000));
  console.log(scenario.name, rest, ((performance.now() - t) / 1000).toFixed(1));
  if (violation) console.log(violation.what, '\n  ' + violation.course.join('\n  '));
}
