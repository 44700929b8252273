/** The Provider's Database: it holds master secrets, and no code that could open a MIKEY message. */
import { systemClock } from '../../foundation/base/index.ts';
import { createProvider, createProviderClients } from '../../entity/provider/index.ts';
import { openRegisterStore, readTextFile } from '../../platform/index.ts';
import { readProviderConfig } from './config.ts';
import { openCustody } from './custody.ts';
import { observed } from './observed.ts';
import { releaseTools } from './release-tools.ts';
import { openRuntime, routesOf, type Emit, type RunningRole } from './runtime.ts';

export async function serve(configFile: string, emit: Emit): Promise<RunningRole> {
  const { config, at } = await readProviderConfig(configFile);
  const { role, policy } = config;
  const runtime = await openRuntime(role, role, config, at);
  try {
    const { custody, subscribers } = await openCustody(runtime, policy);
    const { gate, afterAnswer } = releaseTools(runtime, config);
    const opening = createProvider({
      custody,
      gate,
      trust: runtime.trust,
      clock: systemClock,
      pseudonym: runtime.pseudonym,
      kmsRoots: await Promise.all(config.kmsAuthorities.map((file) => readTextFile(at(file)))),
      requireKmsStatement: policy.requireKmsStatement,
    });
    const { provisioning, clients } = createProviderClients({
      subscribers,
      register: await openRegisterStore(runtime.state, runtime.pseudonym),
      record: (body) => runtime.log.append({ ...body, time: Math.floor(systemClock() / 1000) }),
      pseudonym: runtime.pseudonym,
    });
    const ports = {
      open: await runtime.listen(config.open, [
        ...routesOf(observed(role, [opening], emit), afterAnswer),
        ...routesOf(runtime.common),
      ]),
      provisioning: await runtime.listen(config.provisioning, routesOf(provisioning)),
      ...(config.clients === undefined
        ? {}
        : { clients: await runtime.listen(config.clients, routesOf(observed(role, clients, emit, 'issued'))) }),
    };
    return { role, ports, exitWithParent: config.exitWithParent, close: () => runtime.close() };
  } catch (error) {
    await runtime.close();
    throw error;
  }
}
