/** The Provider's Database: it holds master secrets, and no code that could open a MIKEY message. */
import { systemClock } from '../../foundation/base/index.ts';
import { createProvider } from '../../entity/provider/index.ts';
import { subscriberHandlers } from '../../contract/provisioning/index.ts';
import { readTextFile } from '../../platform/index.ts';
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
    const { custody, subscribers } = await openCustody(runtime, policy.allowUnboundNonces);
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
    const ports = {
      open: await runtime.listen(config.open, [
        ...routesOf(observed(role, [opening], emit), afterAnswer),
        ...routesOf(runtime.common),
      ]),
      provisioning: await runtime.listen(config.provisioning, routesOf(subscriberHandlers(subscribers))),
    };
    return { role, ports, exitWithParent: config.exitWithParent, close: () => runtime.close() };
  } catch (error) {
    await runtime.close();
    throw error;
  }
}
