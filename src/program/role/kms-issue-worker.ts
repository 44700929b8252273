/** A thread of `halfkey kms issue`: gets a copy of s in its start message, makes keys, seals them. */
import { fromBase64, Secret } from '../../foundation/base/index.ts';
import { decodePublicParameters } from '../../crypto/ibe/index.ts';
import { createBulkKeyMaker, type BulkOrder, type BulkSubscriber } from '../../entity/kms/index.ts';
import { serveTasks } from '../../platform/index.ts';

export interface IssueWorkerStart {
  readonly order: BulkOrder;
  /** DER BFPublicParameters, base64. */
  readonly parameters: string;
  /** Octets of s: the thread's alone. */
  readonly masterSecret: Uint8Array;
}

serveTasks<readonly BulkSubscriber[], string[]>((start) => {
  const { order, parameters, masterSecret } = start as IssueWorkerStart;
  const params = decodePublicParameters(fromBase64(parameters));
  const maker = createBulkKeyMaker(order, params, new Secret('IbeMasterSecret', masterSecret));
  return {
    run: (subscribers) => maker.make(subscribers),
    close: () => {
      maker.close();
    },
  };
});
